"""What the additive statistics of calibration say of some answers: numbers, and curves to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoocli.kernels.calibration import OBSERVED, PREDICTED, SQUARES
from zoocli.statistics.chi_square import uniformity
from zoocli.statistics.evaluation.additive import AdditiveArrays
from zoocli.statistics.evaluation.metric import divide

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

LEVELS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99])
BINS = 20  # of the histograms of the probability integral transform
FRACTION_BINS = 1000  # of predicted fractions
CURVE_POINTS = 20

# Where the transforms are summed: the inner edges of the histogram, and those of the central
# intervals of LEVELS, which lie among them but for the last two on either side. They are symmetric,
# so that the intervals open up from the middle one.
EDGES = np.concatenate([[0.005, 0.025], np.arange(1, BINS) / BINS, [0.975, 0.995]])
MIDDLE = len(EDGES) // 2
LOWER, UPPER = slice(MIDDLE - 1, None, -1), slice(MIDDLE + 1, None)
HISTOGRAM = slice(2, -2)


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """Predicted against observed fractions, in groups of nearly the same number of galaxies.

    All (groups,): the mean `predicted` and `observed` fraction, the number of `galaxies` (each
    once for each answer that is pooled), and `se`, the standard error of observed - predicted; NaN
    for a group of one.
    """

    predicted: Floats
    observed: Floats
    se: Floats
    galaxies: Counts


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


def reliability_curve(counts: Counts, sums: Floats, groups: int = CURVE_POINTS) -> ReliabilityCurve:
    """Fixed bins of predictions merged into at most `groups`, cut at the quantiles nearest to them.

    `counts` (bins,): galaxies; `sums` (bins, 3): their sums of predicted, of observed, and of the
    squared difference. A bin is never divided: predictions that are nearly equal make fewer groups.
    """
    group = quantile_groups(counts, groups)
    galaxies = np.bincount(group, counts, groups).astype(np.int64)
    merged = np.stack([np.bincount(group, row, groups) for row in sums.T])
    merged, galaxies = merged[:, galaxies > 0], galaxies[galaxies > 0]
    difference = merged[OBSERVED] - merged[PREDICTED]
    spread = np.maximum(merged[SQUARES] - np.square(difference) / galaxies, 0.0)
    se = np.sqrt(divide(spread, galaxies * (galaxies - 1.0)))
    return ReliabilityCurve(merged[PREDICTED] / galaxies, merged[OBSERVED] / galaxies, se, galaxies)


def quantile_groups(counts: Counts, groups: int = CURVE_POINTS) -> npt.NDArray[np.intp]:
    """(bins,): the group of each bin, which is that of the quantile at its middle.

    >>> quantile_groups(np.array([2, 2, 0, 4]), 2).tolist()
    [0, 0, 1, 1]
    """
    middles = np.cumsum(counts) - counts / 2
    group = (middles * groups / max(int(counts.sum()), 1)).astype(np.intp)
    return group.clip(0, groups - 1)
