"""How well predictions put cases in order: purity against completeness, ROC AUC.

Cases with the predicted number p are positive or negative. Those with p at least as high as a
threshold have the purity (precision) P = positives / cases and the completeness (recall) R =
positives / all positives. Over all thresholds, from high to low, as scikit-learn defines them:

- average_precision = sum (R_i - R_(i-1)) P_i;
- roc_auc: the probability that a positive case has a higher p than a negative one, ties counting
  half.

p is known by 1,000 equal bins: cases of one bin are ties. Absent where there are no positive, or no
negative, cases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoocli.evaluating.metric import divide
from zoocli.foundation.arrays import Floats

POSITIVE, NEGATIVE = range(2)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Cases by bins of their predicted number, from low to high: (..., bins, for and against)."""

    cases: Floats

    @property
    def average_precision(self) -> Floats:
        """(...,): the area below the curve of purity against completeness."""
        positives, negatives = self._falling()
        cases = positives.cumsum(axis=-1) + negatives.cumsum(axis=-1)
        purity = np.nan_to_num(divide(positives.cumsum(axis=-1), cases))
        area: Floats = divide((positives * purity).sum(axis=-1), positives.sum(axis=-1))
        return np.where(negatives.sum(axis=-1) > 0, area, np.nan)

    @property
    def roc_auc(self) -> Floats:
        """(...,): the area below the curve of completeness against the share of negatives."""
        positives, negatives = self._falling()
        above = positives.cumsum(axis=-1) - positives / 2
        pairs = positives.sum(axis=-1) * negatives.sum(axis=-1)
        return divide((negatives * above).sum(axis=-1), pairs)

    def curve(self) -> tuple[Floats, Floats]:
        """Completeness and purity at each threshold from high to low, of one set of cases."""
        positives, negatives = self._falling()
        given = positives + negatives > 0
        found, cases = positives.cumsum()[given], (positives + negatives).cumsum()[given]
        return divide(found, positives.sum()), divide(found, cases)

    def _falling(self) -> tuple[Floats, Floats]:
        falling = self.cases[..., ::-1, :].astype(np.float64)
        return falling[..., POSITIVE], falling[..., NEGATIVE]


def shifted(exact: Floats, coarse: Floats) -> Floats:
    """(rows, 1 + buckets): exact numbers (rows,), and how coarse ones of fewer bins change."""
    changed: Floats = exact[:, np.newaxis] + coarse - coarse[:, :1]
    changed[:, 0] = exact
    return changed
