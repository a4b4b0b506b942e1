"""The Poisson bootstrap over galaxies, on sums.

In each replicate every galaxy is drawn a Poisson(1) number of times, which follows from the hash of
its id, the seed and the replicate alone. So the replicates of parts add up to those of the whole,
in any order and any batches. What is resampled is the galaxies: how much another training run or
other volunteers would change is not in the intervals.
"""

from __future__ import annotations

import numpy as np

from zoocli.hashing import HashArray
from zoocli.resampling import poisson_weights
from zoocli.statistics.evaluation.additive import AdditiveArrays

PREFIX = "replicates/"


def summed(
    features: AdditiveArrays, hashes: HashArray, replicates: int, seed: int
) -> AdditiveArrays:
    """The sums of features (rows, galaxies): of all galaxies, and in each replicate.

    `NAME` (rows,), and with replicates also `replicates/NAME` (rows, replicates).

    >>> found = summed({"one": np.ones((1, 2))}, np.array([7, 8], np.uint64), 3, seed=0)
    >>> found["one"].tolist(), found["replicates/one"].tolist()
    ([2.0], [[3.0, 2.0, 0.0]])
    """
    sums = {name: values.sum(axis=1) for name, values in features.items()}
    if not replicates:
        return sums
    weights = poisson_weights(hashes, seed, replicates).astype(np.float64)
    # One product of large matrices is many times faster than one for each feature.
    drawn = np.concatenate(list(features.values())) @ weights
    ends = np.cumsum([len(values) for values in features.values()])
    parts = np.split(drawn, ends[:-1])
    return sums | {PREFIX + name: part for name, part in zip(features, parts, strict=True)}


def replicate_sums(sums: AdditiveArrays) -> AdditiveArrays | None:
    """The sums of the replicates under the names of their features; None where there are none."""
    found = {
        name.removeprefix(PREFIX): values
        for name, values in sums.items()
        if name.startswith(PREFIX)
    }
    return found or None


def point_sums(sums: AdditiveArrays) -> AdditiveArrays:
    """The sums of all galaxies as one replicate: (..., 1)."""
    return {name: values[..., np.newaxis] for name, values in sums.items()}
