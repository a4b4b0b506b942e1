"""Tables with a column of truth values beside another column, which tell where it has no value."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from zoocli.tables.numbers import Types, is_text
from zoocli.tables.parts.wrapped import WrappedTable
from zoocli.tables.table import Table


class MaskedTable(WrappedTable):
    """A table in which what is masked is null; the masks are no columns of it."""

    def __init__(self, table: Table, masks: dict[str, str]) -> None:
        super().__init__(table)
        self._masks = masks
        gone = {*masks.values()}
        fields = [field for field in table.schema if field.name not in gone]
        self.schema = pa.schema(fields, metadata=table.schema.metadata)

    def require(self, columns: Collection[str]) -> None:
        """As the wrapped table does, but for the masks."""
        Table.require(self, columns)
        self._table.require(columns)

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        for batch in self._table.batches(self._read(columns), types, batch_rows):
            yield self._masked(batch, columns)

    def _between(
        self, start: int, stop: int, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        for batch in self._table.between(start, stop, self._read(columns), types, batch_rows):
            yield self._masked(batch, columns)

    def _read(self, columns: Collection[str]) -> list[str]:
        return [*columns, *(self._masks[name] for name in columns if name in self._masks)]

    def _masked(self, batch: pa.RecordBatch, columns: Collection[str]) -> pa.RecordBatch:
        arrays = []
        for name in columns:
            column = batch.column(name)
            if name in self._masks:
                mask = batch.column(self._masks[name])
                if is_text(mask.type):
                    mask = pc.is_in(pc.utf8_lower(mask.cast(pa.string())), pa.array(["true", "1"]))
                gone = pc.fill_null(mask, False)
                column = pc.if_else(gone, pa.scalar(None, column.type), column)
            arrays.append(column)
        return pa.RecordBatch.from_arrays(arrays, names=list(columns))
