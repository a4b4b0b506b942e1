"""Accidents that happen to users, one a row, and what holds for every one."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.command import (
    ANSWERS,
    Done,
    small_predictions,
    small_votes,
    write,
    write_tree,
)

OLD = b"the scores of yesterday"


def put(**files: Any) -> Callable[[Path], None]:
    """Replaces p or v: bytes as they are, a dict by columns that change the small table's."""

    def prepare(folder: Path) -> None:
        for name, content in files.items():
            path = folder / f"{name}.parquet"
            if isinstance(content, dict):
                original = small_predictions() if name == "p" else small_votes()
                columns = original | content
                table = {key: value for key, value in columns.items() if value is not None}
                write(path, table)
            else:
                path.unlink()
                path.write_bytes(content)

    return prepare


def tree(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "tree.yaml").write_text(text) and None


def classes(rows: list[list[float]], labels: list[Any]) -> Callable[[Path], None]:
    """Predictions and labels for cross-entropy instead of a tree's."""

    def prepare(folder: Path) -> None:
        ids = [f"g{row}" for row in range(len(rows))]
        columns = dict(zip(("spiral", "elliptical"), zip(*rows, strict=True), strict=True))
        write(folder / "p.parquet", {"id": ids} | {k: list(v) for k, v in columns.items()})
        write(folder / "v.parquet", {"id": ids, "label": labels})

    return prepare


def rows(values: list[Any]) -> dict[str, Any]:
    return {"bar_yes": values}


@dataclass(frozen=True)
class Accident:
    """What `prepare` does to good files, the command's tail, and how it must end."""

    what: str
    prepare: Callable[[Path], Any]
    code: int
    words: tuple[str, ...]
    command: str = "p.parquet v.parquet -s tree.yaml"


def nothing(folder: Path) -> None:
    del folder


CE = "p.parquet v.parquet --loss ce"
SOFTMAX = [[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]]
LOGITS = [[2.5, -1.0], [0.0, 3.0], [1.0, 1.0]]
PAIRS = "question_answer_pairs:\n  shape: [_smooth, _disk, _artifact]\n  bar: [{}]\n"
DEPENDENCIES = "dependencies:\n  shape: {}\n  bar: {}\n"
GOOD_TREE = PAIRS.format("_yes, _no") + DEPENDENCIES

