"""A table's rows for which a condition holds."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from zoocli.tables.numbers import Types
from zoocli.tables.parts.wrapped import WrappedTable
from zoocli.tables.table import Table
from zoocli.tables.where import Where


class FilteredTable(WrappedTable):
    """Only these rows; `excluded` counts the others, of the last time that all were read.

    `rows`, `count_rows` and slices are those of the whole table.
    """

    def __init__(self, table: Table, where: Where) -> None:
        super().__init__(table)
        self._where = where
        self.excluded = 0
        table.require([column.name for column in where.columns])

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        named = [column.name for column in self._where.columns]
        excluded = 0
        for batch in self._table.batches(
            list(dict.fromkeys([*columns, *named])), types, batch_rows
        ):
            holds = self._where.holds(
                {column: batch.column(column.name) for column in self._where.columns}
            )
            kept = batch.select(columns).filter(holds)
            excluded += batch.num_rows - kept.num_rows
            yield kept
        self.excluded = excluded
