"""Evaluating predicted values against true ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.evaluating import plain_losses
from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import Addend, BucketSums, buckets_of
from zoocli.evaluating.evaluator import Collected, Evaluator
from zoocli.evaluating.tree.worst import ScoredGalaxy
from zoocli.evaluating.values import errors, residuals
from zoocli.evaluating.values.galaxies import ValuedGalaxies, centres_of
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.foundation.arrays import Floats
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

    def sums(self, threads: int) -> BucketSums:
        """Nothing yet."""
        return BucketSums()

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
        features = plain_losses.features(_rows_of_losses(galaxies)) | errors.features(galaxies)
        buckets = buckets_of(galaxies.hashes, self._options.seed)
        return Collected(losses, Addend(buckets, features, residuals.collect(galaxies)))

    def evaluation(
        self, scoring: ScoreResult, sums: AdditiveArrays, worst: list[ScoredGalaxy]
    ) -> ValueEvaluation:
        """The evaluation, from what all batches added."""
        settings = {"centres": self._centres.tolist()} | self._options.interval_settings()
        return ValueEvaluation(
            provenance=with_settings(scoring.provenance, settings),
            sums=sums,
            notes=scoring.notes,
        )


def _rows_of_losses(galaxies: ValuedGalaxies) -> Floats:
    """The losses of `errors.rows`: of all targets, then of each where there are several."""
    if len(galaxies.losses) == 1:
        return galaxies.losses
    return np.concatenate([galaxies.loss[np.newaxis], galaxies.losses])
