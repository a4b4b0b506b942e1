"""From whatever the user gave to a `Table`."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from zoocli.errors import DataError, MachineError, UsageError
from zoocli.resources import Resources
from zoocli.tables.arrow import FILE_MAGIC, ArrowTable
from zoocli.tables.astronomy import reader_of
from zoocli.tables.astropy_tables import AstropyTable, is_astropy_table
from zoocli.tables.delimited import DelimitedTable
from zoocli.tables.encoders import plain_type
from zoocli.tables.memory import MemoryTable
from zoocli.tables.parquet import ParquetTable
from zoocli.tables.table import Table, Types, is_text

PARQUET_MAGIC = b"PAR1"
STREAM_MAGIC = b"\xff\xff\xff\xff"
PARQUET_SUFFIXES = (".parquet", ".pq", ".parq")
ARROW_SUFFIXES = (".arrow", ".feather", ".ipc", ".arrows")


def open_table(source: Any, resources: Resources | None = None, name: str = "the table") -> Table:
    """Opens a path, `-` (standard input), a DataFrame, an Arrow table or an astropy Table.

    A file's format is told by its first bytes or else its ending; any other is delimited text.
    `name` stands in messages for what has no file name. Raises DataError for what cannot be read.
    """
    resources = resources or Resources.available()
    if isinstance(source, Table):
        return source
    if isinstance(source, str | os.PathLike):
        return _open_path(os.fspath(source), resources)
    if is_astropy_table(source):
        return AstropyTable(source, name)
    if isinstance(source, pa.Table | pa.RecordBatch) or hasattr(source, "iloc"):
        return MemoryTable(source, name)
    raise UsageError(
        f"{name} is a {type(source).__name__}; give a path, a pandas DataFrame, an Arrow table or "
        "an astropy Table."
    )


def open_tables(sources: Any, resources: Resources, name: str) -> Table:
    """Opens one source, or several as the parts of one table."""
    if isinstance(sources, list | tuple):
        parts = [open_table(source, resources, name) for source in sources]
        if not parts:
            raise UsageError(f"{name}: no files were given.")
        return parts[0] if len(parts) == 1 else Parts(parts)
    return open_table(sources, resources, name)


class Parts(Table):
    """Several tables one after the other. Columns that not all of them have are left out."""

    def __init__(self, parts: Sequence[Table], name: str | None = None) -> None:
        first = parts[0]
        self.parts = parts
        self.name = name or f"{first.name} and {len(parts) - 1} more"
        self.format = ", ".join(dict.fromkeys(part.format for part in parts))
        shared = set(first.column_names).intersection(*(part.column_names for part in parts))
        names = [name for name in first.column_names if name in shared]
        fields = [(name, _common_type([part.type_of(name) for part in parts])) for name in names]
        metadata = first.schema.metadata if len(parts) == 1 else None
        self.schema = pa.schema(fields, metadata=metadata)
        known = [part.rows for part in parts if part.rows is not None]
        self.rows = sum(known) if len(known) == len(parts) else None
        self.text = all(part.text for part in parts)

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

    def _alike(self, batch: pa.RecordBatch, types: Types, part: Table) -> pa.RecordBatch:
        """The batch in the types that all parts have in common, but for columns in `types`."""
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
                f"The columns of {part.name} have other types than those of {self.parts[0].name} "
                f"({error}). Write all parts in the same way."
            ) from error

    def _refuse_floats_as_text(self, name: str, kind: pa.DataType, part: Table) -> None:
        """A float has no one text: 311581 may be 311581.0, and 19 digits are lost already."""
        if not (_is_float(kind) and is_text(self.type_of(name))):
            return
        other = next(one for one in self.parts if not _is_float(one.type_of(name)))
        raise DataError(
            f"The column '{name}' holds floats in {part.name}, but {other.type_of(name)} in "
            f"{other.name}. Write it in the same way in all parts."
        )


def _is_float(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(plain_type(kind)))


def _common_type(kinds: Sequence[pa.DataType]) -> pa.DataType:
    """The type that holds the values of all of these; text where they are no kin."""
    if all(kind == kinds[0] for kind in kinds):
        return kinds[0]
    schemas = [pa.schema([("", plain_type(kind))]) for kind in kinds]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.string()


def _open_path(path: str, resources: Resources) -> Table:
    if path == "-":
        if sys.stdin is None:
            raise DataError("Standard input is closed. Pipe a table into it, or give a file.")
        return _open_stream(sys.stdin.buffer, "standard input", resources)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise DataError(f"'{path}' is a remote address. Copy the file here and give its path.")
    file = Path(path)
    if file.is_dir():
        return _open_directory(file, resources)
    try:
        if file.is_fifo() or file.is_char_device():
            with file.open("rb") as stream:
                return _open_stream(stream, path, resources)
        start = _first_bytes(file)
    except FileNotFoundError:
        raise DataError(f"There is no file '{path}'. Check the name and the folder.") from None
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror or error}.") from error
    return _open_file(file, start, resources)


def _open_file(file: Path, start: bytes, resources: Resources) -> Table:
    if not start:
        raise DataError(f"{file} is empty (0 bytes). Write it again, or give another file.")
    suffix = file.suffix.lower()
    if start.startswith(PARQUET_MAGIC) or suffix in PARQUET_SUFFIXES:
        return ParquetTable(file, resources)
    if start.startswith((FILE_MAGIC, STREAM_MAGIC)) or suffix in ARROW_SUFFIXES:
        return ArrowTable(file)
    reader = reader_of(start, file.name) or DelimitedTable
    return reader(file, resources, None)


def _open_directory(folder: Path, resources: Resources) -> Table:
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in PARQUET_SUFFIXES
        and file.is_file()
        and not any(name.startswith((".", "_")) for name in file.relative_to(folder).parts)
    )
    if not files:
        raise DataError(
            f"'{folder}' is a directory without Parquet files ({', '.join(PARQUET_SUFFIXES)}). "
            "Give a file, or a directory of Parquet parts."
        )
    return Parts([ParquetTable(file, resources) for file in files], name=str(folder))


def _open_stream(stream: IO[bytes], name: str, resources: Resources) -> Table:
    """Keeps a copy in the temporary folder: readers seek, and ids may be looked at twice."""
    spool = _spool(stream, name)
    path = Path(spool.name)
    start = _first_bytes(path)
    if not start:
        raise DataError(f"Nothing came through {name}: it is empty.")
    if start.startswith((FILE_MAGIC, STREAM_MAGIC)):
        table: Table = ArrowTable(path, name)
    elif start.startswith(PARQUET_MAGIC):
        table = ParquetTable(path, resources)
        table.name = name
    else:
        table = (reader_of(start, "") or DelimitedTable)(path, resources, name)
    table.spool = spool
    return table


def _spool(stream: IO[bytes], name: str) -> Any:
    """A copy of the stream, which goes when nothing refers to it any more."""
    try:
        spool = tempfile.NamedTemporaryFile(prefix="zoocli-stdin-")  # noqa: SIM115 (outlives this)
        shutil.copyfileobj(stream, spool, 1 << 20)
        spool.flush()
    except OSError as error:
        raise MachineError(
            f"{name} cannot be kept in the temporary folder: {error.strerror or error}. Make room "
            "there, or name another with TMPDIR."
        ) from error
    return spool


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)
