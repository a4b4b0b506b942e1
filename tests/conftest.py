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
