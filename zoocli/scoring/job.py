"""Scoring as a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from zoocli.foundation.resources import Resources
from zoocli.runs.job import Job, OpenJob, Progress, full_path, full_paths, silent
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema import load_schema
from zoocli.scoring.finishing import finished, provenance_of
from zoocli.scoring.inputs import Inputs, open_inputs
from zoocli.scoring.result import ScoreResult, table_metadata
from zoocli.scoring.scores import write_scores
from zoocli.scoring.streaming import find_duplicates
from zoocli.scoring.totals import ScoreTotals
from zoocli.tables import Table, open_tables
from zoocli.tables.parts.slices import Shard, Slice
from zoocli.tables.sources import TableLike, TablesLike
from zoocli.tables.writing.sinks import Sink


@dataclass(frozen=True)
class ScoreJob(Job[ScoreTotals, ScoreResult]):
    """PREDICTIONS (or their parts) and VOTES, and how to score them."""

    predictions: TablesLike
    votes: TableLike
    options: ScoreOptions

    @property
    def resources(self) -> Resources:
        """As the options say."""
        return Resources.available(self.options.threads, self.options.memory_limit)

    def sent(self) -> Self:
        """With full paths, and the schema itself."""
        options = self.options
        return replace(
            self,
            predictions=full_paths(self.predictions),
            votes=full_path(self.votes),
            options=replace(
                options,
                schema=None if options.schema is None else load_schema(options.schema),
                only=None if options.only is None else full_path(options.only),
                ensemble=full_paths(options.ensemble),
                with_=full_paths(options.with_),
            ),
        )

    @property
    def files(self) -> Sequence[str]:
        """The files of both sides, of the ensemble and the list, and those with further columns."""
        options = self.options
        only = () if options.only is None else (options.only,)
        further = [*options.ensemble, *options.with_, *only]
        return full_paths([*full_paths(self.predictions), self.votes, *further])

    def open_table(self, resources: Resources) -> Table:
        """PREDICTIONS."""
        return open_tables(self.predictions, resources, "the predictions")

    def open(self, resources: Resources) -> OpenScoreJob:
        """Reads VOTES."""
        return OpenScoreJob(open_inputs(self.predictions, self.votes, self.options, resources))


class OpenScoreJob(OpenJob[ScoreTotals, ScoreResult]):
    """VOTES in memory, and PREDICTIONS to stream past them."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.table = inputs.predictions

    def divided(self) -> OpenScoreJob:
        """The first id decides how ids are written, and copies of an id may be in other parts."""
        return OpenScoreJob(divided(self.inputs))

    def of_part(self, part: Slice) -> OpenScoreJob:
        """The same VOTES."""
        return OpenScoreJob(part_of(self.inputs, part))

    def compute(self, sink: Sink, progress: Progress = silent) -> ScoreTotals:
        """Writes the scores table."""
        return write_scores(self.inputs, sink, progress)

    def metadata(self) -> dict[str, Any]:
        """The metadata of a scores table, without its N and its account of the galaxies."""
        made = table_metadata(provenance_of(self.inputs), self.inputs.scorer.levels, 0)
        return made | {"signature": None}

    def finish(self, total: ScoreTotals, shard: Shard | None = None) -> ScoreResult:
        """Raises DataError for invalid data."""
        return finished(self.inputs, total, shard)


def divided(inputs: Inputs) -> Inputs:
    """Inputs whose predictions can be divided."""
    inputs.ids.learn()
    drop = inputs.options.on_duplicate == "drop"
    return replace(inputs, dropped=find_duplicates(inputs)) if drop else inputs


def part_of(inputs: Inputs, part: Slice) -> Inputs:
    """Divided inputs with a part of their predictions."""
    return replace(inputs, predictions=part, ids=inputs.ids.from_row(part.start))
