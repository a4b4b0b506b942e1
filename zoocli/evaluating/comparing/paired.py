"""Paired differences of mean losses: their jackknife interval and their randomisation test."""

from __future__ import annotations

import numpy as np

from zoocli.evaluating.buckets import BUCKETS, buckets_of
from zoocli.evaluating.comparing.comparison import Difference
from zoocli.evaluating.comparing.flips import p_of_flips
from zoocli.evaluating.intervals import FEWEST_GALAXIES, Spread
from zoocli.foundation.arrays import Floats, Hashes, Mask
from zoocli.foundation.kernels.buckets import add_features

BLOCK = 65_536  # galaxies
NOTHING = Difference(None, None, None, None, None, None, None, None, None, galaxies=0)


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
        galaxies = int(self._galaxies[:, group].sum())
        if not galaxies:
            return NOTHING
        difference = float(self._differences[:, group].sum()) / galaxies
        low, high = self._interval(group, difference, galaxies)
        return Difference(
            mean_baseline=float(self._baseline[:, group].sum()) / galaxies,
            mean_system=float(self._system[:, group].sum()) / galaxies,
            difference=difference,
            low=low,
            high=high,
            p=p_of_flips(self._differences[:, group]),
            p_holm=None,
            better=float(self._better[group] / galaxies),
            tied=float(self._tied[group] / galaxies),
            galaxies=galaxies,
        )

    def _interval(
        self, group: int, difference: float, galaxies: int
    ) -> tuple[float | None, float | None]:
        """Student's, with the spread of the differences without each bucket in turn."""
        counts = self._galaxies[:, group]
        given = (counts > 0) & (counts < galaxies)
        if galaxies < FEWEST_GALAXIES:
            return None, None
        total = difference * galaxies
        spread = Spread.of((total - self._differences[given, group]) / (galaxies - counts[given]))
        return (
            (None, None)
            if spread is None
            else (difference - spread.reach, difference + spread.reach)
        )

    def skewness(self, group: int) -> float | None:
        """How far the test's assumption may be off: the skewness of the mean difference.

        That of the buckets' differences, over the root of their number; None for fewer than 5.
        """
        given = self._galaxies[:, group] > 0
        if given.sum() < FEWEST_GALAXIES:
            return None
        sums = self._differences[given, group] - self._differences[given, group].mean()
        spread = float(np.square(sums).mean())
        if spread == 0.0:
            return None
        return float(np.power(sums, 3).mean() / spread**1.5 / np.sqrt(len(sums)))
