"""Kernels: compiled once, kept as machine code, and loaded without numba."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT
from zoocli.cli.outputs import compile_note
from zoocli.kernels import compiling

SCRIPT = """
import sys
import numpy as np
from zoocli.kernels import compiling
from zoocli.kernels.lookup import count_rows

times = np.zeros(3, np.uint8)
count_rows(np.array([0, 2, 2, -1], np.int32), times)
print(times.tolist(), "numba" in sys.modules, compiling.compile_seconds > 0)
"""


def run(folder, **environment):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {compiling.CACHE_VARIABLE: str(folder), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_second_process_needs_no_numba(tmp_path):
    assert run(tmp_path / "cache") == "[1, 0, 2] True True"
    assert run(tmp_path / "cache") == "[1, 0, 2] False False"


def test_damaged_code_is_compiled_again(tmp_path):
    run(tmp_path)
    (file,) = tmp_path.glob("count_rows-*.bin")
    whole = file.read_bytes()
    for damaged in (b"", whole[:100], whole[:-1] + b"?"):
        file.write_bytes(damaged)
        assert run(tmp_path) == "[1, 0, 2] True True"
        assert file.read_bytes()[: compiling.DIGEST_BYTES] == whole[: compiling.DIGEST_BYTES]
    assert [file.name for file in tmp_path.iterdir()] == [file.name]


def test_works_where_nothing_can_be_written(tmp_path):
    occupied = tmp_path / "a-file"
    occupied.write_text("not a folder")
    assert run(occupied / "cache") == "[1, 0, 2] True True"


def test_the_note_says_whether_the_next_run_finds_the_code(monkeypatch):
    monkeypatch.setattr(compiling, "compile_seconds", 9.0)
    for kept, said in ((True, "Later runs reuse them"), (False, "ZOOCLI_CACHE_DIR")):
        monkeypatch.setattr(compiling, "all_kept", kept)
        [note] = compile_note()
        assert said in note and "9 seconds" in note


@compiling.compiled
def add_up(values, factor, total):
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            total[0] += values[row, column] * factor


def test_types_and_shapes_are_told_from_the_arguments(tmp_path, monkeypatch):
    monkeypatch.setenv(compiling.CACHE_VARIABLE, str(tmp_path))
    for kind in (np.uint8, np.int32, np.float64):
        total = np.zeros(1, kind)
        add_up(np.arange(6, dtype=kind).reshape(2, 3), 2, total)
        assert total[0] == 30
    assert len(list(tmp_path.glob("add_up-*.bin"))) == 3


def test_arrays_that_are_not_contiguous_are_refused():
    with pytest.raises(ValueError, match="contiguous"):
        add_up(np.zeros((4, 4))[:, ::2], 1, np.zeros(1))
