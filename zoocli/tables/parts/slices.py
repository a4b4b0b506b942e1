"""Contiguous parts of a table, which together make up the table."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from zoocli.errors import UsageError
from zoocli.tables.numbers import Types
from zoocli.tables.parts.wrapped import WrappedTable
from zoocli.tables.table import Table


@dataclass(frozen=True)
class Shard:
    """The I-th of N contiguous parts, I from 1: rows R(I-1)//N up to, not including, RI//N of R.

    >>> str(Shard.parse("3/16"))
    '3/16'
    >>> Shard(2, 3).rows(10)
    (3, 6)
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Reads I/N; raises UsageError for anything else."""
        found = re.fullmatch("([0-9]{1,9})/([0-9]{1,9})", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"«shard» is I/N with I from 1 to N, like 3/16; not '{text}'.")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def rows(self, of: int) -> tuple[int, int]:
        """Its first row, and the row after its last, in a table of `of` rows."""
        return of * (self.number - 1) // self.count, of * self.number // self.count

    def part_of(self, table: Table) -> Slice:
        """That part of a table; its rows are counted first where their number is unknown."""
        name = f"{table.name} (part {self.number} of {self.count})"
        return Slice(table, *self.rows(table.count_rows()), name)


class Slice(WrappedTable):
    """The rows of a table from `start` up to, not including, `stop`."""

    def __init__(self, table: Table, start: int, stop: int, name: str | None = None) -> None:
        super().__init__(table)
        self.name = name or table.name
        self.rows = stop - start
        self.start, self.stop = start, stop

    def widened(self, start: int, stop: int) -> Slice:
        """Other rows of the same table, under the same name."""
        return Slice(self._table, start, stop, self.name)

    def count_rows(self) -> int:
        """Known from the start."""
        return self.stop - self.start

    def breaks(self) -> list[int]:
        """Those of the table that lie within the slice."""
        inside = (row for row in self._table.breaks() if self.start < row <= self.stop)
        return [row - self.start for row in inside]

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        return self._table.between(self.start, self.stop, columns, types, batch_rows)

    def _between(
        self, start: int, stop: int, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        first, end = self.start + start, min(self.start + stop, self.stop)
        return self._table.between(first, end, columns, types, batch_rows)


def cuts(table: Table, parts: int) -> list[tuple[int, int]]:
    """(start, stop) of `parts` parts of about equal size, cut at the table's breaks if possible.

    A cut moves by at most a quarter of a part, so that a table without breaks is divided, too.
    """
    rows, breaks = table.count_rows(), table.breaks()
    places = [_nearest(breaks, rows * part // parts, rows / parts / 4) for part in range(parts)]
    places[0] = 0
    return list(zip(places, [*places[1:], rows], strict=True))


def _nearest(breaks: list[int], row: int, tolerance: float) -> int:
    after = bisect_left(breaks, row)
    near = [one for one in breaks[max(after - 1, 0) : after + 1] if abs(one - row) <= tolerance]
    return min(near, key=lambda one: abs(one - row), default=row)
