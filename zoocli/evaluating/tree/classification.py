"""The answer predicted most against the answer voted most.

Of several equally large ones the first is taken; `ties_observed` and `ties_predicted` count the
galaxies where that happened. The numbers, from the confusion matrix (true, predicted) of a
question's counted galaxies, are those of `zoocli.evaluating.confusion`.

The same with `:confident` for the galaxies whose volunteers agree. Of a campaign and overall: the
mean over the questions that have the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import PREFIX
from zoocli.evaluating.confusion import Confusion, HalfMatrix
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.intervals import HalfGalaxies
from zoocli.evaluating.metric import (
    Estimate,
    Key,
    Metric,
    Scale,
    mean_of_present,
)
from zoocli.evaluating.tree.levels import levels
from zoocli.foundation.arrays import Floats
from zoocli.schema import Schema

PARTS = {"": "counted", ":confident": "confident"}  # as metrics and as sums name them
BOTH = Place.PAPER | Place.ROWS


def cells(schema: Schema) -> list[slice]:
    """Where each question's confusion matrix is among all cells.

    >>> cells(Schema({"ring": ["_yes", "_no"], "bar": ["_a", "_b"]}, {"ring": None, "bar": None}))
    [slice(0, 4, None), slice(4, 8, None)]
    """
    ends = np.cumsum([0, *(len(question.answers) ** 2 for question in schema.questions)])
    return [slice(int(start), int(end)) for start, end in pairwise(ends)]


GLOSSARY = {
    "accuracy, balanced accuracy, precision, recall, F1": "Of the answer with the highest "
    "predicted fraction against the answer with the most votes; ties go to the first. "
    "Balanced: the mean recall of the answers that occur. F1 of a question: weighted by "
    "support.",
}


class Classification(Family):
    """Of a decision tree."""

    shown = (
        Shown("accuracy", "accuracy", BOTH | Place.INTERVAL | Place.HEADLINE),
        Shown("f1_weighted", "F1", Place.PAPER),
        Shown("precision", "precision", Place.PARTS),
        Shown("recall", "recall", Place.PARTS),
        Shown("f1", "F1", Place.PARTS),
    )
    glossary = GLOSSARY

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The numbers of every answer and level."""
        for suffix, part in PARTS.items():
            confusion = _pooled(sums[f"{part}/confusion"], self._schema)
            yield from _estimates(confusion, sums[f"{part}/levels"], self._schema, suffix)

    def shares(self, sums: AdditiveArrays) -> Mapping[Key, HalfGalaxies]:
        """All of them are shares: what half galaxies do to each."""
        sizes = [len(question.answers) for question in self._schema.questions]
        question_of = np.repeat(np.arange(len(sizes)), sizes)
        found: dict[Key, HalfGalaxies] = {}
        for suffix, part in PARTS.items():
            confusion = _pooled(sums[f"{part}/confusion"][:, np.newaxis], self._schema)
            halves = HalfMatrix.of(confusion, question_of)
            galaxies = sums[f"{part}/levels"][:, np.newaxis]
            found |= halves.effects(_estimates(halves.confusions(), galaxies, self._schema, suffix))
        return found

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The ties of each question."""
        starts = [part.start for part in cells(self._schema)]
        counts = sums[f"{PREFIX}counted/confusion"].sum(axis=0)
        galaxies = np.add.reduceat(counts, starts)
        for side, ties in zip(("observed", "predicted"), sums["histograms/ties"], strict=True):
            for question, count, counted in zip(
                self._schema.questions, ties, galaxies, strict=True
            ):
                yield Metric(question.name, None, f"ties_{side}", float(count), N=int(counted))


def _pooled(counts: Floats, schema: Schema) -> Confusion:
    """That of all answers, question by question, from the cells (cells, 1 + buckets)."""
    confusions = []
    for question, place in zip(schema.questions, cells(schema), strict=True):
        size = len(question.answers)
        confusions.append(Confusion.of(counts[place].reshape(size, size, -1)))
    return Confusion(
        np.concatenate([one.right for one in confusions]),
        np.concatenate([one.support for one in confusions]),
        np.concatenate([one.predicted for one in confusions]),
    )


def _estimates(
    pooled: Confusion, galaxies: Floats, schema: Schema, suffix: str
) -> Iterator[Estimate]:
    """Answers, question by question; then levels, with `galaxies` (levels, 1 + buckets)."""
    found: list[dict[str, Floats]] = []
    for question in schema.questions:
        confusion = pooled.part(question.columns)
        found.append(dict(confusion.of_question()))
        for metric, (values, counted) in confusion.of_answers.items():
            for answer, one, n in zip(question.answers, values, counted, strict=True):
                yield Estimate(question.name, answer.name, metric + suffix, one, n, Scale.SHARE)
    for level, (name, members) in enumerate(levels(schema).items()):
        for metric in found[0]:
            values = mean_of_present(np.stack([found[position][metric] for position in members]))
            yield Estimate(name, None, metric + suffix, values, galaxies[level], Scale.SHARE)
