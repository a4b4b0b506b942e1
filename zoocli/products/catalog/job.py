"""Cataloguing as a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from zoocli.foundation.resources import Resources
from zoocli.products.catalog.cataloguer import Cataloguer
from zoocli.products.conversion import ConversionResult, ConversionTotals
from zoocli.runs.job import Job, full_paths
from zoocli.runs.options.catalog import CatalogOptions
from zoocli.schema import load_schema
from zoocli.tables import Table, open_tables
from zoocli.tables.sources import TablesLike


@dataclass(frozen=True)
class CatalogJob(Job[ConversionTotals, ConversionResult]):
    """PREDICTIONS (or their parts), and how the catalogue is made."""

    predictions: TablesLike
    options: CatalogOptions

    @property
    def resources(self) -> Resources:
        """As the options say."""
        return Resources.available(self.options.threads, self.options.memory_limit)

    def sent(self) -> Self:
        """With full paths, and the schema itself."""
        schema = None if self.options.schema is None else load_schema(self.options.schema)
        return replace(
            self,
            predictions=full_paths(self.predictions),
            options=replace(self.options, schema=schema),
        )

    @property
    def files(self) -> Sequence[str]:
        """PREDICTIONS."""
        return full_paths(self.predictions)

    def open_table(self, resources: Resources) -> Table:
        """PREDICTIONS."""
        return open_tables(self.predictions, resources, "the predictions")

    def open(self, resources: Resources) -> Cataloguer:
        """Finds the columns."""
        return Cataloguer(self.predictions, self.options, resources)
