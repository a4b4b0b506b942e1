"""The columns of a table that are features, and their values as an array."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.foundation.columns import is_list, list_cells, to_floats
from zoocli.matching.findings import Findings, NamesOfRows, Problem
from zoocli.tables import Table

USUAL = r"feat_[0-9]+"
NOT_FINITE = Problem(
    "features that are missing, NaN or infinite", "Correct them, or leave these galaxies out."
)
RAGGED = Problem(
    "lists of features with another length",
    "Every galaxy needs as many features as the head takes.",
)


class FeatureColumns:
    """The feature columns of a table: `feat_0`, `feat_1` and so on, or those of the patterns.

    `patterns` are names, possibly with * and ?; each selects the columns that it fits, with numbers
    in natural order (`x_2` before `x_10`). A single column of lists works as well, and is the
    default where there is no `feat_0`. Raises DataError where there are no such columns.

    `names` are the columns; `types` the types that text in them is read as; `count` the number of
    features, None for lists whose type does not have it.
    """

    def __init__(self, table: Table, patterns: Sequence[str] = (), others: Sequence[str] = ()):
        self.table_name = table.name
        self.names = _named(table, patterns) if patterns else _usual(table, others)
        table.require(self.names)
        self.types = dict.fromkeys(self.names, pa.float64())
        lists = [name for name in self.names if is_list(table.type_of(name))]
        if lists and len(self.names) > 1:
            raise DataError(
                f"{table.name}: features are one column of lists or several of numbers, but "
                f"{some(lists)} are among {len(self.names)} columns. Name them with «feature»."
            )
        self.is_list = bool(lists)
        self.count = len(self.names) if not lists else _list_size(table.type_of(lists[0]))

    def count_in(self, batch: pa.RecordBatch) -> int:
        """The number of features: `count`, or where that is None the length of the first list."""
        if self.count is not None:
            return self.count
        lists = batch.column(self.names[0]).drop_null()
        return len(lists[0]) if len(lists) else 0

    def array(
        self,
        batch: pa.RecordBatch,
        count: int,
        findings: Findings,
        ids: NamesOfRows,
    ) -> npt.NDArray[Any]:
        """The features (galaxies, count): float32 if all columns are, else float64.

        Values that give no prediction are added to `findings`.
        """
        if self.is_list:
            return self._from_lists(batch, count, findings, ids)
        columns = [
            to_floats(batch.column(name), name, self.table_name, keep_single=True)
            for name in self.names
        ]
        kind = np.result_type(*{column.dtype for column in columns})
        values = np.empty((len(columns), batch.num_rows), kind)
        for number, column in enumerate(columns):
            values[number] = column
        if not np.isfinite(values).all():
            for name, column in zip(self.names, values, strict=True):
                findings.add(NOT_FINITE, name, ~np.isfinite(column), ids)
        return values.T

    def _from_lists(
        self,
        batch: pa.RecordBatch,
        count: int,
        findings: Findings,
        ids: NamesOfRows,
    ) -> npt.NDArray[Any]:
        name = self.names[0]
        lists = batch.column(name)
        cells, ragged = list_cells(lists, count)
        values = np.array(to_floats(cells, name, self.table_name, keep_single=True))
        values = values.reshape(len(lists), count)
        findings.add(RAGGED, name, ragged, ids)
        findings.add(NOT_FINITE, name, ~(np.isfinite(values).all(axis=1) | ragged), ids)
        return values


def _named(table: Table, patterns: Sequence[str]) -> list[str]:
    names: dict[str, None] = {}
    for pattern in patterns:
        there = table.column_names
        # A column may have a name such as x[0], which is a pattern as well.
        fitting = [name for name in there if name == pattern] or [
            name for name in there if fnmatchcase(name, pattern)
        ]
        if not fitting:
            raise DataError(
                f"{table.name} has no column like «feature={pattern}». "
                f"Its columns are {some(table.column_names, limit=12)}."
            )
        names.update(dict.fromkeys(sorted(fitting, key=_natural)))
    return list(names)


def _usual(table: Table, others: Sequence[str]) -> list[str]:
    names = [name for name in table.column_names if re.fullmatch(USUAL, name)]
    lists = [
        name for name in table.column_names if is_list(table.type_of(name)) and name not in others
    ]
    if names:
        return sorted(names, key=_natural)
    if len(lists) == 1:
        return lists
    raise DataError(
        f"{table.name} has no columns feat_0, feat_1 and so on, and "
        f"{len(lists) or 'no'} columns of lists. Its columns are "
        f"{some(table.column_names, limit=12)}. Name the features with «feature», such as "
        "«feature=x_*»."
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """A sort key that compares the numbers in a name as numbers."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _list_size(kind: pa.DataType) -> int | None:
    return int(kind.list_size) if pa.types.is_fixed_size_list(kind) else None
