"""Fingerprints of ids and their values that are independent of the order of the rows.

The values of a row are combined by a sum of products with odd numbers (multilinear hashing, Lemire
and Kaser 2014, doi:10.1093/comjnl/bxt070), which processors compute for several rows at once.
"""

from __future__ import annotations

import numpy as np

from zoocli.foundation.kernels.columns import column_at
from zoocli.foundation.kernels.compiling import compiled
from zoocli.foundation.kernels.lookup import hash_text

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
HIGH_SHIFT = np.uint64(32)
LOW_BITS = np.uint64(0xFFFFFFFF)
ROWS_AT_ONCE = 256


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


@compiled
def add_products(addresses, like, rows, factors, numbers, bits, sums):
    """sums[galaxy] += bits of each value, low and high, times that column's two factors.

    addresses (columns,) uint64: where each column begins; all are of the type of `like`. Galaxy g
    has its values in row rows[g]. They count as float64; all NaN are alike. factors (columns, 2)
    uint64, odd and below 2^32. numbers (256,) float64 and bits (256,) uint64 are the same memory.
    """
    galaxies = len(rows)
    length = 0
    for galaxy in range(galaxies):
        length = max(length, rows[galaxy] + 1)
    for first in range(0, galaxies, ROWS_AT_ONCE):
        width = min(ROWS_AT_ONCE, galaxies - first)
        start = np.uintp(rows[first])
        apart = 0
        for lane in range(width):
            apart |= rows[np.uintp(first + lane)] - rows[first] - lane
        for place in range(len(addresses)):
            column = column_at(addresses[place], length, like)
            if apart == 0:  # the rows lie side by side
                for lane in range(width):
                    value = np.float64(column[start + np.uintp(lane)])
                    numbers[np.uintp(lane)] = value if value == value else np.nan
            else:
                for lane in range(width):
                    value = np.float64(column[np.uintp(rows[np.uintp(first + lane)])])
                    numbers[np.uintp(lane)] = value if value == value else np.nan
            low, high = factors[place, 0], factors[place, 1]
            for lane in range(width):
                word = bits[np.uintp(lane)]
                product = (word & LOW_BITS) * low + (word >> HIGH_SHIFT) * high
                sums[np.uintp(first + lane)] += product


@compiled
def sum_of_galaxy_hashes(data, offsets, rows, sums, total):
    """total[0] += the sum, modulo 2^64, of a hash of each galaxy: of its id and of sums[galaxy].

    Galaxy g has its id in row rows[g] of the texts.
    """
    for galaxy in range(len(rows)):
        row = rows[galaxy]
        value = hash_text(data, offsets[row], offsets[row + 1])
        value = (value ^ (sums[galaxy] * MULTIPLIER)) * MULTIPLIER
        value ^= value >> HIGH_SHIFT
        value *= MULTIPLIER
        total[0] += value ^ (value >> HIGH_SHIFT)
