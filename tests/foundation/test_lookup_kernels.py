"""The kernels that pack votes, count rows and take fingerprints, and how they are compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from zoocli.foundation.kernels import compiling, votes
from zoocli.foundation.kernels.fingerprint import sum_of_row_hashes
from zoocli.foundation.kernels.lookup import count_rows
from zoocli.foundation.kernels.votes import find_states, pack_votes

PACKED = [
    (0.0, 0, votes.OK),
    (-0.0, 0, votes.OK),
    (7.0, 7, votes.OK),
    (2.0**31 - 1, 2**31 - 1, votes.OK),
    (np.nan, 0, votes.MISSING),
    (-1.0, 0, votes.NEGATIVE),
    (-0.5, 0, votes.NEGATIVE),
    (-999.0, 0, votes.NEGATIVE),
    (np.inf, 0, votes.INFINITE),
    (-np.inf, 0, votes.INFINITE),
    (2.0**31, 0, votes.TOO_MANY),
    (2.0**31 - 0.5, 0, votes.TOO_MANY),
    (1e300, 0, votes.TOO_MANY),
    (0.5, 0, votes.FRACTIONAL),
    (1.5, 2, votes.FRACTIONAL),
    (2.5, 2, votes.FRACTIONAL),
    (0.3, 0, votes.FRACTIONAL),
    (5e-324, 0, votes.FRACTIONAL),
    (2.0**31 - 1.5, 2**31 - 2, votes.FRACTIONAL),
]


def pack(
    *columns: list[float], kind: type = np.float64, counts_of: type = np.int32
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8], int, int]:
    """The counts and states of columns of votes, what was met, and the highest count."""
    arrays = [np.array(column, kind) for column in columns]
    addresses = np.array([array.ctypes.data for array in arrays], np.uint64)
    counts = np.full((len(columns[0]), len(columns)), 99, counts_of)
    states = np.full(counts.shape, 99, np.uint8)
    met = np.zeros(2, np.int64)
    pack_votes(addresses, arrays[0][:0], counts, met)
    find_states(addresses, arrays[0][:0], states)
    return counts, states, int(met[0]), int(met[1])


@pytest.mark.parametrize("value, count, state", PACKED)
def test_a_vote_and_what_is_wrong_with_it(value: float, count: int, state: int) -> None:
    counts, states, met, highest = pack([0.0, 0.0, 0.0], [1.0, value, 2.0])
    assert counts.tolist() == [[0, 1], [0, count], [0, 2]]
    assert states.tolist() == [[votes.OK, votes.OK], [votes.OK, state], [votes.OK, votes.OK]]
    assert met == (0 if state == votes.OK else 1 << state)
    assert highest == max(2, count)


def test_all_that_is_wrong_is_reported_at_once() -> None:
    assert pack([np.nan, -1.0, 1.0])[2] == 1 << votes.MISSING | 1 << votes.NEGATIVE
    assert pack([])[2] == 0


@pytest.mark.parametrize("counts_of", [np.uint8, np.uint16, np.int32])
@pytest.mark.parametrize("kind", [np.int32, np.float64])
def test_votes_of_any_type_and_any_number_of_rows(kind: type, counts_of: type) -> None:
    columns = np.random.default_rng(3).integers(0, 256, (5, 3 * votes.ROWS_AT_ONCE + 7))
    counts, states, met, highest = pack(*columns.tolist(), kind=kind, counts_of=counts_of)
    np.testing.assert_array_equal(counts, columns.T)
    assert (states == votes.OK).all()
    assert (met, highest) == (0, columns.max())


def test_the_highest_count_is_told_where_the_type_does_not_hold_it() -> None:
    assert pack([3.0, 300.0], counts_of=np.uint8)[3] == 300


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-1, 5), max_size=40))
def test_rows_are_counted_up_to_two(rows: list[int]) -> None:
    times = np.zeros(6, np.uint8)
    count_rows(np.array(rows, np.int32), times)
    assert times.tolist() == [min(rows.count(row), 2) for row in range(6)]


def fingerprint(hashes: npt.NDArray[np.uint64], values: npt.NDArray[Any]) -> int:
    total = np.zeros(1, np.uint64)
    sum_of_row_hashes(hashes, values, total)
    return int(total[0])


def fingerprint_by_hand(hashes: list[int], values: list[list[int]]) -> int:
    total = 0
    for value, row in zip(hashes, values, strict=True):
        for number in row:
            value = ((value ^ (number % 2**64)) * 0x9E3779B97F4A7C15) % 2**64
            value ^= value >> 32
        total += value
    return total % 2**64


HASHES = np.random.default_rng(3).integers(0, 2**64, 50, np.uint64)
COUNTS = np.random.default_rng(4).integers(0, 100, (50, 4))


def test_the_fingerprint_by_hand() -> None:
    expected = fingerprint_by_hand(HASHES.tolist(), COUNTS.tolist())
    assert fingerprint(HASHES, COUNTS) == expected
    negative = fingerprint_by_hand([5], [[-3, 7]])
    assert fingerprint(np.array([5], np.uint64), np.array([[-3, 7]])) == negative


def test_the_fingerprint_does_not_depend_on_the_order_of_rows() -> None:
    order = np.random.default_rng(5).permutation(50)
    assert fingerprint(HASHES[order], COUNTS[order]) == fingerprint(HASHES, COUNTS)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32])
def test_the_fingerprint_does_not_depend_on_the_type(kind: type) -> None:
    assert fingerprint(HASHES, COUNTS.astype(kind)) == fingerprint(HASHES, COUNTS)


def test_every_change_changes_the_fingerprint() -> None:
    prints = {fingerprint(HASHES, COUNTS)}
    for row in range(50):
        for column in range(4):
            changed = COUNTS.copy()
            changed[row, column] += 1
            prints.add(fingerprint(HASHES, changed))
    assert len(prints) == 201
    swapped_rows = COUNTS[[1, 0, *range(2, 50)]]
    swapped_columns = COUNTS[:, [1, 0, 2, 3]]
    for changed in (swapped_rows, swapped_columns, COUNTS[:, :3]):
        prints.add(fingerprint(HASHES, np.ascontiguousarray(changed)))
    prints.add(fingerprint(HASHES[:49], COUNTS[:49]))
    assert len(prints) == 205


COUNT = """
import numpy as np, zoocli
from zoocli.foundation.kernels import compiling
from zoocli.foundation.kernels.lookup import count_rows
times = np.zeros(3, np.uint8)
count_rows(np.array([2, 0, 2, -1], np.int32), times)
print(zoocli.__file__, times.tolist(), compiling.compilation.seconds > 0)
"""


def count_in_a_process(folder: Path, **environment: str) -> list[str]:
    """Runs a kernel of the package in a folder; the words that it prints."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if name not in ("XDG_CACHE_HOME", "ZOOCLI_CACHE_DIR")
    }
    done = subprocess.run(
        [sys.executable, "-c", COUNT],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(folder)} | environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0 and done.stderr == ""
    where, what = done.stdout.split(" ", 1)
    assert where == str(folder / "zoocli" / "__init__.py")
    return what.split("] ")


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A copy of the package where a file stands for the cache's folder: even root cannot write."""
    package = tmp_path / "zoocli"
    shutil.copytree(ROOT / "zoocli", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "foundation" / "kernels" / "__pycache__").write_text("")
    return tmp_path


def test_kernels_work_where_nothing_can_be_kept(locked: Path) -> None:
    for _ in range(2):
        assert count_in_a_process(locked, HOME="/dev/null") == ["[1, 0, 2", "True\n"]


def test_kernels_are_kept_in_the_users_folder(locked: Path) -> None:
    assert count_in_a_process(locked, HOME=str(locked)) == ["[1, 0, 2", "True\n"]
    (file,) = (locked / ".cache" / "zoocli").iterdir()
    assert count_in_a_process(locked, HOME=str(locked)) == ["[1, 0, 2", "False\n"]
    file.write_bytes(file.read_bytes()[:-1])  # damaged: made anew
    assert count_in_a_process(locked, HOME=str(locked)) == ["[1, 0, 2", "True\n"]
    assert list(file.parent.iterdir()) == [file]


def test_a_full_disk_stops_no_kernel_and_keeps_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv(compiling.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(os, "replace", full)
    times = np.zeros(2, np.uint8)
    compiling.Kernel(count_rows.function)(np.array([1, 1], np.int32), times)
    assert times.tolist() == [0, 2]
    assert list(tmp_path.iterdir()) == []
