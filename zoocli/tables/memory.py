"""Tables that are in memory already: Arrow tables and pandas DataFrames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from zoocli.errors import DataError
from zoocli.tables.numbers import Types
from zoocli.tables.table import Table, validated


class MemoryTable(Table):
    """An Arrow table, or a DataFrame through Arrow (without its index)."""

    format = "in memory"

    def __init__(self, content: Any, name: str) -> None:
        if isinstance(content, pa.RecordBatch):
            content = pa.Table.from_batches([content])
        if not isinstance(content, pa.Table):
            content = _from_pandas(content, name)
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
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError, AttributeError) as error:
        reason = "; ".join(str(part) for part in error.args)
        raise DataError(
            f"{name}: this {type(frame).__name__} cannot be read as a table ({reason}). Every "
            "column needs a unique name and values of one type."
        ) from error
