"""Dropout whose random numbers depend on the seed and the galaxy's id alone.

Each galaxy has a sequence of random words of its own (`kernels.resampling`), and each pass
uses a part of it. So the passes of a galaxy are the same in every row, batch, thread and part of a
file.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Hashes
from zoocli.foundation.kernels.resampling import DROPOUT, random_words

FEATURES_PER_WORD = 4
LEVELS = 2**16  # a feature is dropped by 16 random bits


def scaled_mask(
    hashes: Hashes, seed: int, number: int, features: int, rate: float
) -> npt.NDArray[np.float64]:
    """The factors of the features in pass `number`: 0 where dropped, else 1 / (1 - rate).

    `hashes` (galaxies,) are those of the ids; the result is (galaxies, features). The rate is
    rounded to 1/65536, in the factor as well, so that a feature keeps its mean exactly.
    """
    words_per_pass = -(-features // FEATURES_PER_WORD)
    words = np.empty((len(hashes), words_per_pass), np.uint64)
    random_words(hashes, seed, DROPOUT, number * words_per_pass, words)
    dropped = min(round(rate * LEVELS), LEVELS - 1)
    kept = words.astype("<u8", copy=False).view("<u2")[:, :features] >= dropped
    return np.where(kept, LEVELS / (LEVELS - dropped), 0.0)
