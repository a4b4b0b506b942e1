"""Evaluating as a job for a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.run import (
    EvaluationTotals,
    add_up,
    evaluation_of,
    evaluator_of,
    score_options,
)
from zoocli.foundation.resources import Resources
from zoocli.runs.job import Job, Run
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.scoring.inputs import Inputs, open_inputs
from zoocli.scoring.job import ScoreJob
from zoocli.scoring.shards import part_of, prepared
from zoocli.tables import Table
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Slice


@dataclass(frozen=True)
class EvaluateJob(Job[EvaluationTotals, Evaluation]):
    """What is scored, and what is to be found out from it."""

    scored: ScoreJob
    options: EvaluateOptions

    @classmethod
    def of(cls, predictions: Sequence[str], votes: str, options: EvaluateOptions) -> EvaluateJob:
        """Raises UsageError for standard input, which no other process can read."""
        scored = ScoreJob.of(predictions, votes, score_options(options))
        return cls(scored, replace(options, score=scored.options))

    @property
    def files(self) -> Sequence[str]:
        """As of scoring."""
        return self.scored.files

    def open_table(self, resources: Resources) -> Table:
        """PREDICTIONS."""
        return self.scored.open_table(resources)

    def open(self, resources: Resources) -> Run[EvaluationTotals, Evaluation]:
        """Reads VOTES."""
        job = self.scored
        inputs = open_inputs(list(job.predictions), job.votes, job.options, resources)
        return EvaluateRun(prepared(inputs), self.options)


class EvaluateRun(Run[EvaluationTotals, Evaluation]):
    """VOTES in memory, and what to collect."""

    def __init__(self, inputs: Inputs, options: EvaluateOptions) -> None:
        self.table = inputs.predictions
        self._inputs = inputs
        self._evaluator = evaluator_of(inputs, options)

    def part(self, part: Slice, sink: Sink) -> EvaluationTotals:
        """Adds up the part; there are no rows to write."""
        del sink
        return add_up(part_of(self._inputs, part), self._evaluator, lambda rows, of: None)

    def metadata(self) -> dict[str, Any]:
        """Nothing: parts have no files."""
        return {}

    def finish(self, total: EvaluationTotals) -> Evaluation:
        """As when all is evaluated at once."""
        return evaluation_of(self._inputs, self._evaluator, total)
