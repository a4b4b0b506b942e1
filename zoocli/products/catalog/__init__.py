"""From concentrations to the tables that a data release publishes."""

from __future__ import annotations

from zoocli.foundation.resources import Resources
from zoocli.products.catalog.cataloguer import Cataloguer
from zoocli.products.catalog.fractions import vote_fractions
from zoocli.products.catalog.intervals import credible_intervals
from zoocli.products.conversion import Converted, Progress, convert_into
from zoocli.runs.options.catalog import CatalogOptions
from zoocli.runs.options.keywords import TablesLike
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Shard

__all__ = [
    "CatalogOptions",
    "catalog_into",
    "credible_intervals",
    "vote_fractions",
]


def catalog_into(
    sink: Sink,
    predictions: TablesLike,
    options: CatalogOptions,
    progress: Progress = lambda rows, of: None,
    shard: Shard | None = None,
) -> Converted:
    """Writes the catalogue to the sink, uncommitted; the caller commits it with `metadata()`.

    `predictions` may be a list of parts. `progress` is told the rows done, and of how many (None
    where that is not known). With `shard`, only that part of the predictions is catalogued.
    """
    resources = Resources.available(options.threads, options.memory_limit)
    with resources.applied():
        return convert_into(sink, Cataloguer(predictions, options, resources), progress, shard)
