"""--fix-colnames: names for STILTS and TOPCAT, in every format, and summaries of such tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.command import done_well, run, write
from zoocli.errors import DataError
from zoocli.scoring.summaries.summarize import summarize
from zoocli.tables import open_table

TREE = """
title: Hyphens
campaigns: [dr5]
question_answer_pairs:
  smooth-or-not-dr5: [_smooth, _not-smooth]
  bar-dr5: [_yes, _no]
dependencies:
  smooth-or-not-dr5: null
  bar-dr5: smooth-or-not-dr5_not-smooth
"""
NAMES = [
    "dr8_id",
    "loss",
    "smooth_or_not_dr5_loss",
    "smooth_or_not_dr5_total_votes",
    "bar_dr5_loss",
    "bar_dr5_total_votes",
]


@pytest.fixture
def inputs(tmp_path: Path) -> list[Any]:
    (tmp_path / "tree.yaml").write_text(TREE)
    answers = ["smooth-or-not-dr5_smooth", "smooth-or-not-dr5_not-smooth", "bar-dr5_yes"]
    answers += ["bar-dr5_no"]
    rows = [1, 2, 3]
    predictions = {"dr8_id": rows, "a-b": rows, "a_b": rows}
    predictions |= {name: [1.5 + row for row in rows] for name in answers}
    votes = {"dr8_id": rows} | {name: [0, row, 2] for row, name in enumerate(answers)}
    return [
        write(tmp_path / "p.parquet", predictions),
        write(tmp_path / "v.parquet", votes),
        "-s",
        tmp_path / "tree.yaml",
    ]


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow", "jsonl", "fits", "ecsv"])
def test_names_and_summary_in_every_format(tmp_path: Path, inputs: list[Any], ending: str) -> None:
    path, plain = tmp_path / f"s.{ending}", tmp_path / f"plain.{ending}"
    done_well("score", *inputs, "-o", path, "--fix-colnames")
    done_well("score", *inputs, "-o", plain)
    assert open_table(path).column_names == NAMES
    for schema in (None, tmp_path / "tree.yaml"):
        summary, expected = summarize(path, schema).to_dict(), summarize(plain, schema).to_dict()
        named = ending in ("parquet", "arrow", "fits") or schema is not None
        if not named:  # nothing tells the questions' own names
            assert list(summary["questions"]) == ["smooth_or_not_dr5", "bar_dr5"]
            expected["questions"] = dict(
                zip(summary["questions"], expected["questions"].values(), strict=True)
            )
        assert summary == expected
        assert (summary["signature"] is None) == (ending in ("csv", "jsonl", "ecsv"))


def test_values_are_the_same(tmp_path: Path, inputs: list[Any]) -> None:
    plain = done_well("score", *inputs, "--keep", "a-b").out.splitlines()
    fixed = done_well("score", *inputs, "--keep", "a-b", "--fix-colnames").out.splitlines()
    assert fixed[1:] == plain[1:]
    assert fixed[0] == plain[0].replace("-", "_")


def test_names_that_would_collide(tmp_path: Path, inputs: list[Any]) -> None:
    out = tmp_path / "s.csv"
    command = ("score", *inputs, "--keep", "a-b", "--keep", "a_b", "-o", out)
    done_well(*command)
    out.unlink()
    done = run(*command, "--fix-colnames")
    assert done.code == 2
    assert "the columns 'a-b', 'a_b' would have the same names" in done.err
    assert not out.exists()


def test_targets_with_hyphens(tmp_path: Path) -> None:
    rows = {"id": ["a", "b"], "red-shift": [0.5, 1.0], "mass": [1.0, 2.0]}
    paths = [write(tmp_path / name, rows) for name in ("p.parquet", "v.parquet")]
    targets = ("--label", "red-shift", "--prediction", "red-shift", "--label", "mass")
    out = tmp_path / "s.parquet"
    command = ("score", "-l", "mse", *paths, *targets, "--prediction", "mass", "-o", out)
    done_well(*command, "--fix-colnames")
    assert open_table(out).column_names == ["id", "loss", "red_shift_loss", "mass_loss"]
    done = done_well("summarize", out, "--format", "json")
    assert list(json.loads(done.out)["questions"]) == ["red-shift", "mass"]


def test_a_table_with_neither_names() -> None:
    table = pa.table({"id": ["a"], "loss": [1.0], "a_b_loss": [1.0], "a_b_total_votes": [3]})
    assert list(summarize(table).questions) == ["a_b"]
    with pytest.raises(DataError, match="questions that the schema lacks: 'a_b'"):
        summarize(table, "gz-rings")
