"""Tables that are in memory already: Arrow tables and pandas DataFrames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from zoocli.errors import DataError, first_line
from zoocli.tables.numbers import Types
from zoocli.tables.table import Table, validated


class MemoryTable(Table):
    """An Arrow table, a DataFrame through Arrow, or whatever offers an Arrow stream.

    An index with a name of its own is a column; another one is left out.
    """

    format = "in memory"

    def __init__(self, content: Any, name: str) -> None:
        if isinstance(content, pa.RecordBatch):
            content = pa.Table.from_batches([content])
        if not isinstance(content, pa.Table):
            read = _from_pandas if hasattr(content, "iloc") else _from_stream
            content = read(content, name)
        self.name = name
        self.schema = content.schema
        self.rows = content.num_rows
        self._content = content

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        for batch in self._content.select(columns).to_batches(max_chunksize=batch_rows):
            yield validated(batch, self.name)


def _from_pandas(frame: Any, name: str) -> pa.Table:
    try:
        named = [one for one in frame.index.names if one is not None and one not in frame.columns]
        if named:
            frame = frame.reset_index(named)
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError, AttributeError) as error:
        reason = "; ".join(str(part) for part in error.args)
        raise DataError(
            f"{name}: this {type(frame).__name__} cannot be read as a table ({reason}). Every "
            "column needs a unique name and values of one type."
        ) from error


def _from_stream(content: Any, name: str) -> pa.Table:
    try:
        return pa.table(content)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataError(
            f"{name}: the Arrow stream of this {type(content).__name__} cannot be read "
            f"({first_line(error)}). Give an Arrow table or a DataFrame."
        ) from error
