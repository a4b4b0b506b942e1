"""What the additive statistics of calibration say of some answers: numbers, and curves to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.chi_square import uniformity
from zoocli.evaluating.reliability import (
    CURVE_POINTS,
    ReliabilityCurve,
    reliability_curve,
)
from zoocli.foundation.arrays import Counts, Floats

LEVELS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99])
BINS = 20  # of the histograms of the probability integral transform

# Where the transforms are summed: the inner edges of the histogram, and those of the central
# intervals of LEVELS, which are among them except for the last two on either side. They are
# symmetric, so that the intervals open up from the middle one.
EDGES = np.concatenate([[0.005, 0.025], np.arange(1, BINS) / BINS, [0.975, 0.995]])
MIDDLE = len(EDGES) // 2
LOWER, UPPER = slice(MIDDLE - 1, None, -1), slice(MIDDLE + 1, None)
HISTOGRAM = slice(2, -2)


@dataclass(frozen=True, eq=False)
class Calibration:
    """The calibration of the votes of one answer, or of several that are pooled.

    `count`: galaxies, each once for each answer. `transforms` (edges,): the sum of F(u) at EDGES;
    `randomised` (BINS,): how many randomised transforms lie in each bin; `deviation`: the sum of
    the predicted standard deviations of k / n; `fraction_counts` (FRACTION_BINS,) and
    `fraction_sums` (FRACTION_BINS, 3): by the predicted fraction, the galaxies and the sums of
    predicted fraction, observed fraction and squared difference.
    """

    count: int
    transforms: Floats
    randomised: Counts
    deviation: float
    fraction_counts: Counts
    fraction_sums: Floats

    @classmethod
    def of(
        cls, sums: AdditiveArrays, answers: Sequence[int], strata: Sequence[int] = (0, 1)
    ) -> Calibration:
        """That of the answers at these positions, over galaxies with few votes (0), many (1)."""
        randomised, transforms, deviation, counts, fractions = (
            sums[f"calibration/{name}"][np.ix_(strata, answers)].sum(axis=(0, 1))
            for name in (
                "randomised",
                "transforms",
                "deviation",
                "fraction_counts",
                "fraction_sums",
            )
        )
        return cls(
            int(randomised.sum()), transforms, randomised, float(deviation), counts, fractions
        )

    @property
    def coverage(self) -> Floats | None:
        """(levels,): how often the votes lie in the central interval of each of LEVELS."""
        return (
            (self.transforms[UPPER] - self.transforms[LOWER]) / self.count if self.count else None
        )

    @property
    def error(self) -> float | None:
        """The mean over LEVELS of |coverage - level|."""
        coverage = self.coverage
        return None if coverage is None else float(np.abs(coverage - LEVELS).mean())

    @property
    def sharpness(self) -> float | None:
        """The mean predicted standard deviation of k / n; of calibrated models less is better."""
        return self.deviation / self.count if self.count else None

    @property
    def uniformity(self) -> tuple[float, float] | None:
        """Chi-square and p-value of the randomised transform; None below 100 galaxies."""
        return uniformity(self.randomised)

    @property
    def histogram(self) -> Floats | None:
        """(BINS,): the density of the non-randomised transform in equal bins from 0 to 1; mean 1.

        Flat for calibrated predictions, a valley for those too sure of themselves, a hill for those
        not sure enough (Czado, Gneiting & Held 2009, doi:10.1111/j.1541-0420.2009.01191.x).
        """
        if not self.count:
            return None
        distribution = np.concatenate([[0.0], self.transforms[HISTOGRAM] / self.count, [1.0]])
        return np.diff(distribution) * BINS

    def reliability(self, groups: int = CURVE_POINTS) -> ReliabilityCurve:
        """The fixed bins merged into at most `groups` groups: see `reliability_curve`."""
        return reliability_curve(self.fraction_counts, self.fraction_sums, groups)
