"""The formats in which tables are written, one class each."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zoocli.errors import UsageError
from zoocli.tables.table import METADATA_KEY

SLAB_BYTES = 1 << 25
FEWEST_ROWS, MOST_ROWS = 1 << 12, 1 << 17


class Encoder(ABC):
    """Writes batches to a path. What it writes depends on the rows alone, not on the batches."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema

    @abstractmethod
    def write(self, table: pa.Table) -> None:
        """Appends a slab: all have the same number of rows but for the last."""

    @abstractmethod
    def close(self, metadata: Mapping[str, Any]) -> None:
        """Completes the file; `metadata` stand in it where the format has a place for them."""

    def abandon(self) -> None:
        """Lets go of a file that nobody wants any more."""
        return


class ParquetEncoder(Encoder):
    """Parquet: zstd and delta encoding for text and counts, floats as they are.

    Compressing floats would save a fifth of the file and cost half of the writer's time.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        super().__init__(path, schema)
        whole = [field.name for field in schema if pa.types.is_int32(field.type)]
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression={
                field.name: "none" if pa.types.is_floating(field.type) else "zstd"
                for field in schema
            },
            use_dictionary=False,
            column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
        )

    def write(self, table: pa.Table) -> None:
        """One row group a slab."""
        self._writer.write_table(table.combine_chunks(), row_group_size=max(1, table.num_rows))

    def close(self, metadata: Mapping[str, Any]) -> None:
        """Writes the footer, the metadata in it."""
        self._writer.add_key_value_metadata({METADATA_KEY: json.dumps(metadata)})
        self._writer.close()


class TextEncoder(Encoder):
    """Text has no place for metadata."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path, schema)
        self._file = path.open("wb")

    def close(self, metadata: Mapping[str, Any]) -> None:
        """Closes the file."""
        del metadata
        self._file.close()

    def abandon(self) -> None:
        """Closes the file, even where its last bytes cannot be written."""
        with contextlib.suppress(OSError):
            self._file.close()


class CsvEncoder(TextEncoder):
    """CSV: floats in the fewest digits that read back exactly, null as an empty cell."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.csv as pa_csv

        super().__init__(path, schema)
        header = io.StringIO()
        csv.writer(header, lineterminator="\n").writerow(schema.names)
        self._file.write(header.getvalue().encode())
        self._options = pa_csv.WriteOptions(include_header=False, batch_size=1 << 14)
        self._write_csv = pa_csv.write_csv

    def write(self, table: pa.Table) -> None:
        """Appends lines."""
        self._write_csv(table, self._file, self._options)


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


class ArrowEncoder(Encoder):
    """An Arrow IPC stream, or file; the metadata stand at its head, so it is written twice."""

    stream = True

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path, schema)
        self._draft = path.with_name(path.name + ".draft")
        self._writer = pa.ipc.new_stream(str(self._draft), schema)

    def write(self, table: pa.Table) -> None:
        """One record batch a slab."""
        # Buffers are written as long as they are, which two pieces that become one make exact.
        exact = pa.concat_tables([table[:1], table[1:]]).combine_chunks()
        self._writer.write_table(exact)

    def close(self, metadata: Mapping[str, Any]) -> None:
        """Copies the draft behind a schema that carries the metadata."""
        self._writer.close()
        schema = self._schema.with_metadata({METADATA_KEY: json.dumps(metadata)})
        new = pa.ipc.new_stream if self.stream else pa.ipc.new_file
        with (
            pa.memory_map(str(self._draft)) as source,
            pa.ipc.open_stream(source) as batches,
            new(str(self._path), schema) as writer,
        ):
            for batch in batches:
                writer.write_batch(batch.replace_schema_metadata(schema.metadata))
        self._draft.unlink()


class ArrowFileEncoder(ArrowEncoder):
    """The Arrow IPC file format, which Feather readers know."""

    stream = False


ENCODERS: dict[str, type[Encoder]] = {
    "csv": CsvEncoder,
    "parquet": ParquetEncoder,
    "arrow": ArrowEncoder,
    "feather": ArrowFileEncoder,
    "jsonl": JsonLinesEncoder,
}
SUFFIXES = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "feather",
    ".feather": "feather",
    ".ipc": "feather",
    ".arrows": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def format_of(path: Path, given: str | None) -> str:
    """The format by its name, else by the file's suffix; raises UsageError for neither."""
    if given is not None:
        if given not in ENCODERS:
            raise UsageError(f"--format is one of {', '.join(ENCODERS)}; not '{given}'.")
        return given
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"The format of '{path}' cannot be told from its ending. End it in "
            f"{', '.join(SUFFIXES)}, or say --format."
        )
    return SUFFIXES[path.suffix.lower()]


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type under which a column is written: the values of a dictionary, text and not a view.

    Dictionaries differ from batch to batch, and not every format has them or views.
    """
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string_view(kind):
        return pa.string()
    return pa.binary() if pa.types.is_binary_view(kind) else kind


def slab_rows(schema: pa.Schema) -> int:
    """Rows written at a time: a power of two, about 32 MB, and a matter of the columns alone."""
    row_bytes = sum(
        field.type.bit_width // 8 if pa.types.is_primitive(field.type) else 24 for field in schema
    )
    rows = 1 << ((SLAB_BYTES // max(1, row_bytes)).bit_length() - 1)
    return max(FEWEST_ROWS, min(MOST_ROWS, rows))
