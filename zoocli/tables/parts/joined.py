"""Several tables as one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

import pyarrow as pa

from zoocli.errors import DataError
from zoocli.tables.formats.encoder import plain_type
from zoocli.tables.numbers import Types, is_text
from zoocli.tables.table import METADATA_KEY, Table


class Parts(Table):
    """Several tables, concatenated. Columns that some of them lack are left out."""

    def __init__(self, parts: Sequence[Table], name: str | None = None) -> None:
        first = parts[0]
        self.parts = parts
        self.name = name or f"{first.name} and {len(parts) - 1} more"
        self.format = ", ".join(dict.fromkeys(part.format for part in parts))
        schemas = {id(part.schema): part.schema for part in parts}  # few, as they are shared
        kinds = [_kinds(schema) for schema in schemas.values()]
        shared = set(kinds[0]).intersection(*kinds[1:])
        fields = [
            (name, _common_type([kind[name] for kind in kinds]))
            for name in first.column_names
            if name in shared
        ]
        metadata = first.schema.metadata if len(parts) == 1 else None
        self.schema = pa.schema(fields, metadata=metadata)
        known = [part.rows for part in parts if part.rows is not None]
        self.rows = sum(known) if len(known) == len(parts) else None
        self.text = all(part.text for part in parts)

    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Sets what zoocli wrote about the whole table."""
        self.schema = self.schema.with_metadata({METADATA_KEY: json.dumps(metadata)})

    def treat_as_missing(self, values: Iterable[str | float]) -> None:
        """In every part."""
        for part in self.parts:
            part.treat_as_missing(values)

    def may_hold_lists(self, columns: Collection[str]) -> bool:
        """Whether any of the parts may."""
        return any(part.may_hold_lists(columns) for part in self.parts)

    def require(self, columns: Collection[str]) -> None:
        """As for one table; the part that lacks a column is named."""
        for part in self.parts:
            part.require(columns)

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        for part in self.parts:
            for batch in part.batches(columns, types, batch_rows):
                yield self._alike(batch, types, part)

    def _between(
        self, start: int, stop: int, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Parts outside the range are not read."""
        first = 0
        for part in self.parts:
            end = first + part.count_rows()
            if first < stop and start < end:
                inside = max(start - first, 0), min(stop, end) - first
                for batch in part.between(*inside, columns, types, batch_rows):
                    yield self._alike(batch, types, part)
            first = end

    def count_rows(self) -> int:
        """The sum over the parts."""
        self.rows = sum(part.count_rows() for part in self.parts)
        return self.rows

    def breaks(self) -> list[int]:
        """Those of the parts, and where parts end."""
        ends = accumulate(part.count_rows() for part in self.parts)
        inside = [
            [end - part.count_rows() + row for row in part.breaks()] + [end]
            for part, end in zip(self.parts, ends, strict=True)
        ]
        return sorted(set(chain.from_iterable(inside)))

    def _alike(self, batch: pa.RecordBatch, types: Types, part: Table) -> pa.RecordBatch:
        """The batch in the common types of all parts, except for columns in `types`."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name not in types and column.null_count < len(column):
                self._refuse_floats_as_text(name, column.type, part)
        fields = [
            field if field.name in types else field.with_type(self.type_of(field.name))
            for field in batch.schema
        ]
        try:
            return batch.cast(pa.schema(fields))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"The columns of {part.name} have different types from those of "
                f"{self.parts[0].name} ({error}). Write all parts in the same way."
            ) from error

    def _refuse_floats_as_text(self, name: str, kind: pa.DataType, part: Table) -> None:
        """A float has no unique text: 311581 may be 311581.0, and 19 digits do not fit in it."""
        if not (_is_float(kind) and is_text(self.type_of(name))):
            return
        other = next(one for one in self.parts if not _is_float(one.type_of(name)))
        raise DataError(
            f"The column '{name}' holds floats in {part.name}, but {other.type_of(name)} in "
            f"{other.name}. Write it in the same way in all parts."
        )


def with_shared_schemas(tables: Iterable[Table]) -> list[Table]:
    """The tables; those with equal schemas share one, as each takes about 10 kB."""
    opened: list[Table] = []
    for table in tables:
        if opened and table.schema.equals(opened[-1].schema, check_metadata=True):
            table.schema = opened[-1].schema
        opened.append(table)
    return opened


def _kinds(schema: pa.Schema) -> dict[str, pa.DataType]:
    """Each column's type; that of the first one where several have that name."""
    return dict(zip(reversed(schema.names), reversed(schema.types), strict=True))


def _is_float(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(plain_type(kind)))


def _common_type(kinds: Sequence[pa.DataType]) -> pa.DataType:
    """The type that can hold the values of all of these; text where there is none."""
    if all(kind == kinds[0] for kind in kinds):
        return kinds[0]
    schemas = [pa.schema([("", plain_type(kind))]) for kind in kinds]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.string()
