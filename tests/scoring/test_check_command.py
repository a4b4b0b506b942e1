"""`zoocli check`: everything at once, the verdict of `zoocli score`, and nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.accidents.bad_input import ACCIDENTS, Accident, contents, folder
from tests.command import TREE, run, write

__all__ = ["folder"]

GOOD = {
    "id": ["a", "b", "c"],
    "shape_smooth": [1.0, 2.0, 3.0],
    "shape_disk": [4.0, 5.0, 6.0],
    "shape_artifact": [1.0, 1.0, 1.0],
    "bar_yes": [2.0, 2.0, 2.0],
    "bar_no": [3.0, 3.0, 3.0],
}
VOTES = {
    "id": ["a", "b", "c"],
    "shape_smooth": [1, 2, 3],
    "shape_disk": [4, 5, 6],
    "shape_artifact": [1, 1, 1],
    "bar_yes": [2, 2, 2],
    "bar_no": [2, 3, 3],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("tree.yaml").write_text(TREE)
    write(Path("p.csv"), GOOD)
    write(Path("v.parquet"), VOTES)
    return tmp_path


def checked(*more: str) -> tuple[int, dict[str, Any]]:
    done = run("check", "p.csv", "v.parquet", "-s", "tree.yaml", "--format", "json", *more)
    assert not done.err
    return done.code, json.loads(done.out)


def test_what_is_fine(here: Path) -> None:
    code, found = checked()
    assert code == 0 and found["fine"]
    assert found["predictions"] == {
        "name": "p.csv",
        "format": "text",
        "rows": 3,
        "columns": 6,
        "id_column": "id",
        "used": ["shape_smooth", "shape_disk", "shape_artifact", "bar_yes", "bar_no"],
    }
    assert found["detected"] is False
    assert list(found["voted"]) == ["shape", "bar"]
    assert found["votes"]["format"] == "Parquet" and found["votes"]["rows"] == 3
    assert found["schema"] == "tree"
    assert found["matching"]["matched"] == 3
    assert not (found["invalid"] or found["contradictions"] or found["notes"] or found["errors"])
    assert sorted(path.name for path in here.iterdir()) == ["p.csv", "tree.yaml", "v.parquet"]


def test_everything_at_once(here: Path) -> None:
    """Invalid values on both sides, a repeated id, and votes that contradict the tree."""
    predictions = pa.table(GOOD | {"bar_yes": [2.0, -1.0, 2.0], "bar_no": [0.0, 1.0, 1e999]})
    write(Path("p.csv"), pa.concat_tables([predictions, predictions.slice(2)]))
    write(Path("v.parquet"), VOTES | {"shape_smooth": [-1, 2, -3], "bar_yes": [2.5, 9.0, 2.0]})
    code, found = checked()
    assert code == 3 and not found["fine"]
    told = {
        (one["file"], one["column"], one["problem"].split()[0]): (one["count"], one["first_ids"])
        for one in found["invalid"]
    }
    assert told == {
        ("v.parquet", "shape_smooth", "votes"): (2, ["a", "c"]),
        ("v.parquet", "bar_yes", "votes"): (1, ["a"]),
        ("p.csv", "bar_yes", "concentrations"): (1, ["b"]),
        ("p.csv", "bar_no", "concentrations"): (3, ["a", "c"]),
    }
    (contradiction,) = found["contradictions"]
    assert (contradiction["column"], contradiction["count"]) == ("bar", 1)
    assert contradiction["first_ids"] == ["b"]
    said = " ".join(found["errors"])
    for words in ("votes below zero", "concentrations that are NaN", "'c'. Keep one row"):
        assert words in said


def test_tables_are_told_apart_from_ids(here: Path) -> None:
    """Without an id column the schema is still looked for; a missing file hides no other."""
    write(Path("v.parquet"), {"name": ["a"], **{k: [1] for k in VOTES if k != "id"}})
    code, found = checked()
    assert code == 3 and found["schema"] == "tree"
    assert "No id column was found" in found["errors"][0]
    done = run("check", "absent.csv", "gone.parquet", "-f", "json")
    assert done.code == 3
    assert [e.split("'")[1] for e in json.loads(done.out)["errors"]] == [
        "absent.csv",
        "gone.parquet",
    ]


def test_the_text_says_the_same(here: Path) -> None:
    write(Path("v.parquet"), VOTES | {"shape_smooth": [-1, 2, -3]})
    done = run("check", "p.csv", "v.parquet", "-s", "tree.yaml")
    assert done.code == 3
    lines = done.out.splitlines()
    assert lines[0] == (
        "predictions  p.csv: text, 3 rows, 6 columns, ids in 'id', 5 read: 'shape_smooth' ... "
        "'bar_no'"
    )
    assert lines[-1] == "Not OK: these inputs cannot be scored with these options."
    assert any("'shape_smooth': 2 votes below zero (first ids 'a', 'c')" in line for line in lines)


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda accident: accident.what)
def test_the_verdict_is_that_of_score(folder: Path, accident: Accident) -> None:
    accident.prepare(folder)
    command = accident.command.split()
    scored = run("score", *command, "-o", "new.parquet")
    before = contents(folder.parent)
    done = run("check", *command, "--format", "json")
    assert done.code == scored.code, done.err
    assert contents(folder.parent) == before
    if done.code == 3:
        errors = json.loads(done.out)["errors"]
        message = scored.err.removeprefix("zoocli: error: ").strip()
        assert any(message.split(" There are also")[0] in " ".join(e.split()) for e in errors)
