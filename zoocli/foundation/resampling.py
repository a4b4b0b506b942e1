"""Random numbers for each galaxy that depend on its id's hash and a seed alone.

They are the same for every order of the galaxies and in every batch, thread and shard, so the
bootstrap of merged parts is that of the whole. `kernels.resampling` has the algorithm.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Hashes
from zoocli.foundation.kernels import resampling as kernels

WeightArray = npt.NDArray[np.uint8]


def poisson_weights(
    hashes: Hashes, seed: int, replicates: int, first_replicate: int = 0
) -> WeightArray:
    """How often each galaxy is drawn in each replicate of the Poisson bootstrap.

    `hashes` (galaxies,) from `hash_ids`; the result (galaxies, replicates) holds independent
    Poisson numbers with mean 1, of the replicates from `first_replicate` on. The
    bootstrap with such weights is that of Hanley & MacGibbon 2006, doi:10.1016/j.cmpb.2006.04.006.

    >>> poisson_weights(np.array([7, 8], np.uint64), seed=0, replicates=6).tolist()
    [[2, 1, 0, 1, 0, 0], [1, 1, 0, 1, 1, 1]]
    """
    weights = np.empty((len(hashes), replicates), np.uint8)
    kernels.poisson_weights(hashes, seed, first_replicate, weights)
    return weights


def uniforms(hashes: Hashes, seed: int, stream: int = 0) -> npt.NDArray[np.float64]:
    """One uniform number per galaxy in the open interval (0, 1); each `stream` has its own.

    >>> uniforms(np.array([7, 8], np.uint64), seed=0).round(6).tolist()
    [0.106288, 0.973504]
    """
    numbers = np.empty(len(hashes))
    kernels.uniforms(hashes, seed, stream, numbers)
    return numbers
