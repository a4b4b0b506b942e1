"""What the additive statistics of calibration say of some answers: numbers, and curves to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.chi_square import uniformity
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

FEW, MANY = range(2)  # votes for the question: fewer than 20, or more


@dataclass(frozen=True, eq=False)
class Calibration:
    """The calibration of the votes of one answer, or of several that are pooled.

    `count`: galaxies, each once for each answer. `transforms` (edges,): the sum of F(u) at EDGES;
    `randomised` (BINS,): how many randomised transforms lie in each bin.
    """

    count: int
    transforms: Floats
    randomised: Counts

    @classmethod
    def of(
        cls, sums: AdditiveArrays, answers: Sequence[int], strata: Sequence[int] = (FEW, MANY)
    ) -> Calibration:
        """That of the answers at these positions, over galaxies with few votes (0), many (1)."""
        randomised, transforms = (
            sums[f"histograms/{name}"][np.ix_(strata, answers)].sum(axis=(0, 1))
            for name in ("randomised", "transforms")
        )
        return cls(int(randomised.sum()), transforms, randomised)

    @property
    def coverage(self) -> Floats | None:
        """(levels,): how often the votes lie in the central interval of each of LEVELS."""
        return (
            (self.transforms[UPPER] - self.transforms[LOWER]) / self.count if self.count else None
        )

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
