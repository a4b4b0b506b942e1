"""Evaluating predicted classes against labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.evaluating import plain_losses
from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import Addend, BucketSums, buckets_of
from zoocli.evaluating.classes import classification, confidence, separation
from zoocli.evaluating.classes.galaxies import LabelledGalaxies
from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.evaluator import Collected, Evaluator
from zoocli.evaluating.tree.worst import ScoredGalaxy
from zoocli.foundation.columns import from_numpy
from zoocli.foundation.hashing import hash_ids
from zoocli.matching.matched import Matched
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.provenance import with_settings
from zoocli.scoring.result import ScoreResult
from zoocli.scoring.scorers.classes import ClassScorer
from zoocli.scoring.scorers.scorer import Losses


class ClassEvaluator(Evaluator):
    """For one label a galaxy."""

    copies = 4

    def __init__(
        self, scorer: ClassScorer, labels: npt.NDArray[Any], options: EvaluateOptions
    ) -> None:
        self._scorer, self._labels, self._options = scorer, labels, options

    def sums(self, threads: int) -> BucketSums:
        """Nothing yet."""
        return BucketSums()

    def collect(self, matched: Matched, losses: Losses) -> Collected:
        """What the matched galaxies of a batch add."""
        predictions = self._scorer.predictions(losses.read[0])
        galaxies = LabelledGalaxies(
            np.ascontiguousarray(predictions.T),
            np.ascontiguousarray(self._scorer.probabilities(predictions).T),
            self._labels[matched.held_rows, 0],
            losses.loss,
            hash_ids(matched.text.take(from_numpy(matched.rows))),
        )
        features = (
            plain_losses.features(galaxies.losses[None])
            | classification.features(galaxies)
            | confidence.features(galaxies)
            | separation.features(galaxies)
        )
        others = (
            classification.collect(galaxies)
            | confidence.collect(galaxies)
            | separation.collect(galaxies)
        )
        buckets = buckets_of(galaxies.hashes, self._options.seed)
        return Collected(losses, Addend(buckets, features, others))

    def evaluation(
        self, scoring: ScoreResult, sums: AdditiveArrays, worst: list[ScoredGalaxy]
    ) -> ClassEvaluation:
        """The evaluation, from what all batches added."""
        return ClassEvaluation(
            provenance=with_settings(scoring.provenance, self._options.interval_settings()),
            sums=sums,
            notes=scoring.notes,
        )
