"""Where outputs go: files, stdout, and what stdout cannot take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import done_well, run, small_predictions, small_votes, write, write_tree

INPUTS = ("p.csv", "v.csv", "-s", "tree.yaml")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tree(tmp_path)
    write(tmp_path / "p.csv", small_predictions())
    write(tmp_path / "v.csv", small_votes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_merged_summary_in_a_file(folder: Path) -> None:
    for part in (1, 2):
        shard = ("--shard", f"{part}/2")
        done_well("score", *INPUTS, "--summary", f"{part}.json", *shard)
    shown = done_well("merge", "1.json", "2.json").out
    assert done_well("merge", "1.json", "2.json", "-o", "-").out == shown
    assert done_well("merge", "1.json", "2.json", "-o", "all.json").out == ""
    assert json.loads((folder / "all.json").read_text()) == json.loads(shown)
    done = run("merge", "1.json", "2.json", "-o", "1.json")
    assert done.code == 2 and "also an input" in done.err


def test_a_file_that_is_called_like_stdout(folder: Path) -> None:
    shown = done_well("score", *INPUTS, "-o", "scores.parquet", "--summary", "-").out
    assert done_well("score", *INPUTS, "--summary", "./-", "-o", "s.parquet").out == ""
    assert json.loads((folder / "-").read_text()) == json.loads(shown)


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", *INPUTS),
        ("rank", "p.csv", "other=p.csv", "v.csv", "-s", "tree.yaml"),
        ("fit", *INPUTS),
    ],
    ids=lambda command: command[0],
)
def test_what_stdout_cannot_take(folder: Path, command: tuple[str, ...]) -> None:
    done = run(*command, "-o", "-")
    assert done.code == 2 and done.out == ""
    assert done.err.startswith("zoocli: error: --output is ") and "standard output (-)" in done.err
    assert not (folder / "-").exists()
