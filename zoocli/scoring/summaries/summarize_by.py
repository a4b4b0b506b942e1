"""The statistics of a scores table by bins of a column that it carries."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoocli.errors import UsageError
from zoocli.foundation.notebook import Displayed
from zoocli.runs.options.by import By
from zoocli.scoring.scores_table import Layout, read_batches, read_layout
from zoocli.scoring.summaries.bins import NO_VALUE, NOWHERE, Bin, Bins, find_bins
from zoocli.scoring.summaries.summarize import as_schema, summarize_table, tables_of
from zoocli.scoring.summaries.summary import Summary
from zoocli.scoring.summaries.summary_file import is_json
from zoocli.scoring.sums import Statistics, Sums
from zoocli.tables.sources import TableLike

if TYPE_CHECKING:
    import pandas as pd

    from zoocli.schema import Schema
    from zoocli.tables import Table


@dataclass(frozen=True, repr=False)
class BinnedSummary(Displayed):
    """The summary of everything, and that of each bin of `column`.

    The bins' statistics add up to those of everything. The last bin is of the galaxies without a
    value, where there are any.
    """

    whole: Summary
    column: str
    bins: list[tuple[Bin, Summary]]

    @property
    def headline(self) -> str:
        """The summary of everything, the column and its bins."""
        return f"{self.whole.headline}, by {self.column} in {len(self.bins)} bins"

    def to_dict(self) -> dict[str, Any]:
        """The JSON summary of everything, and under `by` the column and its bins."""
        bins = []
        for one, summary in self.bins:
            content = summary.to_dict()
            levels = {name: content[name] for name in ("overall", "campaigns", "questions")}
            bins.append(one.to_dict() | levels)
        return self.whole.to_dict() | {"by": {"column": self.column, "bins": bins}}

    def rows(self) -> list[dict[str, Any]]:
        """One row per group and bin: level, name, by, low, high, value, then the statistics."""
        return [
            {"level": row.pop("level"), "name": row.pop("name"), "by": self.column}
            | {"low": one.low, "high": one.high, "value": one.value}
            | row
            for one, summary in self.bins
            for row in summary.rows()
        ]

    def groups(self) -> dict[tuple[str, str], list[Statistics]]:
        """By level and name: the statistics of each bin, in the order of the bins."""
        of_bins = [summary.groups() for _, summary in self.bins]
        return {group: [one[group] for one in of_bins] for group in self.whole.groups()}

    def shown_groups(self) -> list[tuple[str, list[Statistics]]]:
        """By name, what tables and figures show: a single campaign is left out."""
        of_bins = [summary.sections() for _, summary in self.bins]
        return [
            (name, [one[kind][name] for one in of_bins])
            for kind, section in enumerate(self.whole.sections())
            for name in section
        ]

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows())


def summarize_by(
    scores: TableLike, by: str, schema: Schema | str | Path | None = None
) -> BinnedSummary:
    """The statistics of a scores table for each bin of one of its columns.

    `by` is COLUMN, COLUMN:BINS, COLUMN:qBINS or COLUMN:EDGES. A column of numbers is cut into so
    many (10) bins of equal width from its least to its greatest value, each from its lower edge up
    to, not including, its upper one (the last includes it); with a q between quantiles, so that
    bins have equally many galaxies; or at edges with commas between, where the
    first and the last bin are open. A column of text has one bin per value, at most 100. Galaxies
    without a value (null, NaN, blank) have a bin of their own. Each bin has the statistics that
    `summarize` gives, in nats for a log-likelihood; absent ones are None.

    Raises UsageError for invalid bins or edges, and for a JSON summary, which has no
    galaxies; DataError as `summarize`, and for a column that is not there or has no bins.

    >>> import pyarrow as pa
    >>> table = pa.table({
    ...     "id": ["a", "b", "c"], "z": [0.1, 0.2, None], "loss": [1.0, 3.0, 5.0],
    ...     "ring_loss": [1.0, 3.0, 5.0], "ring_total-votes": [5, 4, 3],
    ... })
    >>> found = summarize_by(table, "z:0.15,0.3")
    >>> [(one.label, summary.overall.mean) for one, summary in found.bins]
    [('below 0.15', 1.0), ('0.15 to 0.3', 3.0), ('0.3 and more', None), ('no value', 5.0)]
    """
    from zoocli.tables.opening import open_table

    if isinstance(scores, str | os.PathLike) and is_json(scores):
        raise UsageError(f"{scores} is a summary, without galaxies: «by» needs a scores table.")
    schema = as_schema(schema)
    table = open_table(scores, name="the scores table")
    chosen = By.parse(by, table.column_names)
    whole = summarize_table(table, schema)
    bins = find_bins(table, chosen)
    sums: dict[int, Sums] = {}
    layout = None
    for part, metadata in tables_of(table):
        layout = read_layout(part, metadata, schema)
        for position, added in _sums_of(part, layout, chosen.column, bins).items():
            sums[position] = sums[position] + added if position in sums else added
    assert layout is not None
    return BinnedSummary(whole, chosen.column, list(_summaries(whole, layout, bins, sums)))


def _sums_of(table: Table, layout: Layout, column: str, bins: Bins) -> dict[int, Sums]:
    """The sums of each bin that has galaxies."""
    sums: dict[int, Sums] = defaultdict(lambda: Sums.zeros(len(layout.levels)))
    for batch in read_batches(table, layout, keep=column, keep_types=bins.types):
        positions = bins.positions(batch.kept, table.name)
        for position in np.unique(positions).tolist():
            rows = positions == position
            votes = None if batch.votes is None else batch.votes[:, rows]
            sums[position].add_batch(layout.levels, batch.loss[rows], batch.losses[:, rows], votes)
    return sums


def _summaries(
    whole: Summary, layout: Layout, bins: Bins, sums: dict[int, Sums]
) -> Iterator[tuple[Bin, Summary]]:
    places = [*enumerate(bins.bins), *([(NOWHERE, NO_VALUE)] if NOWHERE in sums else [])]
    nothing = Sums.zeros(len(layout.levels))
    for position, one in places:
        added = sums.get(position, nothing)
        summary = Summary.from_sums(layout.levels, added, layout.has_votes)
        if whole.campaigns is None:
            summary = replace(summary, campaigns=None)
        yield one, summary
