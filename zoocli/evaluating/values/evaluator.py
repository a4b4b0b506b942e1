"""Evaluating predicted values against true ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.errors import UsageError
from zoocli.evaluating import plain_losses
from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import Addend, BucketSums, buckets_of
from zoocli.evaluating.evaluator import Collected, Evaluator
from zoocli.evaluating.tree.worst import ScoredGalaxy
from zoocli.evaluating.values import errors, redshifts, residuals, uncertainties
from zoocli.evaluating.values.galaxies import ValuedGalaxies, centres_of
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.foundation.arrays import Floats
from zoocli.foundation.columns import from_numpy, to_floats
from zoocli.foundation.hashing import hash_ids
from zoocli.matching.findings import BAD_SIGMA
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
        self.numbers = _sigmas_of(options, scorer)
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
        others = residuals.collect(galaxies)
        limit = self._options.outlier_limit
        if limit is not None:
            features |= redshifts.features(galaxies, limit)
            others |= redshifts.collect(galaxies)
        if self.numbers:
            features |= uncertainties.features(galaxies, self._sigmas(matched, galaxies))
        buckets = buckets_of(galaxies.hashes, self._options.seed)
        return Collected(losses, Addend(buckets, features, others))

    def _sigmas(self, matched: Matched, galaxies: ValuedGalaxies) -> Floats:
        """(targets, galaxies): the predicted standard deviations, NaN where there is none."""
        sigmas = np.empty(galaxies.residuals.shape)
        for target, name in enumerate(self.numbers):
            column = to_floats(matched.batch.column(name), name, matched.findings.name)
            values = column[matched.rows]
            bad = ~(np.isfinite(values) & (values > 0.0))
            if self._options.score.on_invalid == "error":
                needed = bad & galaxies.valid[target]
                matched.findings.add(BAD_SIGMA, name, needed, matched.ids)
            sigmas[target] = np.where(bad, np.nan, values)
        return sigmas

    def evaluation(
        self, scoring: ScoreResult, sums: AdditiveArrays, worst: list[ScoredGalaxy]
    ) -> ValueEvaluation:
        """The evaluation, from what all batches added."""
        settings = {"centres": self._centres.tolist()} | self._options.value_settings()
        return ValueEvaluation(
            provenance=with_settings(scoring.provenance, settings),
            sums=sums,
            notes=scoring.notes,
        )


def _sigmas_of(options: EvaluateOptions, scorer: ValueScorer) -> Sequence[str]:
    """A column for each target, or none at all."""
    targets = len(scorer.prediction_columns)
    if options.sigma and len(options.sigma) != targets:
        raise UsageError(
            f"There are {len(options.sigma)} columns of «sigma» for {targets} of predictions. Give "
            "one for each, in the same order."
        )
    return options.sigma


def _rows_of_losses(galaxies: ValuedGalaxies) -> Floats:
    """The losses of `errors.rows`: of all targets, then of each where there are several."""
    if len(galaxies.losses) == 1:
        return galaxies.losses
    return np.concatenate([galaxies.loss[np.newaxis], galaxies.losses])
