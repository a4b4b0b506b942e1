"""The Poisson bootstrap over galaxies, on sums.

In each replicate every galaxy is drawn a Poisson(1) number of times, which follows from the hash of
its id, the seed and the replicate alone. So the replicates of parts add up to those of the whole,
in any order and any batches. Only galaxies are resampled: the intervals do not include what another
training run or other volunteers would change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.foundation.arrays import Floats, Hashes
from zoocli.foundation.kernels import resampling as kernels
from zoocli.foundation.resampling import WeightArray, poisson_weights

PREFIX = "replicates/"


@dataclass(frozen=True, eq=False)
class Binned:
    """Features (bins, galaxies) with at most one bin per galaxy that is not 0.

    `galaxies` (n,): the positions of the galaxies that have one; `bins` (n,): which of the `size`
    bins it is; `values` (n,): its value.
    """

    bins: npt.NDArray[np.intp]
    values: Floats
    size: int
    galaxies: npt.NDArray[np.intp]

    def sum(self) -> Floats:
        """(bins,): over all galaxies."""
        return np.bincount(self.bins, self.values, self.size).astype(np.float64)

    def drawn(self, weights: WeightArray) -> Floats:
        """(bins, replicates): with the weights (galaxies, replicates) of some replicates."""
        total = np.zeros((self.size, weights.shape[1]))
        kernels.add_drawn(self.galaxies, self.bins, self.values, weights, total)
        return total


def summed(
    features: Mapping[str, Floats | Binned], hashes: Hashes, replicates: int, seed: int
) -> AdditiveArrays:
    """The sums of features (rows, galaxies): of all galaxies, and in each replicate.

    `NAME` (rows,), and with replicates also `replicates/NAME` (rows, replicates).

    >>> found = summed({"one": np.ones((1, 2))}, np.array([7, 8], np.uint64), 3, seed=0)
    >>> found["one"].tolist(), found["replicates/one"].tolist()
    ([2.0], [[3.0, 2.0, 0.0]])
    """
    binned = {name: values for name, values in features.items() if isinstance(values, Binned)}
    dense = {name: values for name, values in features.items() if not isinstance(values, Binned)}
    sums: AdditiveArrays = {name: values.sum(axis=1) for name, values in dense.items()}
    sums |= {name: values.sum() for name, values in binned.items()}
    if not replicates:
        return sums
    weights = poisson_weights(hashes, seed, replicates)
    # One product of large matrices is many times faster than one per feature.
    drawn = np.concatenate(list(dense.values())) @ weights.astype(np.float64)
    ends = np.cumsum([len(values) for values in dense.values()])
    parts = dict(zip(dense, np.split(drawn, ends[:-1]), strict=True))
    parts |= {name: values.drawn(weights) for name, values in binned.items()}
    return sums | {PREFIX + name: part for name, part in parts.items()}


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
