"""Evaluating as a job: predictions against votes, labels or values, streamed into sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa

from zoocli.evaluating.additive import AdditiveArrays, added
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.evaluator import Collected, Evaluator
from zoocli.evaluating.tree.worst import ScoredGalaxy, worst
from zoocli.foundation.resources import Resources
from zoocli.matching.findings import Findings
from zoocli.matching.matched import Matched
from zoocli.runs.job import Job, OpenJob, Progress, silent
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.options.score import FractionOptions, ScoreOptions
from zoocli.scoring.finishing import finished
from zoocli.scoring.inputs import Inputs
from zoocli.scoring.job import ScoreJob, divided, part_of
from zoocli.scoring.scorers.tree import TreeScorer
from zoocli.scoring.streaming import stream
from zoocli.scoring.totals import ScoreTotals
from zoocli.tables import Table
from zoocli.tables.parts.slices import Shard, Slice
from zoocli.tables.sources import TableLike, TablesLike
from zoocli.tables.writing.sinks import Sink

VALUE_BYTES = 8


@dataclass
class EvaluationTotals:
    """What parts of PREDICTIONS add up to."""

    totals: ScoreTotals
    sums: AdditiveArrays
    worst: list[ScoredGalaxy]

    def __add__(self, other: EvaluationTotals) -> EvaluationTotals:
        return EvaluationTotals(
            self.totals + other.totals,
            added([self.sums, other.sums]),
            worst(self.worst + other.worst),
        )


@dataclass(frozen=True)
class EvaluateJob(Job[EvaluationTotals, Evaluation]):
    """What is scored, and what is to be found out from it."""

    scored: ScoreJob
    options: EvaluateOptions

    @classmethod
    def of(cls, predictions: TablesLike, votes: TableLike, options: EvaluateOptions) -> Self:
        """Evaluates PREDICTIONS (or their parts) against VOTES."""
        return cls(ScoreJob(predictions, votes, score_options(options)), options)

    @property
    def resources(self) -> Resources:
        """As of scoring."""
        return self.scored.resources

    def sent(self) -> Self:
        """As of scoring."""
        scored = self.scored.sent()
        return replace(self, scored=scored, options=replace(self.options, score=scored.options))

    @property
    def files(self) -> Sequence[str]:
        """As of scoring."""
        return self.scored.files

    def open_table(self, resources: Resources) -> Table:
        """PREDICTIONS."""
        return self.scored.open_table(resources)

    def open(self, resources: Resources) -> OpenEvaluateJob:
        """Reads VOTES."""
        inputs = self.scored.open(resources).inputs
        return OpenEvaluateJob(inputs, evaluator_of(inputs, self.options))


class OpenEvaluateJob(OpenJob[EvaluationTotals, Evaluation]):
    """VOTES in memory, PREDICTIONS to stream past them, and what to collect."""

    def __init__(self, inputs: Inputs, evaluator: Evaluator) -> None:
        self.table = inputs.predictions
        self._inputs, self._evaluator = inputs, evaluator

    def divided(self) -> OpenEvaluateJob:
        """As of scoring."""
        return OpenEvaluateJob(divided(self._inputs), self._evaluator)

    def of_part(self, part: Slice) -> OpenEvaluateJob:
        """The same VOTES."""
        return OpenEvaluateJob(part_of(self._inputs, part), self._evaluator)

    def compute(self, sink: Sink, progress: Progress = silent) -> EvaluationTotals:
        """Adds up; there are no rows to write."""
        del sink
        return add_up(self._inputs, self._evaluator, progress)

    def metadata(self) -> dict[str, Any]:
        """Nothing: parts have no files."""
        return {}

    def finish(self, total: EvaluationTotals, shard: Shard | None = None) -> Evaluation:
        """Raises DataError for invalid data."""
        return evaluation_of(self._inputs, self._evaluator, total, shard)


def score_options(options: EvaluateOptions) -> ScoreOptions:
    """How the galaxies are scored: columns of links, deviations and groups are kept as well."""
    linked = [] if options.linking is None else options.linking.columns
    grouped = [by.column for by in options.groupings]
    kept = dict.fromkeys([*options.score.keep, *linked, *options.sigma, *grouped])
    score = replace(options.score, keep=list(kept))
    return FractionOptions.of(score) if options.fractions else score


def evaluator_of(inputs: Inputs, options: EvaluateOptions) -> Evaluator:
    """What collects for the kind of loss that the inputs are scored with, and for groups."""
    evaluator = _of_loss(inputs, options)
    if not options.by:
        return evaluator
    from zoocli.evaluating.groups import GroupedEvaluator, Grouping

    groupings = [Grouping.of(inputs, by) for by in options.groupings]
    return GroupedEvaluator(evaluator, inputs, groupings)


def _of_loss(inputs: Inputs, options: EvaluateOptions) -> Evaluator:
    if isinstance(inputs.scorer, TreeScorer):
        from zoocli.evaluating.tree.evaluator import TreeEvaluator

        return TreeEvaluator(inputs.scorer, inputs.held, options)
    from zoocli.scoring.scorers.classes import ClassScorer
    from zoocli.scoring.scorers.values import ValueScorer

    if isinstance(inputs.scorer, ClassScorer):
        from zoocli.evaluating.classes.evaluator import ClassEvaluator

        return ClassEvaluator(inputs.scorer, inputs.held.values, options)
    from zoocli.evaluating.values.evaluator import ValueEvaluator

    assert isinstance(inputs.scorer, ValueScorer)
    return ValueEvaluator(inputs.scorer, inputs.held.values, options)


def add_up(inputs: Inputs, evaluator: Evaluator, progress: Progress) -> EvaluationTotals:
    """Adds up what the batches of galaxies add."""

    def work(matched: Matched) -> Collected:
        return evaluator.collect(matched, inputs.scorer.score(matched, inputs.held.values))

    columns = _columns(inputs)
    total = EvaluationTotals(ScoreTotals.nothing(inputs), AdditiveArrays(), [])
    row_bytes = VALUE_BYTES * len(columns) * evaluator.copies
    sums = evaluator.sums(inputs.resources.threads)
    # All sums, so that they exist where no galaxy matches.
    sums.add(work(_no_galaxies(inputs, evaluator)).addend)
    for matched, part in stream(inputs, columns, work, row_bytes, sums.nbytes, evaluator.numbers):
        total.totals.take(inputs, matched)
        total.totals.add_losses(inputs, part.losses)
        sums.add(part.addend)
        total.worst = worst(total.worst + part.worst)
        progress(total.totals.rows, inputs.predictions.rows)
    total.sums = sums.arrays()
    return total


def evaluation_of(
    inputs: Inputs, evaluator: Evaluator, total: EvaluationTotals, shard: Shard | None
) -> Evaluation:
    """The evaluation that the totals give; raises DataError where something is wrong with them."""
    scoring = finished(inputs, total.totals, shard)
    return evaluator.evaluation(scoring, total.sums, total.worst)


def _columns(inputs: Inputs) -> list[str]:
    kept = {*inputs.options.keep} & {*inputs.predictions.column_names}
    return list(dict.fromkeys([*inputs.scorer.prediction_columns, *sorted(kept)]))


def _no_galaxies(inputs: Inputs, evaluator: Evaluator) -> Matched:
    table, columns = inputs.predictions, _columns(inputs)
    types = inputs.scorer.prediction_types | dict.fromkeys(evaluator.numbers, pa.float64())
    fields = [table.field(name, types) for name in columns]
    batch = pa.RecordBatch.from_arrays(
        [pa.array([], field.type) for field in fields], schema=pa.schema(fields)
    )
    no_rows = np.empty(0, np.int32)
    text = pa.array([], pa.string())
    return Matched(batch, text, no_rows, no_rows, no_rows, Findings(table.name))
