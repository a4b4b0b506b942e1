"""From concentrations to the tables that a data release publishes."""

from __future__ import annotations

from typing import Any

from zoocli.cataloguing.engine import Catalogued, Engine, Progress
from zoocli.cataloguing.fractions import vote_fractions
from zoocli.cataloguing.intervals import credible_intervals
from zoocli.cataloguing.options import CatalogOptions
from zoocli.resources import Resources
from zoocli.tables.sinks import Sink

__all__ = [
    "CatalogOptions",
    "Catalogued",
    "catalog_into",
    "credible_intervals",
    "vote_fractions",
]


def catalog_into(
    sink: Sink,
    predictions: Any,
    options: CatalogOptions,
    progress: Progress = lambda rows, of: None,
) -> Catalogued:
    """Writes the catalogue to the sink, uncommitted; the caller commits it with `metadata()`.

    `predictions` may be a list of parts. `progress` is told the rows done, and of how many (None
    where that is not known).
    """
    resources = Resources.available(options.threads, options.memory_limit)
    with resources.obeyed():
        return Engine(predictions, options, resources).run(sink, progress)
