"""Scoring as a job for a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from zoocli.foundation.resources import Resources
from zoocli.runs.job import Job, Run, full_path
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema import load_schema
from zoocli.scoring.inputs import Inputs, open_inputs
from zoocli.scoring.result import Scoring
from zoocli.scoring.run import finished, settings_of
from zoocli.scoring.scores import write_scores
from zoocli.scoring.shards import part_of, prepared
from zoocli.scoring.totals import Totals
from zoocli.tables import Table, open_tables
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Slice


@dataclass(frozen=True)
class ScoreJob(Job[Totals, Scoring]):
    """PREDICTIONS and VOTES by the full paths of their files."""

    predictions: Sequence[str]
    votes: str
    options: ScoreOptions

    @classmethod
    def of(cls, predictions: Sequence[str], votes: str, options: ScoreOptions) -> ScoreJob:
        """Raises UsageError for standard input, which no other process can read."""
        return cls(
            [full_path(source) for source in predictions],
            full_path(votes),
            with_absolute_paths(options),
        )

    @property
    def files(self) -> Sequence[str]:
        """The files of both sides, of the ensemble and the list."""
        options = self.options
        return [
            *self.predictions,
            self.votes,
            *map(str, options.ensemble),
            *([] if options.only is None else [str(options.only)]),
        ]

    def open_table(self, resources: Resources) -> Table:
        """PREDICTIONS."""
        return open_tables(list(self.predictions), resources, "the predictions")

    def open(self, resources: Resources) -> Run[Totals, Scoring]:
        """Reads VOTES."""
        inputs = open_inputs(list(self.predictions), self.votes, self.options, resources)
        return ScoreRun(prepared(inputs))


class ScoreRun(Run[Totals, Scoring]):
    """VOTES in memory."""

    def __init__(self, inputs: Inputs) -> None:
        self.table = inputs.predictions
        self.held = inputs.held
        self._inputs = inputs

    def part(self, part: Slice, sink: Sink) -> Totals:
        """The scores of the part."""
        return write_scores(part_of(self._inputs, part), sink, lambda rows, of: None)

    def metadata(self) -> dict[str, Any]:
        """The metadata of a scores table, without its N and its account of the galaxies."""
        task, nothing = self._inputs.task, Totals.nothing(self._inputs)
        scoring = Scoring(
            loss=task.loss_name,
            schema=task.schema_name,
            settings=settings_of(self._inputs),
            groups=task.groups,
            sums=nothing.sums,
            counts_votes=task.counts_votes,
            matching=nothing.matching(),
        )
        return scoring.metadata() | {"signature": None, "matching": None}

    def finish(self, total: Totals) -> Scoring:
        """The same result as scoring everything at once."""
        return finished(self._inputs, total)


def with_absolute_paths(options: ScoreOptions) -> ScoreOptions:
    """The options as another machine understands them: full paths, and the schema itself."""
    return replace(
        options,
        schema=None if options.schema is None else load_schema(options.schema),
        only=None if options.only is None else full_path(options.only),
        ensemble=[full_path(source) for source in options.ensemble],
    )
