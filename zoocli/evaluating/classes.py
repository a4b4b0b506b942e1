"""Evaluating predicted classes against labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.columns import from_numpy
from zoocli.evaluating.evaluator import Collected, Evaluator
from zoocli.evaluating.options import EvaluateOptions
from zoocli.hashing import hash_ids
from zoocli.scoring import Scoring
from zoocli.scoring.classes import ClassTask
from zoocli.scoring.matched import Matched
from zoocli.scoring.task import Losses
from zoocli.statistics.evaluation.additive import AdditiveArrays
from zoocli.statistics.evaluation.classes.collecting import collect
from zoocli.statistics.evaluation.classes.galaxies import LabelledGalaxies
from zoocli.statistics.evaluation.classes.result import ClassEvaluation
from zoocli.statistics.evaluation.tree.worst import ScoredGalaxy


class ClassEvaluator(Evaluator):
    """For one label a galaxy."""

    copies = 4

    def __init__(self, task: ClassTask, labels: npt.NDArray[Any], options: EvaluateOptions) -> None:
        self._task, self._labels, self._options = task, labels, options

    def collect(self, matched: Matched, losses: Losses) -> Collected:
        """What the matched galaxies of a batch add."""
        predictions = self._task.predictions(matched)
        galaxies = LabelledGalaxies(
            np.ascontiguousarray(predictions.T),
            np.ascontiguousarray(self._task.probabilities(predictions).T),
            self._labels[matched.held_rows, 0],
            losses.loss,
            hash_ids(matched.text.take(from_numpy(matched.rows))),
        )
        return Collected(losses, collect(galaxies, self._options.bootstrap, self._options.seed))

    def evaluation(
        self, scoring: Scoring, sums: AdditiveArrays, worst: list[ScoredGalaxy]
    ) -> ClassEvaluation:
        """The evaluation, from what all batches added."""
        return ClassEvaluation(
            loss=scoring.loss,
            settings=scoring.settings | self._options.bootstrap_settings(),
            matching=scoring.matching,
            sums=sums,
            notes=scoring.notes,
        )
