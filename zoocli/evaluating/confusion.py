"""What follows from a confusion matrix, as scikit-learn defines it.

From the matrix C (true, predicted) over N galaxies:

- accuracy = trace / N; balanced_accuracy: the mean recall over the answers that some galaxy has;
- per answer: recall = C_jj / support, precision = C_jj / galaxies predicted so, f1 = 2 C_jj / (the
  sum of both denominators), each absent where its denominator is 0;
- `_weighted`: the mean weighted by support (so that recall_weighted is the accuracy); `_macro`: the
  plain mean over the answers that occur on either side; an absent number counts as 0 in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.intervals import HalfGalaxies
from zoocli.evaluating.metric import Estimate, Key, divide, mean_of_present
from zoocli.foundation.arrays import Floats


@dataclass(frozen=True, eq=False)
class Confusion:
    """What follows from a confusion matrix (true, predicted), for some sets of galaxies at once.

    All (answers, sets): `right`, its diagonal; `support`, the galaxies that are so;
    `predicted`, those that are predicted so.
    """

    right: Floats
    support: Floats
    predicted: Floats

    @classmethod
    def of(cls, matrix: Floats) -> Confusion:
        """Of a matrix (true, predicted, sets)."""
        return cls(np.einsum("jjr->jr", matrix), matrix.sum(axis=1), matrix.sum(axis=0))

    def part(self, answers: slice) -> Confusion:
        """That of some of the answers, as of one question."""
        return Confusion(self.right[answers], self.support[answers], self.predicted[answers])

    @cached_property
    def galaxies(self) -> Floats:
        """(sets,): all of them."""
        galaxies: Floats = self.support.sum(axis=0)
        return galaxies

    @cached_property
    def of_answers(self) -> dict[str, tuple[Floats, Floats]]:
        """Precision, recall and f1 (answers, sets), each with its denominator."""
        either = self.support + self.predicted
        return {
            "precision": (divide(self.right, self.predicted), self.predicted),
            "recall": (divide(self.right, self.support), self.support),
            "f1": (divide(2 * self.right, either), either - self.right),
        }

    def of_question(self) -> Iterator[tuple[str, Floats]]:
        """The numbers (sets,) of the whole question."""
        yield "accuracy", divide(self.right.sum(axis=0), self.galaxies)
        yield "balanced_accuracy", mean_of_present(self.of_answers["recall"][0])
        occurs = self.support + self.predicted > 0
        for metric, (values, _) in self.of_answers.items():
            known = np.nan_to_num(values)
            yield f"{metric}_weighted", divide((self.support * known).sum(axis=0), self.galaxies)
            yield f"{metric}_macro", mean_of_present(np.where(occurs, known, np.nan))


@dataclass(frozen=True, eq=False)
class HalfMatrix:
    """Half a galaxy right and half a galaxy wrong for each answer: see `intervals`.

    `seen` (answers, 1) is the confusion of all galaxies, of one question or of several one after
    the other; `cells` (true, predicted) are the halves. An answer that no galaxy has gets none.
    The wrong half is spread evenly over the other answers of its question that occur.
    """

    seen: Confusion
    cells: Floats

    @classmethod
    def of(cls, seen: Confusion, question_of: npt.NDArray[np.intp]) -> HalfMatrix:
        """`question_of` (answers,): the number of each answer's question."""
        given = seen.support[:, 0] > 0
        occurs = given | (seen.predicted[:, 0] > 0)
        own = np.eye(len(given), dtype=np.bool_)
        others = (question_of[:, np.newaxis] == question_of) & occurs & ~own
        wrong = np.nan_to_num(divide(others, others.sum(axis=1, keepdims=True)))
        return cls(seen, 0.5 * given[:, np.newaxis] * (own + wrong))

    def confusions(self) -> Confusion:
        """What was seen (answers, 2 + 3 answers): as it is, with the halves, and with one galaxy.

        That one is, for each answer: right; only the label of a wrong one; only its prediction.
        """
        one = np.eye(len(self.cells))
        none = np.zeros_like(one)
        before = np.zeros((len(one), 1))
        right, support, predicted = (
            added[:, np.newaxis]
            for added in (np.diag(self.cells), self.cells.sum(axis=1), self.cells.sum(axis=0))
        )
        return Confusion(
            self.seen.right + np.hstack([before, right, one, none, none]),
            self.seen.support + np.hstack([before, support, one, one, none]),
            self.seen.predicted + np.hstack([before, predicted, one, none, one]),
        )

    def effect(self, values: Floats) -> HalfGalaxies:
        """On a share, from its values (2 + 3 answers,) for `confusions`.

        The variance is the sum over cells of the galaxies there times the squared change that one
        makes, as of Poisson numbers. That of a wrong one is the sum of what its label and what its
        prediction change.
        """
        right, label, prediction = np.split(np.nan_to_num(values[2:] - values[0]), 3)
        labels, predictions = np.flatnonzero(label), np.flatnonzero(prediction)
        both = self._wrong[np.ix_(labels, predictions)]  # few cells, where one answer matters
        variance = (
            np.diag(self.cells) @ np.square(right)
            + self._wrong_sums[1] @ np.square(label)
            + 2 * label[labels] @ both @ prediction[predictions]
            + self._wrong_sums[0] @ np.square(prediction)
        )
        return HalfGalaxies(float(values[1]), float(variance))

    @cached_property
    def _wrong(self) -> Floats:
        """The halves that are wrong."""
        wrong: Floats = self.cells - np.diag(np.diag(self.cells))
        return wrong

    @cached_property
    def _wrong_sums(self) -> tuple[Floats, Floats]:
        """Of each predicted and of each true answer."""
        return self._wrong.sum(axis=0), self._wrong.sum(axis=1)

    def effects(self, estimates: Iterable[Estimate]) -> dict[Key, HalfGalaxies]:
        """On all shares that were estimated from `confusions`."""
        return {one.key: self.effect(one.values) for one in estimates}
