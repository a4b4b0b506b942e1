"""JSON lines."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zoocli.tables.encoders.encoder import TextEncoder


class JsonLinesEncoder(TextEncoder):
    """JSON lines: one object a row; NaN and infinity, which JSON lacks, become null."""

    def write(self, table: pa.Table) -> None:
        """Appends lines, made column by column."""
        pieces: list[Any] = []
        for number, (name, column) in enumerate(
            zip(table.column_names, table.combine_chunks().columns, strict=True)
        ):
            pieces += [("," if number else "{") + json.dumps(name) + ":", _json_values(column)]
        lines = pc.binary_join_element_wise(*pieces, "}\n", "")
        for chunk in lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]:
            self._file.write("".join(chunk.to_pylist()).encode())


def _json_values(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    kind = column.type
    if pa.types.is_floating(kind):
        finite = pc.is_finite(column)
        column = pc.if_else(finite, column, pa.scalar(None, kind))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return pc.fill_null(column.cast(pa.string()), "null")
    values = [json.dumps(value, default=_plain_text) for value in column.to_pylist()]
    return pa.array(values, pa.string())


def _plain_text(value: Any) -> str:
    """What JSON has no type for: bytes, decimals, dates."""
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
