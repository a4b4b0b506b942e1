"""Predictions stream past, batch by batch, and become rows of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from zoocli.foundation.arrays import Floats
from zoocli.foundation.columns import from_numpy
from zoocli.foundation.resources import PROGRAM_BYTES, Resources
from zoocli.matching.concentrations import count_passes, dense, find_impossible, read_passes
from zoocli.matching.findings import Findings
from zoocli.matching.naming import AnswerColumns, find_schema
from zoocli.products.catalog.fractions import by_answer, vote_fractions
from zoocli.products.catalog.intervals import credible_intervals
from zoocli.products.conversion import Batch, Conversion, ConversionTotals
from zoocli.runs.options.catalog import CatalogOptions
from zoocli.schema.naming import CONCENTRATIONS
from zoocli.scoring.suspicions import kind_of_concentrations, refuse_fractions
from zoocli.tables import open_tables
from zoocli.tables.numbers import Types
from zoocli.tables.sources import TablesLike

FEWEST_BATCH_ROWS = 256
OF_CATALOGUES = replace(
    CONCENTRATIONS, needs="a catalogue needs the concentrations of a Dirichlet distribution"
)


class Cataloguer(Conversion):
    """Makes a catalogue of PREDICTIONS."""

    output: ClassVar[str] = "The catalogue"

    def __init__(
        self, predictions: TablesLike, options: CatalogOptions, resources: Resources
    ) -> None:
        table = open_tables(predictions, resources, "the predictions")
        super().__init__(table, options.id, options.keep, resources, options.condition)
        self._options = options
        side = AnswerColumns(table, OF_CATALOGUES, options.predictions_column)
        self._schema = find_schema([side], options.schema)
        self._questions = self._schema.question_slices
        found = side.find(self._schema)
        self._columns = [source.column for source in found.sources]
        self._naming_note = side.note(found)
        self._passes = count_passes(table, self._columns, self.input_columns())

    def input_columns(self) -> Types:
        """The concentrations."""
        return dict.fromkeys(self._columns, pa.float64())

    def output_fields(self) -> list[pa.Field]:
        """All columns of a kind stand together."""
        percent = self._options.percent
        kinds = ["fraction"]
        if self._options.advanced:
            kinds += [f"{percent}pc-lower", f"{percent}pc-upper", "proportion-asked"]
        answers = self._schema.label_cols
        return [pa.field(f"{answer}_{kind}", pa.float64()) for kind in kinds for answer in answers]

    def about(self) -> dict[str, Any]:
        """The kind of catalogue, the schema, and the options that change values."""
        options = self._options
        settings: dict[str, Any] = {"schema_hash": self._schema.content_hash}
        if options.advanced:
            settings |= {"level": options.level, "intervals": options.intervals}
        else:
            settings |= {"asked_threshold": options.asked_threshold}
        where = {} if options.where is None else {"where": options.where}
        return {
            "catalog": "advanced" if options.advanced else "friendly",
            "schema": self._schema.name,
            "settings": settings | {"on_invalid": options.on_invalid} | where,
        }

    def notes(self, totals: ConversionTotals) -> Iterator[str]:
        """How columns were found, how ids were read, and what is null for its value."""
        if self._naming_note is not None:
            yield self._naming_note
        yield from super().notes(totals)
        if totals.invalid:
            yield (
                f"{totals.invalid:,} galaxies have invalid concentrations: those questions are "
                "null, and so is the proportion asked of what follows them."
            )

    def batch_rows(self) -> int:
        """What was asked for, or less where the memory is short."""
        values = 3 * self._passes * len(self._columns)
        values += 2 * (1 + len(self.keep) + len(self.output_fields()))
        size = self._options.batch_size
        fewest = min(FEWEST_BATCH_ROWS, size)
        taken = {"the program": PROGRAM_BYTES}
        return min(size, self.resources.rows_at_once(8 * (8 + values), fewest, taken))

    def values(self, batch: Batch, findings: Findings) -> tuple[list[pa.Array], int]:
        """The fractions and what else the catalogue has; null where nothing valid was predicted."""
        rows = np.arange(batch.rows.num_rows, dtype=np.int32)
        passes = read_passes(
            batch.rows, self._columns, self._passes, rows, self.table.name, findings, batch.ids
        )
        kind = kind_of_concentrations(passes[0], self._questions)
        refuse_fractions(self.table.name, frozenset([kind] if kind else []))
        concentrations = dense(passes)
        fractions = vote_fractions(concentrations, self._questions)
        invalid = np.isnan(fractions).any(axis=0)
        if self._options.on_invalid == "error" and invalid.any():
            for one in passes:
                find_impossible(one, self._columns, self._schema, findings, batch.ids)
        columns = self._catalogue(concentrations, fractions)
        return [from_numpy(one, nulls=True) for one in columns], int(np.count_nonzero(invalid))

    def _catalogue(self, concentrations: Floats, fractions: Floats) -> Iterator[Floats]:
        """The columns of values; NaN is null."""
        asked = by_answer(self._schema.proportions_asked(fractions.T), self._questions)
        if not self._options.advanced:
            yield from np.where(asked >= self._options.asked_threshold, fractions, np.nan)
            return
        ends = credible_intervals(
            concentrations, self._questions, self._options.level, self._options.intervals
        )
        for block in (fractions, *ends, asked):
            yield from block
