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
FRACTION_SHIFT = np.uint64(11)
ONE = np.uint64(1)

UNIFORMS, DROPOUT, HOLD_OUT, BUCKETS, DRAWS = range(2, 7)  # the purposes


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


@compiled
def random_words(hashes, seed, purpose, first_counter, words):
    """words (galaxies, counters) uint64: 64 random bits each, from `first_counter` on."""
    key = purpose_key(seed, purpose)
    for row in range(len(hashes)):
        start = mixed(hashes[row] ^ key)
        for column in range(words.shape[1]):
            words[row, column] = random_word(start, first_counter + column)
