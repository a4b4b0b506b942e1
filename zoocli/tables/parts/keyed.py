"""Tables with the keys in the names of their folders (`survey=dr5`) as columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from zoocli.tables.numbers import Types
from zoocli.tables.parts.wrapped import WrappedTable
from zoocli.tables.table import Table

WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")


class Keyed(WrappedTable):
    """A table with additional columns, each constant: the keys of its folders.

    Where the table itself has a column of that name, the key is ignored.
    """

    def __init__(self, table: Table, keys: Mapping[str, str | int | None], kinds: Types) -> None:
        super().__init__(table)
        self._keys = {key: value for key, value in keys.items() if key not in table.column_names}
        self._kinds = kinds
        for key in self._keys:
            self.schema = self.schema.append(pa.field(key, kinds[key]))

    def require(self, columns: Collection[str]) -> None:
        """As the wrapped table does; the keys are columns, too."""
        Table.require(self, columns)
        self._table.require(self._own(columns))

    def may_hold_lists(self, columns: Collection[str]) -> bool:
        """As the wrapped table does; a key is no list."""
        return self._table.may_hold_lists(self._own(columns))

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        batches = super()._batches(self._read(columns), types, batch_rows)
        return self._with_keys(batches, columns)

    def _between(
        self, start: int, stop: int, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        batches = super()._between(start, stop, self._read(columns), types, batch_rows)
        return self._with_keys(batches, columns)

    def _own(self, columns: Collection[str]) -> list[str]:
        return [name for name in columns if name not in self._keys]

    def _read(self, columns: Collection[str]) -> list[str]:
        """The columns to read; where all are keys, one that tells how many rows there are."""
        return self._own(columns) or self._table.column_names[:1]

    def _with_keys(
        self, batches: Iterable[pa.RecordBatch], columns: list[str]
    ) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            arrays = [
                self._repeated(name, batch.num_rows) if name in self._keys else batch.column(name)
                for name in columns
            ]
            yield pa.RecordBatch.from_arrays(arrays, columns)

    def _repeated(self, key: str, rows: int) -> pa.Array:
        return pa.repeat(pa.scalar(self._keys[key], self._kinds[key]), rows)


def keyed(tables: Sequence[Table], keys: Sequence[Mapping[str, str | None]]) -> list[Table]:
    """The tables with their folders' keys as columns: whole numbers where all of a key's are."""
    values: dict[str, set[str]] = {}
    for one in keys:
        for key, value in one.items():
            values.setdefault(key, set()).update(() if value is None else (value,))
    numbers = {key for key, texts in values.items() if all(map(WHOLE_NUMBER.fullmatch, texts))}
    kinds = {key: pa.int64() if key in numbers else pa.string() for key in values}
    return [
        Keyed(
            table,
            {k: int(v) if k in numbers and v is not None else v for k, v in one.items()},
            kinds,
        )
        if one
        else table
        for table, one in zip(tables, keys, strict=True)
    ]
