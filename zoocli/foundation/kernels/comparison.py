"""The resampled sums of a paired comparison: sign flips and bootstrap weights, galaxy by galaxy."""

from __future__ import annotations

import numpy as np

from zoocli.foundation.kernels.compiling import compiled, inlined
from zoocli.foundation.kernels.resampling import (
    FLIPS_PER_WORD,
    SIGNS,
    WEIGHTS,
    mixed,
    poisson_weight,
    purpose_key,
    random_word,
)

GROUP = 8  # galaxies that share a table of their 2^8 signed sums
PATTERNS = 256
BYTE = np.uint64(0xFF)
BITS_7, BITS_14, BITS_28 = np.uint64(7), np.uint64(14), np.uint64(28)
SWAP_1 = np.uint64(0x00AA00AA00AA00AA)
SWAP_2 = np.uint64(0x0000CCCC0000CCCC)
SWAP_4 = np.uint64(0x00000000F0F0F0F0)


@inlined
def transposed(bits):
    """Eight bytes as a matrix of 8 x 8 bits, with rows and columns exchanged."""
    moved = (bits ^ (bits >> BITS_7)) & SWAP_1
    bits ^= moved ^ (moved << BITS_7)
    moved = (bits ^ (bits >> BITS_14)) & SWAP_2
    bits ^= moved ^ (moved << BITS_14)
    moved = (bits ^ (bits >> BITS_28)) & SWAP_4
    return bits ^ moved ^ (moved << BITS_28)


@inlined
def fill_signed_sums(values, first, table):
    """table[pattern] = the sum of eight rows of values, minus where the pattern has a bit."""
    columns = values.shape[1]
    for column in range(columns):
        total = 0.0
        for lane in range(GROUP):
            total += values[first + lane, column]
        table[0, column] = total
    for lane in range(GROUP):
        known = 1 << lane  # patterns below this are filled
        for pattern in range(known):
            for column in range(columns):
                table[known + pattern, column] = (
                    table[pattern, column] - 2.0 * values[first + lane, column]
                )


@compiled
def add_flipped_sums(values, hashes, seed, first_word, sums, table, words):
    """sums[flip] += the sum over galaxies of their values, each times the galaxy's sign.

    values (galaxies, columns), hashes (galaxies,), galaxies a multiple of 8; sums (flips, columns),
    flips a multiple of 64, the first is bit 0 of `first_word`. A galaxy has one sign for all its
    columns.

    Eight galaxies at a time: their 256 possible sums go into `table` (256, columns), and a flip
    adds the one that its eight signs select: an eighth of the additions. `words` (8,) is scratch
    memory.
    """
    key = purpose_key(seed, SIGNS)
    columns = values.shape[1]
    for first in range(0, len(hashes), GROUP):
        fill_signed_sums(values, first, table)
        for block in range(len(sums) // FLIPS_PER_WORD):
            for lane in range(GROUP):
                start = mixed(hashes[first + lane] ^ key)
                words[lane] = random_word(start, first_word + block)
            for byte in range(8):
                bits = np.uint64(0)
                for lane in range(GROUP):
                    part = (words[lane] >> np.uint64(8 * byte)) & BYTE
                    bits |= part << np.uint64(8 * lane)
                bits = transposed(bits)
                for bit in range(8):
                    flip = np.uintp(block * FLIPS_PER_WORD + 8 * byte + bit)
                    pattern = np.uintp((bits >> np.uint64(8 * bit)) & BYTE)
                    for column in range(columns):
                        sums[flip, column] += table[pattern, column]


@compiled
def add_weighted_sums(values, hashes, seed, first_replicate, sums):
    """sums[replicate] += the sum over galaxies of their values times their bootstrap weights.

    values (galaxies, columns), hashes (galaxies,), galaxies a multiple of 4; sums (replicates,
    columns).
    """
    key = purpose_key(seed, WEIGHTS)
    columns = values.shape[1]
    for first in range(0, len(hashes), 4):
        start_0 = mixed(hashes[first] ^ key)
        start_1 = mixed(hashes[first + 1] ^ key)
        start_2 = mixed(hashes[first + 2] ^ key)
        start_3 = mixed(hashes[first + 3] ^ key)
        for replicate in range(len(sums)):
            number = first_replicate + replicate
            weight_0 = np.float64(poisson_weight(start_0, number))
            weight_1 = np.float64(poisson_weight(start_1, number))
            weight_2 = np.float64(poisson_weight(start_2, number))
            weight_3 = np.float64(poisson_weight(start_3, number))
            for column in range(columns):
                sums[replicate, column] += (
                    weight_0 * values[first, column] + weight_1 * values[first + 1, column]
                ) + (weight_2 * values[first + 2, column] + weight_3 * values[first + 3, column])
