"""Tables that present another table in a different form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import pyarrow as pa

from zoocli.tables.numbers import Types
from zoocli.tables.table import Table


class WrappedTable(Table):
    """Another table, unchanged; subclasses override what differs."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.name = table.name
        self.format = table.format
        self.schema = table.schema
        self.rows = table.rows
        self.text = table.text

    def treat_as_missing(self, values: Iterable[str | float]) -> None:
        """In the wrapped table."""
        self._table.treat_as_missing(values)

    def require(self, columns: Collection[str]) -> None:
        """As the wrapped table does."""
        self._table.require(columns)

    def may_hold_lists(self, columns: Collection[str]) -> bool:
        """As the wrapped table does."""
        return self._table.may_hold_lists(columns)

    def count_rows(self) -> int:
        """As the wrapped table does."""
        self.rows = self._table.count_rows()
        return self.rows

    def breaks(self) -> list[int]:
        """Those of the wrapped table."""
        return self._table.breaks()

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        return self._table.batches(columns, types, batch_rows)

    def _between(
        self, start: int, stop: int, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        return self._table.between(start, stop, columns, types, batch_rows)
