"""One table turned into another, row by row: what `catalog` and `predict` have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

import pyarrow as pa

from zoocli.errors import DataError
from zoocli.foundation.pipeline import ordered_map, prefetch
from zoocli.foundation.resources import Resources
from zoocli.foundation.version import __version__
from zoocli.matching.findings import Findings
from zoocli.matching.id_columns import find_id_column
from zoocli.matching.ids import IdColumn, ids_at, rewritten_note
from zoocli.runs.job import OpenJob, Progress, silent
from zoocli.tables import Table
from zoocli.tables.numbers import Types
from zoocli.tables.parts.slices import Shard, Slice
from zoocli.tables.where import Where
from zoocli.tables.writing.guards import refuse_repeated_columns
from zoocli.tables.writing.sinks import Sink


@dataclass(frozen=True)
class ConversionResult:
    """What was done: how many galaxies there are, and in how many of them something is null."""

    galaxies: int
    invalid: int
    about: dict[str, Any]
    notes: tuple[str, ...]

    def metadata(self) -> dict[str, Any]:
        """How the table was made; files that have a place for it carry this."""
        return self.about | {"galaxies": self.galaxies, "invalid": self.invalid}


@dataclass
class ConversionTotals:
    """What the parts of a conversion add up to."""

    findings: Findings
    rows: int = 0
    invalid: int = 0
    excluded: int = 0

    def __add__(self, other: ConversionTotals) -> ConversionTotals:
        return ConversionTotals(
            self.findings + other.findings,
            self.rows + other.rows,
            self.invalid + other.invalid,
            self.excluded + other.excluded,
        )


@dataclass(frozen=True)
class Batch:
    """Rows of the table with their ids as text.

    Only those in `inside` are to be converted; the others complete the blocks they stand in.
    `excluded` counts rows that are not there, since a condition does not hold for them.
    """

    rows: pa.RecordBatch
    text: pa.StringArray
    inside: slice
    excluded: int = 0

    def own(self) -> Batch:
        """The rows inside alone."""
        start, length = self.inside.start, self.inside.stop - self.inside.start
        return Batch(self.rows.slice(start, length), self.text.slice(start, length), slice(length))

    def where(self, holds: pa.BooleanArray) -> Batch:
        """Of the rows inside, those for which a condition holds."""
        own = self.own()
        holds = holds.slice(self.inside.start, len(own.text))
        rows, text = own.rows.filter(holds), own.text.filter(holds)
        return Batch(rows, text, slice(0, len(text)), len(own.text) - len(text))

    def ids(self, rows: Iterable[int]) -> list[str]:
        """The ids of some rows."""
        return ids_at(self.text, rows)


class Conversion(OpenJob[ConversionTotals, ConversionResult]):
    """Makes a table with an id, kept columns and others, a row for each of `table`, in its order.

    A batch is converted in any thread; it is written by the thread that calls `compute`. A subclass
    says in `output_fields` and `values` what comes after the kept columns, and in `about` how.

    `block`: rows are converted in whole blocks of so many, counted from the first row of the whole
    table, for computations whose last digits depend on the rows that they are made with.
    """

    block: ClassVar[int] = 1
    output: ClassVar[str]  # what the errors call the new table

    def __init__(
        self,
        table: Table,
        id: str | None,
        keep: Sequence[str],
        resources: Resources,
        condition: Where | None = None,
    ) -> None:
        self.table = table
        self.ids = IdColumn(table, find_id_column(table, id))
        self.keep = keep
        self.resources = resources
        table.require(keep)
        self._condition = {} if condition is None else {one: one.name for one in condition.columns}
        table.require([*self._condition.values()])
        self._where = condition

    @abstractmethod
    def input_columns(self) -> Types:
        """The columns to be read besides the id and the kept ones, and what text in them is."""

    @abstractmethod
    def output_fields(self) -> list[pa.Field]:
        """The columns after the kept ones."""

    @abstractmethod
    def batch_rows(self) -> int:
        """How many rows to convert at once."""

    @abstractmethod
    def values(self, batch: Batch, findings: Findings) -> tuple[list[pa.Array], int]:
        """Those columns for the rows inside, and in how many of them something is null."""

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """How the table is made, for its metadata."""

    def notes(self, totals: ConversionTotals) -> Iterator[str]:
        """What the user should know besides."""
        note = rewritten_note([self.ids])
        if note is not None:
            yield note
        if totals.excluded:
            yield f"«where» does not hold for {totals.excluded:,} galaxies, which are left out."

    def output_schema(self) -> pa.Schema:
        """All columns; UsageError where two have the same name."""
        types = self.input_columns()
        schema = pa.schema(
            [
                pa.field(self.ids.column, self.ids.output_type),
                *(self.table.field(name, types) for name in self.keep),
                *self.output_fields(),
            ]
        )
        refuse_repeated_columns(schema, self.output)
        return schema

    def compute(self, sink: Sink, progress: Progress = silent) -> ConversionTotals:
        """Writes all rows to the sink, uncommitted; the caller gives the totals to `finish`.

        Raises DataError for invalid ids, MachineError where the memory does not do.
        """
        totals = ConversionTotals(Findings(self.table.name))
        schema = self.output_schema()
        sink.open(schema)
        convert = partial(self._convert, schema)
        for rows, part in ordered_map(convert, self._read(), self.resources.threads):
            totals += part
            if not totals.findings:
                sink.write(rows)
            progress(totals.rows, self.table.rows)
        return totals

    def divided(self) -> Self:
        """The first id decides how all are written."""
        self.ids.learn()
        return self

    def of_part(self, part: Slice) -> Self:
        """The same for a part of the table."""
        conversion = copy(self)
        conversion.table = part
        conversion.ids = self.ids.from_row(part.start - part.start % self.block)
        return conversion

    def metadata(self) -> dict[str, Any]:
        """As of the whole, whose numbers are not known yet."""
        return self._about(None) | {"galaxies": None, "invalid": None}

    def finish(self, total: ConversionTotals, shard: Shard | None = None) -> ConversionResult:
        """Raises DataError for invalid values, and where there are no rows."""
        total.findings.raise_if_any()
        if not total.rows and shard is None:
            if total.excluded:
                raise DataError(
                    f"No galaxy is left: «where» holds for none of the {total.excluded:,} in "
                    f"{self.table.name}. Check it, and that its columns have values."
                )
            raise DataError(f"{self.table.name} has no rows. Give a table that has some.")
        return ConversionResult(
            total.rows, total.invalid, self._about(shard), tuple(self.notes(total))
        )

    def _about(self, shard: Shard | None) -> dict[str, Any]:
        return {"version": __version__, **self.about(), "shard": shard and str(shard)}

    def _read(self) -> Iterator[Batch]:
        return prefetch(self._batches()) if self.resources.threads > 1 else self._batches()

    def _batches(self) -> Iterator[Batch]:
        """Whole blocks, but for the last rows of the table."""
        types = self.input_columns()
        columns = [self.ids.column, *types, *self.keep, *self._condition.values()]
        size = self.batch_rows()
        table: Table = self.table
        row, start, stop = 0, 0, None
        if isinstance(table, Slice):
            start, stop = table.start, table.stop
            row = start - start % self.block
            table = table.widened(row, stop + -stop % self.block)
        batches = table.batches(columns, types, size)
        for rows in batches if self.block == 1 else aligned(batches, size):
            end = rows.num_rows if stop is None else min(stop - row, rows.num_rows)
            inside = slice(max(start - row, 0), end)
            batch = Batch(rows, self.ids.text(rows.column(self.ids.column)), inside)
            yield batch if self._where is None else batch.where(self._holds(rows))
            row += rows.num_rows

    def _holds(self, rows: pa.RecordBatch) -> pa.BooleanArray:
        assert self._where is not None and self.block == 1
        return self._where.holds(
            {column: rows.column(name) for column, name in self._condition.items()}
        )

    def _convert(self, schema: pa.Schema, batch: Batch) -> tuple[pa.RecordBatch, ConversionTotals]:
        findings = Findings(self.table.name)
        values, invalid = self.values(batch, findings)
        own = batch.own()
        arrays = [self.ids.output(own.text, own.rows.column(self.ids.column))]
        arrays += [own.rows.column(name) for name in self.keep]
        rows = pa.RecordBatch.from_arrays([*arrays, *values], schema=schema)
        return rows, ConversionTotals(findings, rows.num_rows, invalid, batch.excluded)


def aligned(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly `rows`, but for the last."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while batch.num_rows:
            part = batch.slice(0, rows - count)
            batch = batch.slice(part.num_rows)
            waiting.append(part)
            count += part.num_rows
            if count == rows:
                yield _one_batch(waiting)
                waiting, count = [], 0
    if waiting:
        yield _one_batch(waiting)


def _one_batch(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(parts) == 1:
        return parts[0]
    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]
