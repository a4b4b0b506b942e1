"""What the shell completes, asked as bash asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import small_predictions, small_votes, write
from tests.conftest import ROOT


def completed(folder: Path, line: str) -> list[str]:
    """What is offered for the last word of a line, which is empty after a blank."""
    words = line.split(" ")
    asked = {
        "_ZOOCLI_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "zoocli"],
        cwd=folder,
        env=os.environ | asked,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    votes = small_votes()
    rows = len(next(iter(votes.values())))
    further = {name: [1] * rows for name in ("redshift", "my flag", "red_band")}
    write(tmp_path / "p.csv", small_predictions())
    write(tmp_path / "v.parquet", votes | further)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("zoocli sc", ["score", "schema"]),
        ("zoocli score p.csv v.parquet --keep red", ["redshift", "red_band"]),
        ("zoocli evaluate p.csv v.parquet --by reds", ["redshift"]),
        ("zoocli rank a=p.csv v.parquet --where reds", ["redshift"]),
        ("zoocli score p.csv v.parquet --where red_band>1&reds", ["red_band>1&redshift"]),
        ("zoocli score absent.csv v.parquet --keep reds", ["redshift"]),
        ("zoocli score - v.parquet --votes-id reds", ["redshift"]),
        ("zoocli summarize v.parquet --by red", ["redshift", "red_band"]),
        ("zoocli compare v.parquet --where reds", ["redshift"]),
        ("zoocli score -s gz2", ["gz2-ortho"]),
        ("zoocli schema show euclid", ["euclid", "euclid-ortho"]),
        ("zoocli cite gz-ring", ["gz-rings"]),
        ("zoocli simulate out -s gz-ring", ["gz-rings"]),
        ("zoocli score --loss c", ["cross-entropy", "ce"]),
        ("zoocli evaluate --profile decals-", ["decals-code"]),
        ("zoocli evaluate --format mark", ["markdown"]),
    ],
)
def test_what_is_offered(folder: Path, line: str, offered: list[str]) -> None:
    found = completed(folder, line)
    assert sorted(found) == sorted(offered)


def test_names_that_are_no_words_are_quoted_in_a_condition(folder: Path) -> None:
    assert completed(folder, "zoocli score p.csv v.parquet --where `my") == ["`my", "flag`"]
