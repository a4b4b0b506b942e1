"""Columns as JSON text, for text formats."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def json_values(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Every value as JSON; NaN and infinity, which JSON lacks, as null."""
    kind = column.type
    if pa.types.is_floating(kind):
        finite = pc.is_finite(column)
        column = pc.if_else(finite, column, pa.scalar(None, kind))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return pc.fill_null(column.cast(pa.string()), "null")
    if is_number_list(kind):
        return pc.fill_null(json_lists(column), "null")
    values = [json.dumps(value, default=_plain_text) for value in column.to_pylist()]
    return pa.array(values, pa.string())


def is_number_list(kind: pa.DataType) -> bool:
    """Whether a column holds lists of a fixed number of floats, such as a galaxy's passes."""
    return bool(pa.types.is_fixed_size_list(kind) and pa.types.is_floating(kind.value_type))


def json_lists(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lists of numbers as JSON, each number in the fewest digits that read back exactly."""
    return pa.chunked_array(map(_json_chunk, column.chunks), pa.string())


def _json_chunk(lists: pa.FixedSizeListArray) -> pa.StringArray:
    size = lists.type.list_size
    values = json_values(lists.values.slice(lists.offset * size, len(lists) * size))
    texts = pa.FixedSizeListArray.from_arrays(values, size).cast(pa.list_(pa.string()))
    joined = pc.binary_join(texts, ",")
    return pc.if_else(lists.is_valid(), pc.binary_join_element_wise("[", joined, "]", ""), None)


def _plain_text(value: Any) -> str:
    """The text of values for which JSON has no type: bytes, decimals, dates."""
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
