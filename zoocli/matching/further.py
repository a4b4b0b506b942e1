"""VOTES with columns of a further table, which has the same galaxies: redshifts, say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.matching.id_columns import find_id_column
from zoocli.matching.ids import IdColumn
from zoocli.matching.index import FIRST_IDS, IdIndex
from zoocli.tables import Table
from zoocli.tables.numbers import Types
from zoocli.tables.parts.wrapped import WrappedTable


class FurtherColumns(WrappedTable):
    """A table, and beside its columns some of another one, found by id; null where that lacks it.

    Of the other table only those of `wanted` are there that the first one lacks, so that nothing
    else in it can be taken for votes. It is read when they are first asked for, and then held.
    `join_by` says what the ids of the first table are.
    """

    def __init__(
        self, table: Table, other: Table, wanted: Sequence[str], id_from: str | None
    ) -> None:
        super().__init__(table)
        self._other, self._id_from = other, id_from
        there = {*other.column_names}
        self._further = [
            name for name in dict.fromkeys(wanted) if name in there - {*table.column_names}
        ]
        other.require(self._further)
        fields = [other.schema.field(name) for name in self._further]
        self.schema = pa.schema([*table.schema, *fields], metadata=table.schema.metadata)
        self._ids: IdColumn | None = None
        self._index: IdIndex | None = None
        self._columns = pa.table({})

    def join_by(self, id_column: str) -> None:
        """Names the id column of the first table; the other one has that too, or a usual one."""
        if isinstance(self._table, FurtherColumns):
            self._table.join_by(id_column)
        own = id_column if id_column in self._other.column_names else None
        self._ids = IdColumn(self._table, id_column, self._id_from)
        self._other_ids = IdColumn(self._other, find_id_column(self._other, own), self._id_from)

    def treat_as_missing(self, values: Iterable[str | float]) -> None:
        """In both tables."""
        super().treat_as_missing(values)
        self.missing = self.missing.more(values)

    def require(self, columns: Collection[str]) -> None:
        """Raises DataError for a column that neither table has."""
        super().require([name for name in columns if name not in self._further])

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        chosen = self._chosen(columns)
        for batch in self._table.batches(chosen, types, batch_rows):
            yield self._with_further(batch, columns)

    def _between(
        self, start: int, stop: int, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        chosen = self._chosen(columns)
        for batch in self._table.between(start, stop, chosen, types, batch_rows):
            yield self._with_further(batch, columns)

    def _chosen(self, columns: Sequence[str]) -> list[str]:
        """What is read of the first table."""
        own = [name for name in columns if name not in self._further]
        if len(own) == len(columns):
            return own
        assert self._ids is not None, "join_by comes first"
        return list(dict.fromkeys([*own, self._ids.column]))

    def _with_further(self, batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
        if not {*columns} & {*self._further}:
            return batch
        assert self._ids is not None
        if self._index is None:
            self._index = self._read()
        rows = self._index.find(self._ids.text(batch.column(self._ids.column)))
        places = pa.array(rows, mask=rows < 0)
        arrays = []
        for name in columns:
            if name in self._further:
                arrays.append(self._columns.column(name).take(places).combine_chunks())
            else:
                arrays.append(batch.column(name))
        return pa.RecordBatch.from_arrays(arrays, names=list(columns))

    def _read(self) -> IdIndex:
        """Holds the ids and the columns; raises DataError for ids that occur more than once."""
        index, parts = IdIndex(), []
        column = self._other_ids.column
        for batch in self._other.batches([column, *self._further]):
            index.add(self._other_ids.text(batch.column(column)))
            parts.append(batch.select(self._further))
        again = index.repeats[0]
        if len(again):
            first = index.text(again[:FIRST_IDS])
            raise DataError(
                f"{self._other.name} has {len(np.unique(again)):,} rows with an id that an earlier "
                f"row has, such as {some(first)}. Keep one row of each galaxy."
            )
        if not len(index):
            raise DataError(f"{self._other.name} has no rows.")
        self._columns = pa.Table.from_batches(parts)
        return index
