"""JSON lines."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zoocli.tables.encoders.encoder import TextEncoder
from zoocli.tables.encoders.json_text import json_values


class JsonLinesEncoder(TextEncoder):
    """JSON lines: one object per row; NaN and infinity, which JSON lacks, become null."""

    def write(self, table: pa.Table) -> None:
        """Appends lines, built column by column."""
        pieces: list[Any] = []
        for number, (name, column) in enumerate(
            zip(table.column_names, table.combine_chunks().columns, strict=True)
        ):
            pieces += [("," if number else "{") + json.dumps(name) + ":", json_values(column)]
        lines = pc.binary_join_element_wise(*pieces, "}\n", "")
        for chunk in lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]:
            self._file.write("".join(chunk.to_pylist()).encode())
