"""What follows from a confusion matrix, as scikit-learn defines it.

From the matrix C (true, predicted) over N galaxies:

- accuracy = trace / N; balanced_accuracy: the mean recall over the answers that some galaxy has;
- per answer: recall = C_jj / support, precision = C_jj / galaxies predicted so, f1 = 2 C_jj / (the
  sum of both denominators), each absent where its denominator is 0;
- `_weighted`: the mean weighted by support (so that recall_weighted is the accuracy); `_macro`: the
  plain mean over the answers that occur on either side; an absent number counts as 0 in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zoocli.statistics.evaluation.metric import divide, mean_of_present

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Confusion:
    """What follows from a confusion matrix (true, predicted), in each of some replicates.

    All (answers, replicates): `right`, its diagonal; `support`, the galaxies that are so;
    `predicted`, those that are predicted so.
    """

    right: Floats
    support: Floats
    predicted: Floats

    @classmethod
    def of(cls, matrix: Floats) -> Confusion:
        """Of a matrix (true, predicted, replicates)."""
        return cls(np.einsum("jjr->jr", matrix), matrix.sum(axis=1), matrix.sum(axis=0))

    @cached_property
    def galaxies(self) -> Floats:
        """(replicates,): all of them."""
        galaxies: Floats = self.support.sum(axis=0)
        return galaxies

    @cached_property
    def of_answers(self) -> dict[str, tuple[Floats, Floats]]:
        """Precision, recall and f1 (answers, replicates), each with its denominator."""
        either = self.support + self.predicted
        return {
            "precision": (divide(self.right, self.predicted), self.predicted),
            "recall": (divide(self.right, self.support), self.support),
            "f1": (divide(2 * self.right, either), either - self.right),
        }

    def of_question(self) -> Iterator[tuple[str, Floats]]:
        """The numbers (replicates,) of the whole question."""
        yield "accuracy", divide(self.right.sum(axis=0), self.galaxies)
        yield "balanced_accuracy", mean_of_present(self.of_answers["recall"][0])
        occurs = self.support + self.predicted > 0
        for metric, (values, _) in self.of_answers.items():
            known = np.nan_to_num(values)
            yield f"{metric}_weighted", divide((self.support * known).sum(axis=0), self.galaxies)
            yield f"{metric}_macro", mean_of_present(np.where(occurs, known, np.nan))