ACCIDENTS = [
    # Files
    Accident("missing file", nothing, 3, ("no file 'q.parquet'",), "q.parquet v.parquet"),
    Accident("missing votes", nothing, 3, ("no file 'w.csv'",), "p.parquet w.csv"),
    Accident("a directory", lambda f: (f / "d").mkdir(), 3, ("'d'", "directory"), "d v.parquet"),
    Accident("empty file", put(p=b""), 3, ("p.parquet is empty",)),
    Accident("text named .parquet", put(v=b"id,bar_yes\na,1\n"), 3, ("v.parquet", "Parquet")),
    Accident("not a gzip", put(p=b"\x1f\x8b but no gzip"), 3, ("p.csv.gz",), "p.csv.gz v.parquet"),
    Accident("only a header", put(), 3, ("no rows",), "header.csv v.parquet -s tree.yaml"),
    Accident("no rows of votes", put(), 3, ("no rows",), "p.parquet header.csv -s tree.yaml"),
    Accident("zero bytes", put(), 3, ("zeros.csv",), "zeros.csv v.parquet -s tree.yaml"),
    Accident("a torn line", put(), 3, ("torn.csv", "line 3"), "torn.csv v.parquet -s tree.yaml"),
    Accident("conflict markers", put(), 3, ("git.csv",), "git.csv v.parquet -s tree.yaml"),
    Accident("a remote address", nothing, 3, ("remote", "Copy"), "https://x.org/p v.parquet"),
    # Ids
    Accident("no id column", put(p={"id": None, "x": [1, 2, 3]}), 3, ("No id column", "--id")),
    Accident("no such id", nothing, 3, ("'dr8'", "p.parquet"), "p.parquet v.parquet --id dr8"),
    Accident("repeated predictions", put(p={"id": ["a", "b", "a"]}), 3, ("1 id", "'a'", "drop")),
    Accident("repeated votes", put(v={"id": ["c", "c", "c"]}), 3, ("1 id", "'c'", "drop")),
    Accident("nothing in common", put(v={"id": ["x", "y", "z"]}), 3, ("No galaxy", "'a'", "'x'")),
    Accident("an id is missing", put(v={"id": ["a", None, "c"]}), 3, ("'id'", "row 2")),
    Accident("float ids of 19 digits", put(v={"id": [1e18, 2.0, 3.0]}), 3, ("floats", "digits")),
    Accident("float ids with parts", put(p={"id": [1.5, 2.0, 3.0]}), 3, ("floats", "1.5")),
    Accident("ids of dates", put(p={"id": pa.array([1, 2, 3], pa.date32())}), 3, ("date32",)),
    Accident(
        "unmatched galaxies are forbidden",
        put(v={"id": ["a", "b", "x"]}),
        3,
        ("1 row", "'c'", "--require-all"),
        "p.parquet v.parquet -s tree.yaml --require-all",
    ),
    # Columns
    Accident("a missing answer", put(v={"bar_no": None}), 3, ("v.parquet", "'bar_no'")),
    Accident(
        "a repeated column", put(), 3, ("twice.csv", "'bar_no'"), "twice.csv v.parquet -s tree.yaml"
    ),
    Accident("no schema fits", nothing, 3, ("schema",), "p.parquet v.parquet"),
    Accident("--keep", nothing, 3, ("'z'", "--keep"), "p.parquet v.parquet -s tree.yaml --keep z"),
    Accident(
        "--keep loss twice",
        put(p={"loss": [1, 2, 3]}),
        2,
        ("'loss'",),
        "p.parquet v.parquet -s tree.yaml --keep loss",
    ),
    # Votes
    Accident("text votes", put(v=rows(["1", "x", "2"])), 3, ("'bar_yes'", "'x'", "1 of its")),
    Accident(
        "negative votes",
        put(v=rows([1, -1, -2])),
        3,
        ("2 galaxies", "'b', 'c'"),
    ),
    Accident("fractional votes", put(v=rows([0.5, 1, 2])), 3, ("whole", "round", "'a'")),
    Accident("partly missing", put(v=rows([None, 1, 2])), 3, ("'bar'", "'a'", "zero")),
    Accident("infinite votes", put(v=rows([math.inf, 1, 2])), 3, ("infinite", "'a'")),
    Accident("too many votes", put(v=rows([2**31, 1, 2])), 3, ("2,147,483,647", "'a'")),
    Accident("a total too large", put(v=rows([2**31 - 4, 1, 2])), 3, ("totals", "'bar'", "'a'")),
    Accident("true and false votes", put(v=rows([True, False, True])), 3, ("'bar_yes'", "bool")),
    # Concentrations
    Accident("NaN", put(p=rows([math.nan, 1.0, 2.0])), 3, ("NaN", "'bar_yes'", "'a'", "null")),
    Accident("null", put(p=rows([None, 1.0, 2.0])), 3, ("NaN", "'bar_yes'", "'a'", "null")),
    Accident("infinity", put(p=rows([1.0, math.inf, 2.0])), 3, ("infinite", "'b'")),
    Accident("zero", put(p=rows([1.0, 2.0, 0.0])), 3, ("zero", "'c'")),
    Accident(
        "negative",
        put(p=rows([-1.0, -2.0, 1.0])),
        3,
        ("2 galaxies with conc", "negative", "'a', 'b'"),
    ),
    Accident(
        "the sum overflows", put(p={"bar_yes": [1e308] * 3, "bar_no": [1e308] * 3}), 3, ("'bar'",)
    ),
    Accident("text", put(p=rows(["1", "[4.5]", "2"])), 3, ("'bar_yes'", "1 of its", "'[4.5]'")),
    Accident(
        "no lists", put(p=rows(["[4.5]", "1", "2"])), 3, ("'bar_yes'", "2 of its", "'1', '2'")
    ),
    Accident("ragged", put(p=rows([[1.0], [2.0, 3.0], [3.0]])), 3, ("'bar_yes'", "'b'", "passes")),
    Accident("no passes", put(p=rows([[], [2.0], [3.0]])), 3, ("first list", "empty")),
    Accident("votes as lists", put(v=rows([[1.0], [2.0], [3.0]])), 3, ("'bar_yes'", "list")),
    # Cross-entropy, mse and l1
    Accident("probabilities", classes(SOFTMAX, [0, 1, 0]), 3, ("--scale",), CE),
    Accident(
        "not probabilities",
        classes(LOGITS, [0, 1, 0]),
        3,
        ("3 galaxies", "sum 1"),
        CE + " --scale probabilities",
    ),
    Accident(
        "a probability of 0",
        classes(SOFTMAX, [0, 1, 1]),
        3,
        ("infinite loss", "'g2'"),
        CE + " --scale probabilities",
    ),
    Accident(
        "unknown labels", classes(LOGITS, ["spiral", "x", "x"]), 3, ("2 galaxies", "'g1 (x)'"), CE
    ),
    Accident("a label too high", classes(LOGITS, [0, 1, 2]), 3, ("1 galaxy", "'g2 (2)'"), CE),
    Accident("no such label", classes(LOGITS, [0, 1, 1]), 3, ("'truth'",), CE + " --label truth"),
    Accident(
        "two labels", classes(LOGITS, [0, 1, 1]), 2, ("one --label",), CE + " --label a --label b"
    ),
    Accident(
        "one class",
        classes(LOGITS, [0, 1, 1]),
        3,
        ("one column for two",),
        CE + " --prediction spiral",
    ),
    Accident("NaN logits", classes([[math.nan, 1.0]], [0]), 3, ("NaN", "'g0'"), CE),
    Accident(
        "weights",
        classes(LOGITS, [0, 1, 1]),
        2,
        ("3 numbers", "2 classes"),
        CE + " --class-weights 1,2,3",
    ),
    Accident(
        "weights of 0", classes(LOGITS, [0, 1, 1]), 2, ("above 0",), CE + " --class-weights 0,1"
    ),
    Accident(
        "weights of text", classes(LOGITS, [0, 1, 1]), 2, ("'1,x'",), CE + " --class-weights 1,x"
    ),
    Accident(
        "smoothing",
        classes(LOGITS, [0, 1, 1]),
        2,
        ("--label-smoothing",),
        CE + " --label-smoothing 1.5",
    ),
    Accident("ce and a tree", classes(LOGITS, [0, 1, 1]), 2, ("--schema",), CE + " -s desi"),
    Accident(
        "unpaired targets",
        classes(LOGITS, [0.5, 1, 1]),
        2,
        ("1 labels", "2 columns"),
        "p.parquet v.parquet --loss mse",
    ),
    Accident(
        "text for mse",
        classes(LOGITS, ["a", "b", "c"]),
        3,
        ("'label'", "'a'"),
        "p.parquet v.parquet --loss mse --prediction spiral",
    ),
    Accident(
        "an infinite target",
        classes(LOGITS, [math.inf, 1.0, 1.0]),
        3,
        ("infinite", "'g0'"),
        "p.parquet v.parquet --loss l1 --prediction spiral",
    ),
    # Schemas
    Accident("no schema file", nothing, 3, ("x.yaml",), "p.parquet v.parquet -s x.yaml"),
    Accident("unquoted yes and no", tree(PAIRS.format("yes, no")), 3, ("tree.yaml", "quote")),
    Accident(
        "repeated keys",
        tree(GOOD_TREE.format("null", "null") + "  bar: shape_disk\n"),
        3,
        ("'bar'", "second time"),
    ),
    Accident(
        "a cycle", tree(GOOD_TREE.format("bar_no", "shape_disk")), 3, ("circle", "'shape' -> 'bar'")
    ),
    Accident("an unknown parent", tree(GOOD_TREE.format("null", "shape_bar")), 3, ("shape_bar",)),
    Accident("not YAML", tree("a: [b"), 3, ("tree.yaml", "YAML")),
    # Usage
    Accident(
        "an unknown schema",
        nothing,
        2,
        ("'decals-dr5'", "decals-dr5-ortho"),
        "p.parquet v.parquet -s decals-dr5",
    ),
    Accident(
        "an unknown loss",
        nothing,
        2,
        ("'dirichelt'", "dirichlet"),
        "p.parquet v.parquet -s tree.yaml --loss dirichelt",
    ),
    Accident("an unknown option", nothing, 2, ("--shcema",), "p.parquet v.parquet --shcema desi"),
    Accident(
        "an unknown choice",
        nothing,
        2,
        ("--on-invalid", "ignore"),
        "p.parquet v.parquet --on-invalid ignore",
    ),
    Accident("one table", nothing, 2, ("at least two tables",), "p.parquet"),
    Accident(
        "--backend", classes(LOGITS, [0, 1, 0]), 2, ("cross-entropy",), CE + " --backend numba"
    ),
    Accident("a device", nothing, 2, ("'tpu'",), "p.parquet v.parquet -s tree.yaml --device tpu"),
    Accident(
        "numba elsewhere",
        nothing,
        2,
        ("CPU only",),
        "p.parquet v.parquet -s tree.yaml --device cuda --backend numba",
    ),
    Accident("batches", nothing, 2, ("--batch-size",), "p.parquet v.parquet --batch-size 0"),
    Accident("threads", nothing, 2, ("--threads",), "p.parquet v.parquet --threads 0"),
    Accident("an amount", nothing, 2, ("'4apples'",), "p.parquet v.parquet --memory-limit 4apples"),
    # The machine
    Accident(
        "too little memory",
        nothing,
        4,
        ("--memory-limit",),
        "p.parquet v.parquet -s tree.yaml --memory-limit 100MB",
    ),
]


