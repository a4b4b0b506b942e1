"""Sums by bucket, and what is left of them without each bucket in turn.

A galaxy belongs to one of 1,024 buckets by the hash of its id and the seed, and every sum that has
an interval is kept per bucket. Such sums add up over batches and parts in any order. The number
that they give without one bucket, for each bucket in turn, shows how it varies (the delete-a-group
jackknife: `zoocli.evaluating.intervals`) without random numbers. With few galaxies nearly every one
has a bucket of its own. Only galaxies are left out: the intervals do not include what another
training run or other volunteers would change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays, add
from zoocli.foundation.arrays import Floats, Hashes
from zoocli.foundation.kernels import buckets as kernels
from zoocli.foundation.kernels.resampling import BUCKETS as PURPOSE
from zoocli.foundation.kernels.resampling import random_words

BITS = 10
BUCKETS = 1 << BITS
COARSE = BUCKETS // 4  # for sums of which there are many
PREFIX = "buckets/"

Places = npt.NDArray[np.int64]


def buckets_of(hashes: Hashes, seed: int) -> Places:
    """The bucket of each galaxy, from 0 to 1,023.

    >>> buckets_of(np.array([7, 8], np.uint64), seed=0).tolist()
    [503, 58]
    """
    words = np.empty((len(hashes), 1), np.uint64)
    random_words(np.ascontiguousarray(hashes), seed, PURPOSE, 0, words)
    return (words[:, 0] >> np.uint64(64 - BITS)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Binned:
    """A feature with one bin per galaxy that is not 0: a number in one of `size` bins.

    `galaxies` (n,): the positions of the galaxies that have one; `bins` and `values` (n,).
    """

    bins: npt.NDArray[np.intp]
    values: Floats
    size: int
    galaxies: npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Addend:
    """What some galaxies add: features (rows, galaxies) by bucket, and plain sums beside them."""

    buckets: Places
    features: Mapping[str, Floats | Binned]
    others: AdditiveArrays


@dataclass
class BucketSums:
    """Everything that is added up, galaxies in their order.

    Of a feature `NAME` there is `buckets/NAME` (buckets, rows); of a binned one (256, bins), since
    four buckets share a row.
    """

    _sums: AdditiveArrays = field(default_factory=dict)

    def add(self, addend: Addend) -> None:
        """Adds some galaxies."""
        for name, feature in addend.features.items():
            if isinstance(feature, Binned):
                total = self._total(name, (COARSE, feature.size))
                coarse = addend.buckets[feature.galaxies] // (BUCKETS // COARSE)
                places = coarse * feature.size + feature.bins
                kernels.add_at(places, np.ascontiguousarray(feature.values), total.reshape(-1))
            else:
                total = self._total(name, (BUCKETS, len(feature)))
                kernels.add_features(
                    np.ascontiguousarray(feature, np.float64), addend.buckets, total
                )
        add(self._sums, addend.others)

    def _total(self, name: str, shape: tuple[int, int]) -> Floats:
        return self._sums.setdefault(PREFIX + name, np.zeros(shape))

    @property
    def nbytes(self) -> int:
        """What they take."""
        return sum(values.nbytes for values in self._sums.values())

    def arrays(self) -> AdditiveArrays:
        """The sums under their names."""
        return self._sums


def totals_of(sums: AdditiveArrays) -> AdditiveArrays:
    """The sums over all buckets, under the names of their features."""
    return {
        name.removeprefix(PREFIX): values.sum(axis=0)
        for name, values in sums.items()
        if name.startswith(PREFIX)
    }


def coarsened(without: Floats) -> Floats:
    """(rows, 257) of the sums of `leave_one_out` (rows, 1,025): without four buckets at a time."""
    total = without[:, :1]
    of_buckets = (total - without[:, 1:]).reshape(len(without), COARSE, -1)
    return np.concatenate([total, total - of_buckets.sum(axis=-1)], axis=1)


def leave_one_out(sums: AdditiveArrays) -> AdditiveArrays:
    """The sums of all galaxies, then those without each bucket in turn: (rows, 1 + buckets).

    >>> leave_one_out({"buckets/one": np.array([[1.0], [2.0]])})
    {'one': array([[3., 2., 1.]])}
    """
    found: AdditiveArrays = {}
    for name, values in sums.items():
        if name.startswith(PREFIX):
            total = values.sum(axis=0)
            with np.errstate(invalid="ignore", over="ignore"):
                without = np.concatenate([total[np.newaxis], total - values])
            found[name.removeprefix(PREFIX)] = np.ascontiguousarray(np.moveaxis(without, 0, -1))
    return found
