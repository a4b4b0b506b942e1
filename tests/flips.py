"""The sign flips of the paired comparison, as bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Hashes
from zoocli.foundation.kernels.resampling import SIGNS, random_words


def flip_words(
    hashes: Hashes, seed: int, words: int, first_word: int = 0
) -> npt.NDArray[np.uint64]:
    """The flips of each galaxy, 64 per word: (galaxies, words).

    Bit b (from the lowest) of word w is flip 64 (first_word + w) + b: where it is 1, the galaxy's
    differences change their sign.
    """
    flips = np.empty((len(hashes), words), np.uint64)
    random_words(hashes, seed, SIGNS, first_word, flips)
    return flips
