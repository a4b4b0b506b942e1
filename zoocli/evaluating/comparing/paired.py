"""Paired differences of mean losses: their jackknife interval and their randomisation test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoocli.evaluating.buckets import BUCKETS, buckets_of
from zoocli.evaluating.comparing.comparison import Difference
from zoocli.evaluating.comparing.flips import p_of_flips
from zoocli.evaluating.intervals import FEWEST_GALAXIES, Spread
from zoocli.foundation.arrays import Floats, Hashes, Mask
from zoocli.foundation.kernels.buckets import add_features

BLOCK = 65_536  # galaxies
NOTHING = Difference(None, None, None, None, None, None, None, None, None, galaxies=0)


@dataclass(frozen=True, eq=False)
class BucketDifferences:
    """The sums of a system's losses minus those of the baseline, by bucket, and of the galaxies."""

    differences: Floats
    galaxies: Floats

    @property
    def total(self) -> int:
        """All galaxies."""
        return int(self.galaxies.sum())

    @property
    def mean(self) -> float:
        """The difference of the mean losses; of at least one galaxy."""
        return float(self.differences.sum()) / self.total

    @property
    def p(self) -> float:
        """Of the paired randomisation test."""
        return p_of_flips(self.differences)

    def interval(self) -> tuple[float | None, float | None]:
        """Student's, with the spread of the differences without each bucket in turn."""
        counts, galaxies = self.galaxies, self.total
        if galaxies < FEWEST_GALAXIES:
            return None, None
        given = (counts > 0) & (counts < galaxies)
        total = self.mean * galaxies
        spread = Spread.of((total - self.differences[given]) / (galaxies - counts[given]))
        if spread is None:
            return None, None
        return self.mean - spread.reach, self.mean + spread.reach

    def skewness(self) -> float | None:
        """How far the test's assumption may be off: the skewness of the mean difference.

        That of the buckets' differences, over the root of their number; None for fewer than 5.
        """
        given = self.galaxies > 0
        if given.sum() < FEWEST_GALAXIES:
            return None
        sums = self.differences[given] - self.differences[given].mean()
        spread = float(np.square(sums).mean())
        if spread == 0.0:
            return None
        return float(np.power(sums, 3).mean() / spread**1.5 / np.sqrt(len(sums)))


class PairedSums:
    """What adds up over galaxies for one system against the baseline, in each of some groups.

    Galaxies are kept by bucket (`zoocli.evaluating.buckets`): memory does not grow with them.
    """

    def __init__(self, groups: int, seed: int) -> None:
        self._seed = seed
        self._differences = np.zeros((BUCKETS, groups))
        self._galaxies = np.zeros((BUCKETS, groups))
        self._baseline, self._system = np.zeros((BUCKETS, groups)), np.zeros((BUCKETS, groups))
        self._better, self._tied = (np.zeros(groups, np.int64) for _ in range(2))

    def add(self, hashes: Hashes, baseline: Floats, system: Floats, counted: Mask) -> None:
        """Adds some galaxies.

        `baseline` and `system` (galaxies, groups) are losses; those of the galaxies that are not
        `counted` (galaxies, groups) do not matter and may be NaN.
        """
        baseline, system = np.where(counted, baseline, 0.0), np.where(counted, system, 0.0)
        differences = system - baseline
        buckets = buckets_of(hashes, self._seed)
        for total, values in (
            (self._differences, differences),
            (self._galaxies, counted.astype(np.float64)),
            (self._baseline, baseline),
            (self._system, system),
        ):
            add_features(np.ascontiguousarray(values.T), buckets, total)
        self._better += (differences < 0.0).sum(axis=0)
        self._tied += (counted & (differences == 0.0)).sum(axis=0)

    def results(self) -> list[Difference]:
        """One `Difference` a group, without adjusted p-values."""
        return [self._result(group) for group in range(len(self._better))]

    def _result(self, group: int) -> Difference:
        paired = self._paired(group)
        galaxies = paired.total
        if not galaxies:
            return NOTHING
        low, high = paired.interval()
        return Difference(
            mean_baseline=float(self._baseline[:, group].sum()) / galaxies,
            mean_system=float(self._system[:, group].sum()) / galaxies,
            difference=paired.mean,
            low=low,
            high=high,
            p=paired.p,
            p_holm=None,
            better=float(self._better[group] / galaxies),
            tied=float(self._tied[group] / galaxies),
            galaxies=galaxies,
        )

    def skewness(self, group: int) -> float | None:
        """That of the mean difference of a group."""
        return self._paired(group).skewness()

    def _paired(self, group: int) -> BucketDifferences:
        return BucketDifferences(self._differences[:, group], self._galaxies[:, group])
