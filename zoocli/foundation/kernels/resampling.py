"""Random numbers that depend on an id's hash, a seed and a purpose alone.

Each galaxy has a SplitMix64 sequence (Steele, Lea & Flood 2014) of its own for each purpose. It
starts at a mix of the id's hash with the seed and the purpose, and its number `counter` is computed
without those before it: order, batches, threads and shards do not matter.
"""

from __future__ import annotations

import numpy as np

from zoocli.foundation.kernels.compiling import compiled, inlined

STEP = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio
FIRST_MULTIPLIER = np.uint64(0xBF58476D1CE4E5B9)
SECOND_MULTIPLIER = np.uint64(0x94D049BB133111EB)
FIRST_SHIFT, SECOND_SHIFT, LAST_SHIFT = np.uint64(30), np.uint64(27), np.uint64(31)
HALF_SHIFT, FRACTION_SHIFT = np.uint64(32), np.uint64(11)
ONE = np.uint64(1)

WEIGHTS, SIGNS, UNIFORMS, DROPOUT, HOLD_OUT = range(5)  # the purposes
FLIPS_PER_WORD = 64

# 2^32 P(X <= k) of the Poisson distribution with mean 1, for k = 0, 1, ...; the probability beyond
# the last is below 2^-32.
(P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11) = map(
    np.uint32,
    (
        1580030168,
        3160060337,
        3950075421,
        4213413783,
        4279248373,
        4292415291,
        4294609777,
        4294923276,
        4294962463,
        4294966817,
        4294967252,
        4294967292,
    ),
)

TAIL = (P4, P5, P6, P7, P8, P9, P10, P11)


@inlined
def mixed(value):
    """The finaliser of SplitMix64: every bit of the result depends on every bit of the value."""
    value = (value ^ (value >> FIRST_SHIFT)) * FIRST_MULTIPLIER
    value = (value ^ (value >> SECOND_SHIFT)) * SECOND_MULTIPLIER
    return value ^ (value >> LAST_SHIFT)


@inlined
def purpose_key(seed, purpose):
    """The key of one seed and purpose, which makes their sequences differ from all others."""
    return mixed(mixed(np.uint64(seed) + STEP) + np.uint64(purpose) * STEP)


@inlined
def random_word(start, counter):
    """Number `counter` (from 0) of the sequence that starts there: 64 random bits."""
    return mixed(start + (np.uint64(counter) + ONE) * STEP)


@inlined
def poisson_weight(start, replicate):
    """The Poisson(1) number of one replicate, by inversion, to 32 bits."""
    level = np.uint32(random_word(start, replicate) >> HALF_SHIFT)
    weight = np.uint8(level >= P0) + np.uint8(level >= P1) + np.uint8(level >= P2)
    if level >= P3:  # in 2 of 100 cases
        weight += np.uint8(1)
        for threshold in TAIL:
            weight += np.uint8(level >= threshold)
    return weight


@compiled
def random_words(hashes, seed, purpose, first_counter, words):
    """words (galaxies, counters) uint64: 64 random bits each, from `first_counter` on."""
    key = purpose_key(seed, purpose)
    for row in range(len(hashes)):
        start = mixed(hashes[row] ^ key)
        for column in range(words.shape[1]):
            words[row, column] = random_word(start, first_counter + column)


@compiled
def poisson_weights(hashes, seed, first_replicate, weights):
    """weights (galaxies, replicates) uint8: Poisson(1) numbers, how often each galaxy is drawn."""
    key = purpose_key(seed, WEIGHTS)
    for row in range(len(hashes)):
        start = mixed(hashes[row] ^ key)
        for column in range(weights.shape[1]):
            weights[row, column] = poisson_weight(start, first_replicate + column)


@compiled
def uniforms(hashes, seed, stream, out):
    """out (galaxies,) float64: uniform in the open interval (0, 1), one set per stream."""
    key = purpose_key(seed, UNIFORMS)
    for row in range(len(hashes)):
        word = random_word(mixed(hashes[row] ^ key), stream)
        out[row] = (np.float64(word >> FRACTION_SHIFT) + 0.5) * 2.0**-53


@compiled
def add_drawn(galaxies, bins, values, weights, total):
    """total (bins, replicates) += each value times its galaxy's weights, in its bin.

    `galaxies`, `bins` and `values` have the same length; weights (galaxies, replicates).
    """
    for number in range(len(values)):
        value = values[number]
        drawn = weights[galaxies[number]]
        sums = total[bins[number]]
        for replicate in range(len(drawn)):
            sums[replicate] += value * drawn[replicate]
