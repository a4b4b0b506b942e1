"""The concentrations of galaxies: one prediction of each, or several passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError
from zoocli.foundation.columns import is_list, list_cells, to_floats
from zoocli.matching.findings import NO_LIKELIHOOD, RAGGED_PASSES, TOO_LARGE, Findings, NamesOfRows
from zoocli.matching.index import RowArray
from zoocli.schema import Schema
from zoocli.tables import Table
from zoocli.tables.numbers import Types

FIRST_ROWS = 1024  # at a time, until one has a list


@dataclass(frozen=True)
class Pass:
    """One prediction of every galaxy: an array for each answer, read at `rows` (galaxies,).

    All arrays are float32 or all are float64; null is NaN, and so is what is not there at all:
    `absent` (galaxies,) tells these.
    """

    columns: Sequence[npt.NDArray[Any]]
    rows: RowArray
    absent: npt.NDArray[np.bool_]

    def chosen(self) -> list[npt.NDArray[Any]]:
        """The concentrations themselves, (galaxies,) for each answer."""
        return [column[self.rows] for column in self.columns]


def dense(passes: Sequence[Pass]) -> npt.NDArray[np.float64]:
    """All concentrations as (passes, answers, galaxies)."""
    return np.array([one.chosen() for one in passes], np.float64)


def count_passes(table: Table, columns: Sequence[str], types: Types) -> int:
    """How many passes the cells of a table hold, by its types or else by the first list."""
    table.require(columns)
    kinds = [table.type_of(name) for name in columns]
    fixed = [kind.list_size for kind in kinds if pa.types.is_fixed_size_list(kind)]
    if fixed:
        return int(fixed[0])
    if not table.may_hold_lists(columns):
        return 1
    for batch in table.batches(columns, types, batch_rows=FIRST_ROWS):
        lists = [column.drop_null() for column in batch.columns if is_list(column.type)]
        sizes = [len(cells[0]) for cells in lists if len(cells)]
        if sizes and not sizes[0]:
            raise DataError(
                f"{table.name}: the first list of predictions is empty. Give every galaxy the same "
                "number of passes."
            )
        if sizes:
            return sizes[0]
        if not lists and any(column.null_count < len(column) for column in batch.columns):
            break
    return 1


def read_passes(
    batch: pa.RecordBatch,
    columns: Sequence[str],
    passes: int,
    rows: RowArray,
    table: str,
    findings: Findings,
    ids: NamesOfRows,
) -> list[Pass]:
    """The passes in some rows of a batch; a column of numbers holds one.

    `findings` take the rows whose lists are longer or shorter than `passes`.
    """
    arrays = []
    absent = np.zeros(len(rows), np.bool_)
    for name in columns:
        column = batch.column(name)
        if is_list(column.type):
            column, ragged = list_cells(column, passes)
            findings.add(RAGGED_PASSES, name, ragged[rows], ids)
            absent |= ragged[rows]
        elif passes > 1 and column.null_count == len(column):  # as text without any list yet
            column = pa.nulls(len(column) * passes, pa.float64())
        elif passes > 1:
            raise DataError(f"{table}: column '{name}' holds numbers, and others lists of passes.")
        arrays.append(to_floats(column, name, table, keep_single=True))
    if len({array.dtype for array in arrays}) > 1:
        arrays = [array.astype(np.float64) for array in arrays]
    if passes == 1:
        return [Pass(arrays, rows, absent)]
    starts = rows * np.int32(passes)
    return [Pass(arrays, starts + np.int32(number), absent) for number in range(passes)]


def find_impossible(
    one: Pass, names: Sequence[str], schema: Schema, findings: Findings, ids: NamesOfRows
) -> None:
    """Counts the concentrations, by the names of their columns, that no distribution has."""
    columns = one.chosen()
    for name, column in zip(names, columns, strict=True):
        impossible = ~((column > 0) & np.isfinite(column)) & ~one.absent
        findings.add(NO_LIKELIHOOD, name, impossible, ids)
    for question in schema.questions:
        values = np.array(columns[question.columns], np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            too_large = np.isfinite(values).all(axis=0) & ~np.isfinite(values.sum(axis=0))
        findings.add(TOO_LARGE, question.name, too_large, ids)
