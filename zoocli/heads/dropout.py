"""Dropout whose random numbers follow from the seed and the galaxy's id, and from nothing else.

Each galaxy has a sequence of random words of its own (`zoocli.kernels.resampling`), and each pass
takes its share of it. So a galaxy gets the same passes in any row, batch, thread or part of a file.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zoocli.hashing import HashArray
from zoocli.kernels.resampling import DROPOUT, random_words

FEATURES_PER_WORD = 4
LEVELS = 2**16  # of the 16 bits that decide whether a feature is dropped


def scaled_mask(
    hashes: HashArray, seed: int, number: int, features: int, rate: float
) -> npt.NDArray[np.float64]:
    """What pass `number` multiplies features with: 0 where dropped, else 1 / (1 - rate).

    `hashes` (galaxies,) are those of the ids; the result is (galaxies, features). The rate is taken
    to the nearest 1/65536, in the factor as well, so that a feature keeps its mean exactly.
    """
    words_per_pass = -(-features // FEATURES_PER_WORD)
    words = np.empty((len(hashes), words_per_pass), np.uint64)
    random_words(hashes, seed, DROPOUT, number * words_per_pass, words)
    dropped = min(round(rate * LEVELS), LEVELS - 1)
    kept = words.astype("<u8", copy=False).view("<u2")[:, :features] >= dropped
    return np.where(kept, LEVELS / (LEVELS - dropped), 0.0)
