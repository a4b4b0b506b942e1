"""Kernels: compiled once, kept as machine code, and loaded without numba."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.kernel_losses import losses_of, random_galaxies
from zoocli.cli.outputs import compile_note
from zoocli.foundation.kernels import compiling

SCRIPT = """
import sys
import numpy as np
from zoocli.foundation.kernels import compiling
from zoocli.foundation.kernels.lookup import count_rows

times = np.zeros(3, np.uint8)
count_rows(np.array([0, 2, 2, -1], np.int32), times)
print(times.tolist(), "numba" in sys.modules, compiling.compilation.seconds > 0)
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
    for kept, exportable, said in (
        (True, True, "Later runs reuse them"),
        (False, True, "ZOOCLI_CACHE_DIR"),
        (False, False, "cannot be kept with this version of numba"),
    ):
        made = compiling.Compilation(9.0, kept, exportable)
        monkeypatch.setattr(compiling, "compilation", made)
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


OTHER_INTERNALS = {
    "missing": None,
    "text": lambda library: "object code",
    "nothing": lambda library: None,
    "another symbol": lambda library: b"object code",
}


@pytest.fixture(params=OTHER_INTERNALS)
def other_numba(request, tmp_path, monkeypatch):
    """A numba whose machine code cannot be had as kernels have it; the folder for kept code."""
    from numba.core.codegen import CodeLibrary, CPUCodeLibrary

    (owner,) = (one for one in (CodeLibrary, CPUCodeLibrary) if "_get_compiled_object" in vars(one))
    monkeypatch.delattr(owner, "_get_compiled_object")
    if OTHER_INTERNALS[request.param] is not None:
        monkeypatch.setattr(
            owner, "_get_compiled_object", OTHER_INTERNALS[request.param], raising=False
        )
    monkeypatch.setenv(compiling.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(compiling, "compilation", compiling.Compilation())
    return tmp_path


def test_without_the_hook_numba_itself_calls_the_kernel(other_numba):
    kernel = compiling.Kernel(add_up.function)
    values = np.arange(6, dtype=np.float64).reshape(2, 3)
    values.setflags(write=False)
    total = np.zeros(1)
    for factor in (2, np.uint64(3)):
        kernel(values, factor, total)
    assert total[0] == 75
    assert compiling.compilation.seconds > 0
    assert not compiling.compilation.kept and not compiling.compilation.exportable
    assert list(other_numba.iterdir()) == []


def test_with_and_without_the_hook_losses_are_the_same(tmp_path, monkeypatch):
    from zoocli.foundation.kernels import dirichlet

    concentrations, counts = random_galaxies(300, [3, 2])
    counts = counts.astype(np.int32)
    counts[::7] *= 40  # these take the series
    expected = losses_of(concentrations, counts, [3, 2])
    monkeypatch.setattr(compiling, "_machine_code", lambda entry: None)
    monkeypatch.setenv(compiling.CACHE_VARIABLE, str(tmp_path))
    plain = compiling.Kernel(dirichlet.question_losses.function)
    monkeypatch.setattr(dirichlet, "question_losses", plain)
    for found, wanted in zip(losses_of(concentrations, counts, [3, 2]), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert list(tmp_path.iterdir()) == []


def test_old_versions_of_a_kernel_are_removed(tmp_path, monkeypatch):
    monkeypatch.setenv(compiling.CACHE_VARIABLE, str(tmp_path))
    version, month = compiling._version(), 30 * 24 * 3600
    ages = {
        "add_up-0123456789abcdef-0123456789abcdef.bin": month,  # of another version
        "add_up-draft-x1y2z3_w": month,  # left by a process that was killed
        "add_up-fedcba9876543210-0123456789abcdef.bin": 3600,  # perhaps in use
        "add_up-draft-z3y2x1_w": 1,  # being written
        "add_up-notes.txt": month,
        "add_up-draft-of-a-paper": month,
        f"add_up-{version}-0123456789abcdef.bin": month,  # for other types or another processor
        "add_up_more-0123456789abcdef-0123456789abcdef.bin": month,  # another kernel
        "notes.txt": month,
    }
    for name, age in ages.items():
        (tmp_path / name).write_bytes(compiling.MAGIC)
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    foreign = tmp_path / "add_up-0000000000000000-0123456789abcdef.bin"  # not our content
    foreign.write_bytes(b"mine")
    os.utime(foreign, (0, 0))
    compiling.Kernel(add_up.function)(np.ones((1, 1)), 1, np.zeros(1))
    left = {file.name for file in tmp_path.iterdir()}
    assert left >= {*list(ages)[2:], foreign.name}
    (new,) = left - ages.keys() - {foreign.name}
    assert new.startswith(f"add_up-{version}-")
    assert not left & set(list(ages)[:2])


@pytest.mark.parametrize("harm", ["pipe", "writable", "folder"])
def test_code_that_others_could_have_written_is_not_run(tmp_path, monkeypatch, harm):
    monkeypatch.setenv(compiling.CACHE_VARIABLE, str(tmp_path))
    compiling._keep_code("add_up-0-1.bin", b"code")
    file = tmp_path / "add_up-0-1.bin"
    assert compiling._read_code(file.name) == b"code"
    if harm == "writable":
        file.chmod(0o666)
    else:
        file.unlink()
        os.mkfifo(file) if harm == "pipe" else file.mkdir()
    assert compiling._read_code(file.name) is None


def test_a_stale_file_that_another_process_removes_first(tmp_path, monkeypatch):
    monkeypatch.setenv(compiling.CACHE_VARIABLE, str(tmp_path))
    stale = tmp_path / "add_up-0123456789abcdef-0123456789abcdef.bin"
    stale.write_bytes(compiling.MAGIC)
    os.utime(stale, (0, 0))

    def vanished(path):
        os.remove(path)
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok=False: vanished(path))
    compiling._remove_stale(tmp_path, "add_up", "another")
    assert list(tmp_path.iterdir()) == []


def test_arrays_that_are_not_contiguous_are_refused():
    with pytest.raises(ValueError, match="contiguous"):
        add_up(np.zeros((4, 4))[:, ::2], 1, np.zeros(1))
