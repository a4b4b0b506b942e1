"""A fingerprint of predictions: the same in any order of the rows, and it adds up over parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zoocli.foundation.columns import text_buffers
from zoocli.foundation.kernels.fingerprint import (
    ROWS_AT_ONCE,
    add_products,
    sum_of_galaxy_hashes,
)
from zoocli.matching.concentrations import Pass
from zoocli.matching.matched import Matched

SEED = 20_240  # of the factors, which are the same on every machine


def fingerprint(matched: Matched, passes: Sequence[Pass]) -> int:
    """The sum, modulo 2^64, of a hash of each matched galaxy: of its id and all its predictions.

    A value counts as float64, whatever type it has in the file.
    """
    galaxies = len(matched.rows)
    sums, total = np.zeros(galaxies, np.uint64), np.zeros(1, np.uint64)
    if not galaxies:
        return 0
    numbers = np.empty(ROWS_AT_ONCE)
    factors = _factors(sum(len(one.columns) for one in passes))
    first = 0
    for one in passes:
        count = len(one.columns)
        add_products(
            np.array([column.ctypes.data for column in one.columns], np.uint64),
            one.columns[0][:0],
            one.rows,
            factors[first : first + count],
            numbers,
            numbers.view(np.uint64),
            sums,
        )
        first += count
    data, offsets = text_buffers(matched.text, np.int32)
    sum_of_galaxy_hashes(data, offsets, matched.rows, sums, total)
    return int(total[0])


def _factors(count: int) -> npt.NDArray[np.uint64]:
    """(count, 2): odd numbers below 2^32, one pair for each value of a galaxy."""
    drawn = np.random.Philox(SEED).random_raw(2 * count).reshape(count, 2)
    return (drawn >> np.uint64(32)) | np.uint64(1)
