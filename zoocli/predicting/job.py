"""Predicting as a job for a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from zoocli.checks import Findings
from zoocli.engines import Job, Run
from zoocli.engines.job import full_path
from zoocli.predicting.engine import Prediction, Predictor, PredictTotals
from zoocli.predicting.options import PredictOptions
from zoocli.resources import Resources
from zoocli.schema import load_schema
from zoocli.tables import Table, open_tables
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Slice


@dataclass(frozen=True)
class PredictJob(Job[PredictTotals, Prediction]):
    """FEATURES and the head by the full paths of their files."""

    features: Sequence[str]
    head: str
    options: PredictOptions

    @classmethod
    def of(cls, features: Sequence[str], head: str, options: PredictOptions) -> PredictJob:
        """Raises UsageError for standard input, which no other process can read."""
        schema = None if options.schema is None else load_schema(options.schema)
        paths = [full_path(source) for source in features]
        return cls(paths, full_path(head), replace(options, schema=schema))

    @property
    def files(self) -> Sequence[str]:
        """FEATURES and the head."""
        return [*self.features, self.head]

    def open_table(self, resources: Resources) -> Table:
        """FEATURES."""
        return open_tables(list(self.features), resources, "the features")

    def open(self, resources: Resources) -> Run[PredictTotals, Prediction]:
        """Reads the head and finds the columns."""
        predictor = Predictor(list(self.features), self.head, self.options, resources)
        predictor.ids.learn()
        return PredictRun(predictor)


class PredictRun(Run[PredictTotals, Prediction]):
    """The head in memory."""

    def __init__(self, predictor: Predictor) -> None:
        self.table = predictor.table
        self._predictor = predictor

    def part(self, part: Slice, sink: Sink) -> PredictTotals:
        """The predictions of the part."""
        return self._predictor.of_part(part).run(sink)

    def metadata(self) -> dict[str, Any]:
        """As of all predictions."""
        nothing = PredictTotals(Findings(self.table.name))
        return self._predictor.finish(nothing, may_be_empty=True).metadata()

    def finish(self, total: PredictTotals) -> Prediction:
        """As when all is predicted at once."""
        return self._predictor.finish(total)
