"""Tables of fractions and totals of votes, with the counts that these stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pyarrow as pa

from zoocli.foundation.arrays import Floats
from zoocli.foundation.columns import from_numpy, to_floats
from zoocli.tables.numbers import Types
from zoocli.tables.parts.wrapped import WrappedTable
from zoocli.tables.table import Table

TOLERANCE = 1e-3  # votes; published fractions have few digits


class CountedTable(WrappedTable):
    """Columns of fractions as counts: each times the column of its total, by `totals`.

    A product within 0.001 of a whole number is that number; another one stays as it is, for the
    caller to refuse. It is null where either is; a total of 0 means 0 votes for every answer.
    """

    def __init__(self, table: Table, totals: Mapping[str, str]) -> None:
        super().__init__(table)
        self._totals = dict(totals)
        fields = [
            field.with_type(pa.float64()) if field.name in self._totals else field
            for field in table.schema
        ]
        self.schema = pa.schema(fields, metadata=table.schema.metadata)

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        chosen, kinds = self._read(columns, types)
        for batch in self._table.batches(chosen, kinds, batch_rows):
            yield self._with_counts(batch, columns)

    def _between(
        self, start: int, stop: int, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        chosen, kinds = self._read(columns, types)
        for batch in self._table.between(start, stop, chosen, kinds, batch_rows):
            yield self._with_counts(batch, columns)

    def _read(self, columns: Collection[str], types: Types) -> tuple[list[str], Types]:
        totals = [self._totals[name] for name in columns if name in self._totals]
        numbers = dict.fromkeys([*totals, *self._totals], pa.float64())
        return list(dict.fromkeys([*columns, *totals])), {**types, **numbers}

    def _with_counts(self, batch: pa.RecordBatch, columns: Collection[str]) -> pa.RecordBatch:
        arrays = {name: batch.column(name) for name in columns}
        for name in arrays.keys() & self._totals.keys():
            total = to_floats(batch.column(self._totals[name]), self._totals[name], self.name)
            fraction = to_floats(batch.column(name), name, self.name)
            arrays[name] = from_numpy(_counts(fraction, total), nulls=True)
        return pa.RecordBatch.from_pydict(arrays)


def _counts(fraction: Floats, total: Floats) -> Floats:
    with np.errstate(invalid="ignore", over="ignore"):
        counts = np.where(total == 0.0, 0.0, fraction * total)
        whole = np.rint(counts)
        found: Floats = np.where(np.abs(counts - whole) <= TOLERANCE, whole, counts)
    return found
