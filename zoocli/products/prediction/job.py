"""Predicting as a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from zoocli.foundation.resources import Resources
from zoocli.products.conversion import ConversionResult, ConversionTotals
from zoocli.products.prediction.predictor import Predictor
from zoocli.runs.job import Job, full_path, full_paths
from zoocli.runs.options.predict import PredictOptions
from zoocli.schema import load_schema
from zoocli.tables import Table, open_tables
from zoocli.tables.sources import FilePath, TablesLike


@dataclass(frozen=True)
class PredictJob(Job[ConversionTotals, ConversionResult]):
    """FEATURES (or their parts), the head, and how it is applied."""

    features: TablesLike
    head: FilePath
    options: PredictOptions

    @property
    def resources(self) -> Resources:
        """As the options say."""
        return Resources.available(self.options.threads, self.options.memory_limit)

    def sent(self) -> Self:
        """With full paths, and the schema itself."""
        schema = None if self.options.schema is None else load_schema(self.options.schema)
        return replace(
            self,
            features=full_paths(self.features),
            head=full_path(self.head),
            options=replace(self.options, schema=schema),
        )

    @property
    def files(self) -> Sequence[str]:
        """FEATURES and the head."""
        return [*full_paths(self.features), full_path(self.head)]

    def open_table(self, resources: Resources) -> Table:
        """FEATURES."""
        return open_tables(self.features, resources, "the features")

    def open(self, resources: Resources) -> Predictor:
        """Reads the head and finds the columns."""
        return Predictor(self.features, self.head, self.options, resources)
