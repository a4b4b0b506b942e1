"""Reliability curves: mean predictions against mean observations, in groups of galaxies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.metric import divide
from zoocli.foundation.arrays import Counts, Floats

FRACTION_BINS = 1000  # of predicted fractions or probabilities
CURVE_POINTS = 20
PREDICTED, OBSERVED, SQUARES = range(3)  # the sums of each bin


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

    @property
    def debiased_error(self) -> float | None:
        """sqrt(max(0, sum_g (n_g / N) (d_g^2 - se_g^2))), d = observed - predicted.

        The root mean square distance from the diagonal without what noise adds to it; groups of
        one galaxy, whose noise is not known, are left out. None where nothing is left.
        """
        known = ~np.isnan(self.se)
        if not known.any():
            return None
        weights = self.galaxies[known] / self.galaxies[known].sum()
        squares = np.square(self.observed - self.predicted) - np.square(self.se)
        return float(np.sqrt(max(0.0, weights @ squares[known])))


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
