"""What the tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def zoocli(tmp_path: Path) -> Run:
    """Runs the command line as a user does: a process of its own, in an empty folder."""

    def run(*args: object, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "zoocli", *map(str, args)],
            **{
                "cwd": tmp_path,
                "env": os.environ | {"PYTHONPATH": str(ROOT)},
                "capture_output": True,
                "text": True,
                "timeout": 120,
            }
            | options,
        )

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Good inputs for accidents, and an old output; the current folder."""
    from tests.accidents.common import OLD
    from tests.command import small_predictions, small_votes, write, write_tree

    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path)
    for suffix in ("parquet", "csv"):
        write(tmp_path / f"p.{suffix}", small_predictions())
        write(tmp_path / f"v.{suffix}", small_votes())
    (tmp_path / "old.csv").write_text(OLD)
    return tmp_path
