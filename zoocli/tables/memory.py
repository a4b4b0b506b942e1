"""Tables that are in memory already: Arrow tables and pandas DataFrames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from zoocli.tables.table import Table, Types, parse_text


class MemoryTable(Table):
    """An Arrow table, or a DataFrame through Arrow (without its index)."""

    def __init__(self, content: Any, name: str) -> None:
        if isinstance(content, pa.RecordBatch):
            content = pa.Table.from_batches([content])
        if not isinstance(content, pa.Table):
            content = pa.Table.from_pandas(content, preserve_index=False)
        self.name = name
        self.schema = content.schema
        self.rows = content.num_rows
        self._content = content

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        for batch in self._content.select(columns).to_batches(max_chunksize=batch_rows):
            yield parse_text(batch, types, self.name)
