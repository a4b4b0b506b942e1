"""The interface of every format's writer, and the size and types of what it is given."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

SLAB_BYTES = 1 << 25
FEWEST_ROWS, MOST_ROWS = 1 << 12, 1 << 17


class Encoder(ABC):
    """Writes slabs of rows to a path. The bytes depend on the rows only, not on the batches."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema

    @abstractmethod
    def write(self, table: pa.Table) -> None:
        """Appends a slab; all have the same number of rows, except for the last."""

    @abstractmethod
    def close(self, metadata: Mapping[str, Any]) -> None:
        """Completes the file; it contains `metadata` if the format has a place for them."""

    def abandon(self) -> None:
        """Closes an incomplete file, which is then removed."""
        return


class TextEncoder(Encoder):
    """A text format, which has no place for metadata."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path, schema)
        self._file = path.open("wb")

    def close(self, metadata: Mapping[str, Any]) -> None:
        """Closes the file."""
        del metadata
        self._file.close()

    def abandon(self) -> None:
        """Closes the file, even if its last bytes cannot be written."""
        with contextlib.suppress(OSError):
            self._file.close()


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type in which a column is written: that of a dictionary's values, and no views.

    Dictionaries differ from batch to batch, and not every format supports them or views.
    """
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string_view(kind):
        return pa.string()
    return pa.binary() if pa.types.is_binary_view(kind) else kind


def slab_rows(schema: pa.Schema) -> int:
    """Rows written at a time: a power of two, about 32 MB; it depends on the columns only."""
    row_bytes = sum(_value_bytes(field.type) for field in schema)
    rows = 1 << ((SLAB_BYTES // max(1, row_bytes)).bit_length() - 1)
    return max(FEWEST_ROWS, min(MOST_ROWS, rows))


def _value_bytes(kind: pa.DataType) -> int:
    if pa.types.is_fixed_size_list(kind):
        return int(kind.list_size) * _value_bytes(kind.value_type)
    return kind.bit_width // 8 if pa.types.is_primitive(kind) else 24


def numbers_and_text(schema: pa.Schema) -> pa.Schema:
    """The schema for formats that support only numbers, truth values and text.

    Dates, decimals and bytes become text; raises pa.ArrowNotImplementedError for lists and other
    nested types.
    """
    return pa.schema([(field.name, _number_or_text(field)) for field in schema])


def _number_or_text(field: pa.Field) -> pa.DataType:
    kind = field.type
    if pa.types.is_nested(kind):
        raise pa.ArrowNotImplementedError(f"column '{field.name}' holds {kind}")
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return kind if numeric or pa.types.is_boolean(kind) else pa.string()