HEADER = ",".join(["id", *ANSWERS])
OTHER_FILES = {
    "header.csv": HEADER + "\n",
    "torn.csv": f"{HEADER}\na,1,1,1,1,1\nb,1,1\nc,1,1,1,1,1\n",
    "git.csv": f"{HEADER}\n<<<<<<< HEAD\na,1,1,1,1,1\n=======\nb,1,1,1,1,1\n>>>>>>> other\n",
    "twice.csv": f"{HEADER},bar_no\na,1,1,1,1,1,1\n",
    "zeros.csv": "\0" * 64,
    "p.csv.gz": "not gzipped: see below",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Good files, an old output, and a temporary folder of its own; the current folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(folder)
    write_tree(folder)
    write(folder / "p.parquet", small_predictions())
    write(folder / "v.parquet", small_votes())
    for name, text in OTHER_FILES.items():
        (folder / name).write_text(text)
    (folder / "p.csv.gz").write_bytes(b"\x1f\x8b but not gzipped")
    (folder / "old.parquet").write_bytes(OLD)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def assert_refused(done: Done, code: int, words: tuple[str, ...]) -> None:
    """One short paragraph, the words in it, and nothing on stdout."""
    assert (done.code, done.binary) == (code, b""), done.err
    assert done.err.startswith("zoocli: error: ") and done.err.count("\n") == 1
    assert len(done.err) < 700 and "Traceback" not in done.err
    for word in words:
        assert word in done.err
