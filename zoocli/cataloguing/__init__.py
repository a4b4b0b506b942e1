"""From concentrations to the tables that a data release publishes."""

from __future__ import annotations

from typing import Any

from zoocli.cataloguing.engine import Catalogued, Engine, Progress
from zoocli.cataloguing.fractions import vote_fractions
from zoocli.cataloguing.intervals import credible_intervals
from zoocli.cataloguing.options import CatalogOptions
from zoocli.resources import Resources
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Shard

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
    shard: Shard | None = None,
) -> Catalogued:
    """Writes the catalogue to the sink, uncommitted; the caller commits it with `metadata()`.

    `predictions` may be a list of parts. `progress` is told the rows done, and of how many (None
    where that is not known). With `shard`, only that part of the predictions is catalogued.
    """
    resources = Resources.available(options.threads, options.memory_limit)
    with resources.obeyed():
        engine = Engine(predictions, options, resources)
        if shard is not None:
            engine.ids.learn()
            engine = engine.of_part(shard.part_of(engine.table))
        return engine.finish(engine.run(sink, progress), may_be_empty=shard is not None)
