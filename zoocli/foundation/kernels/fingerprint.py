"""A fingerprint of ids and their values that is independent of the order of the rows."""

from __future__ import annotations

import numpy as np

from zoocli.foundation.kernels.compiling import compiled

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
HIGH_SHIFT = np.uint64(32)


@compiled
def sum_of_row_hashes(hashes, values, total):
    """total[0] += the sum, modulo 2^64, of a hash of each row: its id's hash and its values.

    values (rows, columns) of any integer type.
    """
    for row in range(len(hashes)):
        value = hashes[row]
        for column in range(values.shape[1]):
            value = (value ^ np.uint64(values[row, column])) * MULTIPLIER
            value ^= value >> HIGH_SHIFT
        total[0] += value
