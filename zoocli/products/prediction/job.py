"""Predicting as a job for a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zoocli.foundation.resources import Resources
from zoocli.products.conversion import Converted, Totals
from zoocli.products.prediction.predictor import Predictor
from zoocli.runs.job import Job, Run, full_path
from zoocli.runs.options.predict import PredictOptions
from zoocli.schema import load_schema
from zoocli.tables import Table, open_tables


@dataclass(frozen=True)
class PredictJob(Job[Totals, Converted]):
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

    def open(self, resources: Resources) -> Run[Totals, Converted]:
        """Reads the head and finds the columns."""
        predictor = Predictor(list(self.features), self.head, self.options, resources)
        predictor.ids.learn()
        return predictor
