"""Schemas and summaries that no one would write by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.accidents.common import GOOD, HOSTILE, assert_one_paragraph, contents
from tests.command import (
    done_well,
    read,
    run,
    write,
)
from zoocli.report.formats import FORMATS

# Schema files that no one would write by hand.

TREES = "question_answer_pairs: {{q: {}}}\ndependencies: {{q: null}}\n"
SCHEMAS: dict[str, str | bytes] = {
    "10 MB of comments": "#" * 10**7,
    "10 MB of questions": "question_answer_pairs:\n" + "  q: [_a, _b]\n" * 700_000,
    "a million answers": TREES.format([f"_{n}" for n in range(10**6)]),
    "as many as fit": TREES.format([f"_{n:x}" for n in range(100_000)]).replace("'", ""),
    "a bomb": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
    "an anchor that holds itself": "a: &a [*a]\n",
    "an object": "!!python/object/apply:os.system ['touch pwned']\n",
    "an object inside": "question_answer_pairs: !!python/object/new:os.system ['touch pwned']\n",
    "a module": "a: !!python/module:antigravity\n",
    "a tag of its own": "%TAG ! tag:x,2000:\n--- !foo bar\n",
    "a tag of 900 kB": "!" * 900_000,
    "a set": "!!map {question_answer_pairs: !!set {a, b}}\n",
    "a merged mapping": "<<: {a: b}\n",
    "two documents": "a: b\n---\nc: d\n",
    "deep lists": "[" * 100_000,
    "deep mappings": "{a: " * 100_000,
    "deep indentation": "".join(" " * n + "a:\n" for n in range(1_000)),
    "deep dashes": "- " * 100_000,
    "a huge number": "1" * 900_000,
    "a huge number for a key": f"? {'1' * 900_000}\n: x\n",
    "a huge time": "a: 1" + ":1" * 300_000,
    "many items": "-\n" * 100_000,
    "zero bytes": b"\0" * 100,
    "bytes of anything": bytes(range(256)) * 40,
    "half a character": '"\\ud800": a\n',
    "a key that is a list": "? [a]\n: b\n",
    "escapes in a key": '"\\e[2J\\u202e": a\n',
    "escapes in a title": 'title: "\\e[2J\\u202e"\n' + TREES.format("[_a, _b]"),
    "escapes in a question": '{question_answer_pairs: {"q\\e[2J": [_a, _b]}, dependencies: {}}',
    "a direction in an answer": TREES.format('["_a\\u202e", _b]'),
    "line ends in an answer": TREES.format('["_a\\n", _b]'),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_hostile_schema(folder: Path, name: str) -> None:
    content = SCHEMAS[name]
    (folder / "s.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    before = contents(folder)
    start = time.process_time()
    done = run("schema", "check", "s.yaml")
    assert time.process_time() - start < 10
    assert (done.code, done.out) == (3, "")
    assert_one_paragraph(done.err)
    assert run("score", *GOOD[:2], "-s", "s.yaml").err == done.err
    assert contents(folder) == before


def test_a_schema_of_endless_bytes() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("needs /dev/zero")
    for command in (("schema", "check"), ("merge",)):
        done = run(*command, "/dev/zero")
        assert done.code == 3 and "bytes" in done.err
        assert_one_paragraph(done.err)


# Summaries in JSON that zoocli has not written.


def replaced(*path: str, by: Any) -> Callable[[str], str]:
    """A change of one value of the summary."""

    def change(text: str) -> str:
        content = json.loads(text)
        inner = content
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = by
        return json.dumps(content)

    return change


SUMMARIES: dict[str, tuple[Callable[[str], str], str]] = {
    "deep lists": (lambda text: "[" * 100_000, "is not JSON"),
    "deep mappings": (lambda text: '{"a":' * 100_000, "nested too deeply"),
    "deep settings": (
        lambda text: text.replace('"settings": {', f'"settings": {{"x": {"[" * 99}{"]" * 99}, '),
        "nested too deeply",
    ),
    "a key twice": (
        lambda text: text.replace('"loss":', '"loss": "mse", "loss":', 1),
        "'loss' stands twice",
    ),
    "NaN": (replaced("settings", "scale", by=float("nan")), "NaN is no JSON"),
    "infinity": (replaced("overall", "sum", by=float("inf")), "Infinity is no JSON"),
    "beyond float64": (
        lambda text: text.replace('"sum": ', '"sum": 1e400, "x": ', 1),
        "beyond the range",
    ),
    "a huge whole number": (replaced("matching", "matched", by=10**400), "401 digits"),
    "a huge number of digits": (
        lambda text: text.replace('"votes_rows": 3', f'"votes_rows": {"9" * 9_999}'),
        "9,999 digits",
    ),
    "negative votes": (replaced("overall", "votes", by=-5), "not a zoocli summary"),
    "settings that are a list": (replaced("settings", by=[1]), "not a zoocli summary"),
    "zero bytes": (lambda text: "\0" * 99, "is not JSON"),
}


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_hostile_summary(folder: Path, name: str) -> None:
    change, said = SUMMARIES[name]
    done_well("score", *GOOD, "--summary", "good.json")
    Path("bad.json").write_text(change(Path("good.json").read_text()))
    for command in ("summarize", "merge"):
        for sources in (["bad.json"], ["good.json", "bad.json"]):
            done = run(command, *sources)
            assert (done.code, done.out) == (3, "")
            assert_one_paragraph(done.err)
            assert said in done.err


def test_a_billion_shards(folder: Path) -> None:
    done_well("score", *GOOD, "--summary", "good.json")
    text = replaced("shard", by="2/999999999")(Path("good.json").read_text())
    Path("bad.json").write_text(text)
    done = run("merge", "bad.json")
    assert done.code == 3
    assert "999,999,998 of 999,999,999 shards are missing: '1', '3', '4', '5', '6'" in done.err


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_texts_in_a_summary_are_shown_harmless(folder: Path, text: str) -> None:
    done_well("score", *GOOD, "--summary", "good.json")
    content = json.loads(Path("good.json").read_text())
    content |= {"schema": text, "version": text, "questions": {text: content["questions"]["bar"]}}
    Path("bad.json").write_text(json.dumps(content))
    for format in FORMATS:
        done = done_well("summarize", "bad.json", "-f", format)
        assert all(line.isprintable() for line in done.out.split("\n"))
    done = run("merge", "good.json", "bad.json")
    assert done.code == 3
    assert_one_paragraph(done.err)


@pytest.mark.parametrize("text", ['{"a": ' * 5_000, '{"a": 1, "a": 1}', '{"a": NaN}', "\0"])
def test_hostile_metadata_are_no_metadata(folder: Path, text: str) -> None:
    done_well("score", *GOOD, "-o", "scores.parquet")
    table = read(folder / "scores.parquet").replace_schema_metadata({"zoocli": text})
    write(folder / "scores.parquet", table)
    assert "carries no settings" in done_well("summarize", "scores.parquet").err


def test_a_small_file_that_claims_a_billion_labels(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "p.hdf5", "w") as file:
        file["predictions"] = np.ones((3, 2))
        file["id_str"] = [b"a", b"b", b"c"]
        file.create_dataset("label_cols", shape=(10**9,), dtype="S10", chunks=(1000,))
    done = run("score", tmp_path / "p.hdf5", tmp_path / "p.hdf5")
    assert done.code == 3 and "do not fit together" in done.err


def test_a_long_chain_of_questions_is_drawn(tmp_path: Path) -> None:
    pairs = "".join(f"  q{n}: [_a, _b]\n" for n in range(2000))
    after = "".join(f"  q{n}: {f'q{n - 1}_a' if n else 'null'}\n" for n in range(2000))
    tree = tmp_path / "tree.yaml"
    tree.write_text(f"question_answer_pairs:\n{pairs}dependencies:\n{after}")
    shown = done_well("schema", "show", tree).out
    assert all(f"q{n}" in shown for n in range(2000)) and len(shown) < 10**6
    assert "q20 (after q19_a)" in shown


def test_thousands_of_classes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    ids = {"id_str": [f"g{n}" for n in range(50)]}
    logits = ids | {f"c{n}": random.normal(size=50) for n in range(1500)}
    write(tmp_path / "p.parquet", logits)
    write(tmp_path / "v.parquet", ids | {"label": [f"c{7 * n}" for n in range(50)]})
    options = ("-l", "ce", "--scale", "logits")
    shown = done_well("evaluate", tmp_path / "p.parquet", tmp_path / "v.parquet", *options).out
    assert "1500 classes" in shown and "--format json has the confusion matrix" in shown
