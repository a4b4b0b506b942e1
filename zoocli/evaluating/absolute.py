"""How far off a mean of absolute values may be, such as a calibration error.

Noise only adds to an absolute value: where all differences are truly 0 their mean absolute value is
not, and an interval from its own spread would never reach 0. But two such means differ by no more
than the mean absolute change of the differences. If the changes D_i are jointly normal with
standard errors s_i and correlations r_ij, that mean W = sum w_i |D_i| has

    E W = sqrt(2 / pi) sum w_i s_i
    var W = (2 / pi) sum w_i w_j s_i s_j (sqrt(1 - r_ij^2) + r_ij asin r_ij - 1)

and 95 % of it lie below E W + 1.927 sd W where all changes are one, and below less where they are
many. The bound covers at least that often.
"""

from __future__ import annotations

import math

import numpy as np

from zoocli.evaluating.intervals import DEVIATIONS
from zoocli.evaluating.student import student_quantile
from zoocli.foundation.arrays import Floats

MEAN = math.sqrt(2 / math.pi)  # of the absolute value of a standard normal number
# Half-normal: its 95 % quantile is this many standard deviations above its mean.
DEVIATIONS_ABOVE = (DEVIATIONS - MEAN) / math.sqrt(1 - MEAN**2)
MOST_ROWS = 4096  # of which every two are set beside each other


class AbsoluteMeans:
    """Weighted means of |differences|, from `differences` (rows, 1 + buckets), the whole first."""

    def __init__(self, differences: Floats) -> None:
        self._whole = np.abs(np.nan_to_num(differences[:, 0]))
        without = differences[:, 1:]
        known = np.isfinite(without) & np.isfinite(differences[:, :1])
        changes = np.where(known, without - differences[:, :1], 0.0)
        # A bucket without any galaxy of a row changes nothing there.
        self._buckets = (changes != 0.0).sum(axis=1)
        means = changes.sum(axis=1) / np.maximum(self._buckets, 1)
        deviations = np.where(changes != 0.0, changes - means[:, np.newaxis], 0.0)
        m = np.maximum(self._buckets, 2)
        self._se = np.sqrt(np.square(deviations).sum(axis=1) * m / (m - 1))
        sizes = np.sqrt(np.square(deviations).sum(axis=1))
        self._unit = deviations / np.where(sizes > 0, sizes, 1.0)[:, np.newaxis]

    @staticmethod
    def _variance(scaled: Floats, unit: Floats) -> float:
        """Of the sum of the absolute values; of very many rows its upper bound, with r = 1."""
        if len(unit) > MOST_ROWS:
            return float(MEAN**2 * (math.pi / 2 - 1) * scaled.sum() ** 2)
        r = (unit @ unit.T).clip(-1.0, 1.0)
        covariance = MEAN**2 * (np.sqrt(1 - r * r) + r * np.arcsin(r) - 1)
        return float(scaled @ covariance @ scaled)

    def weighted(self, weights: Floats) -> tuple[float, float | None]:
        """The sum with `weights` (rows,), which for a mean add up to 1, and how far off it may be.

        None where there are fewer than two buckets.
        """
        value = float(weights @ self._whole)
        given = weights > 0
        buckets = int(self._buckets[given].max(initial=0))
        if buckets < 2:
            return value, None
        scaled = (weights * self._se)[given]
        variance = self._variance(scaled, self._unit[given])
        reach = MEAN * scaled.sum() + DEVIATIONS_ABOVE * math.sqrt(max(variance, 0.0))
        return value, float(reach * student_quantile(buckets - 1) / DEVIATIONS)
