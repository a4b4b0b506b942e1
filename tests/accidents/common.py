"""Good inputs in a folder, and what every accident must show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

OLD = "what was there before"
GOOD = ("p.parquet", "v.parquet", "-s", "tree.yaml")
HEADER = "id,loss,shape_loss"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def bash(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of shell in which $score is the command with good inputs, and $zoocli alone."""
    python = f"{sys.executable} -m zoocli"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "zoocli": python}
        | {"score": f"{python} score {' '.join(GOOD)}"}
        | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def assert_one_paragraph(err: str, most: int = 2_100) -> None:
    assert err.startswith("zoocli: error: ") and err.count("\n") == 1 and err.endswith(".\n"), err
    assert len(err) < most and "Traceback" not in err
    assert err[:-1].isprintable()


# None of it is a command, a path, a pattern or markup, and none may reach a terminal.
HOSTILE = [
    "'; DROP TABLE votes; --",
    'a"b""c',
    "x*?[y]",
    "../../etc/passwd",
    "/etc/passwd",
    "[red]x[/]",
    "[/]",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "\u202eabc\u2066",
    "two\nlines",
    "carriage\rreturn",
    "a\tb",
    "=cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd",
    "\u2028",
    "\ufeffx",
    "{x}$y%s",
    "a,b;c|d",
    "\x7f",
    "\u200b",
    "--help",
]
