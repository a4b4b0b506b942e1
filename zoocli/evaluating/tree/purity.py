"""How well the predicted fraction of an answer puts votes in order: `zoocli.evaluating.ranking`.

A vote is a case: of a galaxy with k of n votes for the answer k are positive and n - k negative,
all at the predicted fraction p. So no galaxy has to be decided, and votes that disagree cost what
they should. Over the galaxies that count; of a question, a campaign and overall: the mean over the
answers that have the number. Intervals come from the same numbers with p in 50 bins.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import coarsened
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.metric import Estimate, Scale, mean_of_present
from zoocli.evaluating.ranking import Ranking, shifted
from zoocli.evaluating.tree.levels import levels
from zoocli.foundation.arrays import Floats
from zoocli.foundation.kernels.tree_features import NEGATIVE, POSITIVE
from zoocli.schema import Schema

GLOSSARY = {
    "AP (average precision), ROC AUC": "Of the predicted fraction, each vote being a case: the "
    "area below purity against completeness, and the probability that a vote for the answer has a "
    "higher predicted fraction than a vote for another.",
}


class Purity(Family):
    """Of a decision tree."""

    shown = (Shown("average_precision", "AP", Place.PARTS),)
    glossary = GLOSSARY

    def __init__(self, schema: Schema, sums: AdditiveArrays) -> None:
        self._schema, self._whole = schema, sums

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The numbers of every answer and level."""
        exact = Ranking(cases_of(self._whole))
        coarse = Ranking(np.moveaxis(sums["cases"], -1, 1))  # (answers, 1 + buckets, bins, sides)
        found: dict[str, Floats] = {
            "average_precision": shifted(exact.average_precision, coarse.average_precision),
            "roc_auc": shifted(exact.roc_auc, coarse.roc_auc),
        }
        of_questions = sums["by_votes/galaxies"].sum(axis=0)
        of_levels = coarsened(sums["counted/levels"])
        for galaxies, question in zip(of_questions, self._schema.questions, strict=True):
            for answer in question.answers:
                for metric, values in found.items():
                    yield Estimate(
                        question.name, answer.name, metric, values[answer.index], galaxies, SCALE
                    )
        for level, (name, members) in enumerate(levels(self._schema).items()):
            at = [answer.index for i in members for answer in self._schema.questions[i].answers]
            for metric, values in found.items():
                N = of_levels[level] if len(members) > 1 else of_questions[members[0]]
                yield Estimate(name, None, metric, mean_of_present(values[at]), N, SCALE)


SCALE = Scale.LOG_REST


def cases_of(sums: AdditiveArrays) -> Floats:
    """(answers, bins, for and against): votes by their galaxy's predicted fraction."""
    bins: Floats = sums["histograms/bins"][..., [POSITIVE, NEGATIVE]]
    return bins
