"""The run itself: predictions stream past, batch by batch, and become rows of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from zoocli.cataloguing.fractions import by_answer, vote_fractions
from zoocli.cataloguing.intervals import credible_intervals
from zoocli.cataloguing.options import CatalogOptions
from zoocli.checks import Findings, NamesOfRows
from zoocli.columns import from_numpy
from zoocli.concentrations import Pass, count_passes, dense, find_impossible, read_passes
from zoocli.errors import DataError, MachineError, UsageError, some
from zoocli.ids import IdColumn, find_id_column, rewritten_note
from zoocli.pipeline import ordered_map, prefetch
from zoocli.resources import PROGRAM_BYTES, Resources
from zoocli.schema import Schema
from zoocli.scoring.held import kept_field
from zoocli.scoring.naming import PREDICTION_SUFFIXES, Side, find_schema
from zoocli.sums import FloatArray
from zoocli.tables import open_tables
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Slice
from zoocli.version import __version__

Progress = Callable[[int, int | None], None]
FEWEST_BATCH_ROWS = 256


@dataclass(frozen=True)
class Catalogued:
    """What the user should know about a catalogue besides its rows."""

    schema: Schema
    options: CatalogOptions
    galaxies: int
    invalid: int
    notes: tuple[str, ...]

    def metadata(self) -> dict[str, Any]:
        """How the table was made; files that have a place for it carry this."""
        options = self.options
        settings: dict[str, Any] = {"schema_hash": self.schema.content_hash}
        if options.advanced:
            settings |= {"level": options.level, "intervals": options.intervals}
        else:
            settings |= {"asked_threshold": options.asked_threshold}
        return {
            "catalog": "advanced" if options.advanced else "friendly",
            "version": __version__,
            "schema": self.schema.name,
            "settings": settings | {"on_invalid": options.on_invalid},
            "galaxies": self.galaxies,
            "invalid": self.invalid,
        }


@dataclass
class Batch:
    """Rows of the catalogue, how many of them have a null, and what was wrong with them."""

    table: pa.RecordBatch
    invalid: int
    findings: Findings


@dataclass
class CatalogTotals:
    """What parts of a catalogue add up to."""

    findings: Findings
    rows: int = 0
    invalid: int = 0

    def __add__(self, other: CatalogTotals) -> CatalogTotals:
        findings = self.findings + other.findings
        return CatalogTotals(findings, self.rows + other.rows, self.invalid + other.invalid)


class Engine:
    """Makes a catalogue of PREDICTIONS, in file order.

    A batch becomes rows in any thread; they are written by the thread that calls `run`.
    """

    def __init__(self, predictions: Any, options: CatalogOptions, resources: Resources) -> None:
        self._options = options
        self._resources = resources
        self.table = open_tables(predictions, resources, "the predictions")
        self.ids = IdColumn(self.table, find_id_column(self.table, options.id))
        side = Side(
            self.table,
            "--predictions-column",
            options.predictions_column,
            PREDICTION_SUFFIXES,
            "a catalogue needs the concentrations of a Dirichlet distribution",
        )
        self._schema = find_schema([side], options.schema)
        self._questions = self._schema.question_slices
        self._columns, self._naming_note = side.columns(self._schema)
        self.table.require([*self._columns, *options.keep])
        self._types = dict.fromkeys(self._columns, pa.float64())
        self._passes = count_passes(self.table, self._columns, self._types)
        self.output_schema = self._output_schema()

    def _output_schema(self) -> pa.Schema:
        fields = [pa.field(self.ids.column, self.ids.output_type)]
        fields += [kept_field(self.table, name, self._types) for name in self._options.keep]
        fields += [pa.field(name, pa.float64()) for name in self._names()]
        schema = pa.schema(fields)
        repeated = sorted({name for name in schema.names if schema.names.count(name) > 1})
        if repeated:
            raise UsageError(
                f"The catalogue would have more than one column called {some(repeated)}. Leave "
                "it out of --keep, or rename it in the input."
            )
        return schema

    def _names(self) -> list[str]:
        """The columns after the id and the kept ones; all of a kind stand together."""
        percent = self._options.percent
        kinds = ["fraction"]
        if self._options.advanced:
            kinds += [f"{percent}pc-lower", f"{percent}pc-upper", "proportion-asked"]
        return [f"{answer}_{kind}" for kind in kinds for answer in self._schema.label_cols]

    def run(self, sink: Sink, progress: Progress = lambda rows, of: None) -> CatalogTotals:
        """Writes the catalogue to the sink, uncommitted; the caller gives the totals to `finish`.

        Raises DataError for invalid ids, MachineError where the memory does not do.
        """
        totals = CatalogTotals(Findings(self.table.name))
        sink.open(self.output_schema)
        for batch in ordered_map(self._catalogue, self._read(), self._resources.threads):
            totals += CatalogTotals(batch.findings, batch.table.num_rows, batch.invalid)
            if not totals.findings:
                sink.write(batch.table)
            progress(totals.rows, self.table.rows)
        return totals

    def of_part(self, part: Slice) -> Engine:
        """The same for a part of the table."""
        engine = copy(self)
        engine.table, engine.ids = part, self.ids.from_row(part.start)
        return engine

    def finish(self, totals: CatalogTotals, may_be_empty: bool = False) -> Catalogued:
        """Raises DataError for invalid values, and where there are no rows."""
        totals.findings.raise_if_any()
        if not totals.rows and not may_be_empty:
            raise DataError(f"{self.table.name} has no rows. Give predictions to catalogue.")
        notes = tuple(self._notes(totals.invalid))
        return Catalogued(self._schema, self._options, totals.rows, totals.invalid, notes)

    def _notes(self, invalid: int) -> Iterator[str]:
        yield from filter(None, (self._naming_note, rewritten_note([self.ids])))
        if invalid:
            yield (
                f"{invalid:,} galaxies have invalid concentrations: those questions are null, and "
                "so is the proportion asked of what follows them."
            )

    def _read(self) -> Iterator[tuple[pa.RecordBatch, pa.StringArray]]:
        chosen = [self.ids.column, *self._columns, *self._options.keep]
        batches = (
            (batch, self.ids.text(batch.column(self.ids.column)))
            for batch in self.table.batches(chosen, self._types, self._batch_rows())
        )
        return prefetch(batches) if self._resources.threads > 1 else batches

    def _batch_rows(self) -> int:
        """The rows of a batch, so that all that are under way at once fit into the memory."""
        values = 3 * self._passes * len(self._columns) + 2 * len(self.output_schema)
        under_way = 2 * self._resources.threads + 4
        spare = self._resources.memory - PROGRAM_BYTES
        rows = min(self._options.batch_size, spare // (8 * (8 + values) * under_way))
        if rows < min(FEWEST_BATCH_ROWS, self._options.batch_size):
            raise MachineError(
                f"The memory limit of {self._resources.memory / 1e9:.2f} GB leaves no room beside "
                f"the program ({PROGRAM_BYTES / 1e9:.1f} GB). Raise --memory-limit."
            )
        return int(rows)

    def _catalogue(self, item: tuple[pa.RecordBatch, pa.StringArray]) -> Batch:
        batch, text = item
        findings = Findings(self.table.name)

        def ids(rows: Iterable[int]) -> list[str]:
            return [text[int(row)].as_py() for row in rows]

        passes = self._read_passes(batch, findings, ids)
        concentrations = dense(passes)
        fractions = vote_fractions(concentrations, self._questions)
        invalid = np.isnan(fractions).any(axis=0)
        if self._options.on_invalid == "error" and invalid.any():
            for one in passes:
                find_impossible(one, self._columns, self._schema, findings, ids)
        arrays = [self.ids.output(text, batch.column(self.ids.column))]
        arrays += [batch.column(name) for name in self._options.keep]
        arrays += [from_numpy(row, nulls=True) for row in self._values(concentrations, fractions)]
        table = pa.RecordBatch.from_arrays(arrays, schema=self.output_schema)
        return Batch(table, int(np.count_nonzero(invalid)), findings)

    def _read_passes(
        self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows
    ) -> list[Pass]:
        rows = np.arange(batch.num_rows, dtype=np.int32)
        return read_passes(batch, self._columns, self._passes, rows, self.table.name, findings, ids)

    def _values(self, concentrations: FloatArray, fractions: FloatArray) -> Iterable[Any]:
        """The columns after the id and the kept ones; NaN is null."""
        asked = by_answer(self._schema.proportions_asked(fractions.T), self._questions)
        if not self._options.advanced:
            yield from np.where(asked >= self._options.asked_threshold, fractions, np.nan)
            return
        ends = credible_intervals(
            concentrations, self._questions, self._options.level, self._options.intervals
        )
        for block in (fractions, *ends, asked):
            yield from block
