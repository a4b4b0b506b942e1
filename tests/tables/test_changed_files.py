"""A file that changes while it is read is refused: its rows would be of two tables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.command import run, small_predictions, small_votes, write, write_tree
from zoocli.errors import DataError
from zoocli.foundation.resources import Resources
from zoocli.scoring import scores
from zoocli.tables import open_table, open_tables

RESOURCES = Resources(1, 10**9)
ENDINGS = ["csv", "csv.gz", "parquet", "arrow", "feather"]


def table(first: int) -> pa.Table:
    return pa.table({"id": [f"g{first + row}" for row in range(5_000)], "x": [1.0] * 5_000})


def change(path: Path, how: str) -> None:
    if how == "removed":
        path.unlink()
        return
    new = path.with_name(f"new.{path.name}")
    write(new, table(7))
    if how == "replaced":
        os.replace(new, path)
    else:
        path.write_bytes(new.read_bytes())


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("how", ["replaced", "rewritten", "removed"])
@pytest.mark.parametrize("of_several", [False, True])
def test_a_change_is_noticed(tmp_path: Path, ending: str, how: str, of_several: bool) -> None:
    path = tmp_path / f"p.{ending}"
    write(path, table(0))
    write(tmp_path / f"q.{ending}", table(9_000))
    if of_several:
        opened = open_tables([path, tmp_path / f"q.{ending}"], RESOURCES, "p")
    else:
        opened = open_table(path, RESOURCES)
    assert sum(len(batch) for batch in opened.batches(["id"])) == 5_000 * (1 + of_several)
    batches = opened.batches(["id", "x"], batch_rows=100)
    next(batches)
    change(path, how)
    with pytest.raises(DataError, match=r"p\..* was changed while it was read"):
        for _ in batches:
            pass


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path)
    write(Path("p.csv"), small_predictions())
    write(Path("v.csv"), small_votes())
    Path("old.csv").write_text("old")
    original = scores.ScoresTable

    def meanwhile(inputs: Any) -> scores.ScoresTable:
        os.utime("p.csv", (1, 1))
        return original(inputs)

    monkeypatch.setattr(scores, "ScoresTable", meanwhile)
    done = run("score", "p.csv", "v.csv", "-s", "tree.yaml", "-o", "old.csv")
    assert done.code == 3 and "p.csv was changed while it was read" in done.err
    assert Path("old.csv").read_text() == "old"
