"""Cataloguing as a job for a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zoocli.foundation.resources import Resources
from zoocli.products.catalog.cataloguer import Cataloguer
from zoocli.products.conversion import Converted, Totals
from zoocli.runs.job import Job, Run, full_path
from zoocli.runs.options.catalog import CatalogOptions
from zoocli.schema import load_schema
from zoocli.tables import Table, open_tables


@dataclass(frozen=True)
class CatalogJob(Job[Totals, Converted]):
    """PREDICTIONS by the full paths of their files."""

    predictions: Sequence[str]
    options: CatalogOptions

    @classmethod
    def of(cls, predictions: Sequence[str], options: CatalogOptions) -> CatalogJob:
        """Raises UsageError for standard input, which no other process can read."""
        schema = None if options.schema is None else load_schema(options.schema)
        paths = [full_path(source) for source in predictions]
        return cls(paths, replace(options, schema=schema))

    @property
    def files(self) -> Sequence[str]:
        """PREDICTIONS."""
        return self.predictions

    def open_table(self, resources: Resources) -> Table:
        """PREDICTIONS."""
        return open_tables(list(self.predictions), resources, "the predictions")

    def open(self, resources: Resources) -> Run[Totals, Converted]:
        """Finds the columns."""
        cataloguer = Cataloguer(list(self.predictions), self.options, resources)
        cataloguer.ids.learn()
        return cataloguer
