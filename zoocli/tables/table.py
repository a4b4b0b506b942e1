"""What every kind of table can do, whatever it is stored in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zoocli.errors import DataError, some
from zoocli.strict_json import parse_json

BATCH_ROWS = 65_536
METADATA_KEY = b"zoocli"

Types = Mapping[str, pa.DataType]


class Table(ABC):
    """A table as a stream of batches, in the order of its rows.

    `name` and `format` are for messages. `schema` has a field for each column (all text where the
    format knows no types). `rows` is None where only reading tells. `text` says that the format
    holds nothing but text, so that ids in it are exactly as written.
    """

    name: str
    format: str
    schema: pa.Schema
    rows: int | None = None
    text = False
    spool: Any = None

    @property
    def column_names(self) -> list[str]:
        """All columns, in the file's order."""
        return list(self.schema.names)

    def type_of(self, column: str) -> pa.DataType:
        """The type of a column, of the first one where several have that name."""
        return self.schema.types[self.schema.names.index(column)]

    @property
    def metadata(self) -> dict[str, Any] | None:
        """What zoocli itself wrote about the table, or None."""
        written = (self.schema.metadata or {}).get(METADATA_KEY)
        if written is None:
            return None
        try:
            content = parse_json(written.decode())
        except ValueError:
            return None
        return content if isinstance(content, dict) else None

    def batches(
        self, columns: Collection[str], types: Types | None = None, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """The given columns, in the order given, as batches of at most `batch_rows` rows.

        A column that holds text is parsed as its type in `types`; DataError names what cannot be.
        Columns that hold anything else are left as they are.
        """
        columns = list(dict.fromkeys(columns))
        self.require(columns)
        yield from self._batches(columns, types or {}, batch_rows)

    @abstractmethod
    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]: ...

    def require(self, columns: Collection[str]) -> None:
        """Raises DataError unless every one of the columns is there, once."""
        count = Counter(self.column_names)
        missing = [column for column in columns if not count[column]]
        if missing:
            raise DataError(
                f"{self.name} has no column {some(missing)}. "
                f"Its columns are {some(self.column_names, limit=12)}."
            )
        repeated = [column for column in columns if count[column] > 1]
        if repeated:
            raise DataError(
                f"{self.name} has more than one column called {some(repeated)}. "
                "Rename or drop the others, so that it is clear which one is meant."
            )


def parse_text(batch: pa.RecordBatch, types: Types, name: str) -> pa.RecordBatch:
    """Replaces the text columns of a batch that have a type in `types`; blank cells are null."""
    for position, field in enumerate(batch.schema):
        wanted = types.get(field.name)
        if wanted is None or not is_text(field.type):
            continue
        column = batch.column(position).cast(pa.string())
        parsed = _parse_column(column, wanted, field.name, name)
        batch = batch.set_column(position, pa.field(field.name, wanted), parsed)
    return batch


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text, a dictionary of texts included."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _parse_column(column: pa.Array, wanted: pa.DataType, field: str, name: str) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(column)
    filled = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    try:
        return filled.cast(wanted)
    except pa.ArrowInvalid:
        bad = [text.as_py() for text in filled.drop_null() if not _is_number(text, wanted)]
        raise text_error(name, field, bad, len(bad)) from None


def _is_number(text: pa.StringScalar, wanted: pa.DataType) -> bool:
    try:
        text.cast(wanted)
    except pa.ArrowInvalid:
        return False
    return True


def text_error(name: str, column: str, values: Collection[str], count: int) -> DataError:
    """The error for text where numbers are expected: the first few, and how many in all."""
    return DataError(
        f"{name}: column '{column}' should hold numbers, but {count:,} of its cells do not: "
        f"{some(list(values)[:5])}. Mend them, or leave the cells blank where there is no value."
    )
