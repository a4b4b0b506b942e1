"""Evaluating predicted values against true ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.evaluator import Collected, Evaluator
from zoocli.evaluating.tree.worst import ScoredGalaxy
from zoocli.evaluating.values.collecting import collect
from zoocli.evaluating.values.galaxies import ValuedGalaxies, centres_of
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.foundation.columns import from_numpy
from zoocli.foundation.hashing import hash_ids
from zoocli.matching.matched import Matched
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.provenance import with_settings
from zoocli.scoring.result import ScoreResult
from zoocli.scoring.scorers.scorer import Losses
from zoocli.scoring.scorers.values import ValueScorer


class ValueEvaluator(Evaluator):
    """For one number a target."""

    copies = 4

    def __init__(
        self, scorer: ValueScorer, labels: npt.NDArray[Any], options: EvaluateOptions
    ) -> None:
        self._scorer, self._labels, self._options = scorer, labels, options
        self._centres = centres_of(labels)

    def collect(self, matched: Matched, losses: Losses) -> Collected:
        """What the matched galaxies of a batch add."""
        several = len(losses.parts) > 0
        galaxies = ValuedGalaxies(
            np.stack(losses.read[0].chosen()),
            np.ascontiguousarray(self._labels[matched.held_rows].T),
            losses.parts if several else losses.loss[np.newaxis],
            losses.loss,
            hash_ids(matched.text.take(from_numpy(matched.rows))),
            self._centres,
        )
        return Collected(losses, collect(galaxies, self._options.bootstrap, self._options.seed))

    def evaluation(
        self, scoring: ScoreResult, sums: AdditiveArrays, worst: list[ScoredGalaxy]
    ) -> ValueEvaluation:
        """The evaluation, from what all batches added."""
        settings = {"centres": self._centres.tolist()} | self._options.bootstrap_settings()
        return ValueEvaluation(
            provenance=with_settings(scoring.provenance, settings),
            sums=sums,
            notes=scoring.notes,
        )
