"""Cataloguing as a job for a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from zoocli.cataloguing.engine import CatalogTotals, Catalogued, Engine
from zoocli.cataloguing.options import CatalogOptions
from zoocli.checks import Findings
from zoocli.engines import Job, Run
from zoocli.engines.job import full_path
from zoocli.resources import Resources
from zoocli.schema import load_schema
from zoocli.tables import Table, open_tables
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Slice


@dataclass(frozen=True)
class CatalogJob(Job[CatalogTotals, Catalogued]):
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

    def open(self, resources: Resources) -> Run[CatalogTotals, Catalogued]:
        """Finds the columns."""
        engine = Engine(list(self.predictions), self.options, resources)
        engine.ids.learn()
        return CatalogRun(engine)


class CatalogRun(Run[CatalogTotals, Catalogued]):
    """The columns and what is to be made of them."""

    def __init__(self, engine: Engine) -> None:
        self.table = engine.table
        self._engine = engine

    def part(self, part: Slice, sink: Sink) -> CatalogTotals:
        """The catalogue of the part."""
        return self._engine.of_part(part).run(sink)

    def metadata(self) -> dict[str, Any]:
        """As of a catalogue, without its numbers of galaxies."""
        nothing = CatalogTotals(Findings(self.table.name))
        made = self._engine.finish(nothing, may_be_empty=True).metadata()
        return made | {"galaxies": None, "invalid": None}

    def finish(self, total: CatalogTotals) -> Catalogued:
        """As when all is catalogued at once."""
        return self._engine.finish(total)
