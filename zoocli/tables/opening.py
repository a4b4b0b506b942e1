"""Opens whatever the user gave as a `Table`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from zoocli.errors import DataError, UsageError
from zoocli.foundation.resources import Resources
from zoocli.tables.compression import codec_of, decompressed
from zoocli.tables.formats import format_of_file
from zoocli.tables.memory import MemoryTable
from zoocli.tables.numbers import is_text
from zoocli.tables.parts.directories import (
    PartFile,
    files_of_directory,
    files_of_pattern,
    is_pattern,
)
from zoocli.tables.parts.joined import Parts, with_shared_schemas
from zoocli.tables.parts.keyed import keyed
from zoocli.tables.parts.manifest import MANIFEST, Manifest
from zoocli.tables.spool import Spool
from zoocli.tables.table import Origin, Table

CHUNK = 1 << 20
WITHIN = re.compile(r"(.+)\[([^\[\]]+)\]")  # a table in a file, such as votes.fits[2]
REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def open_table(source: Any, resources: Resources | None = None, name: str = "the table") -> Table:
    """Opens a path, `-` (standard input), a DataFrame, Arrow data or an astropy Table.

    FILE[2] and FILE[NAME] name one of several tables in a FITS or VOTable file.
    A directory, or a pattern such as `preds/*.parquet`, is opened as the parts of one table; the
    keys in the names of its folders (`survey=dr5`) become columns. A file's format is recognized by
    its first bytes, else by its ending; anything unknown is read as delimited text. `name` is used
    in messages about sources without a file name. Raises DataError for what cannot be read.
    """
    if isinstance(source, Table):
        return source
    table = _open(source, resources or Resources.available(), name)
    masks = masks_of(table)
    if not masks:
        return table
    from zoocli.tables.parts.masked import MaskedTable  # needs pyarrow.compute, which is slow

    return MaskedTable(table, masks)


def masks_of(table: Table) -> dict[str, str]:
    """The columns with a mask beside them, as astropy writes them where a format has no masks."""
    names = set(table.column_names)
    masks = {name: f"{name}.mask" for name in table.column_names if f"{name}.mask" in names}
    kinds = {name: table.type_of(mask) for name, mask in masks.items()}
    return {
        name: masks[name]
        for name, kind in kinds.items()
        if pa.types.is_boolean(kind) or is_text(kind)
    }


def _open(source: Any, resources: Resources, name: str) -> Table:
    if isinstance(source, str | os.PathLike):
        return _open_path(os.fsdecode(source), resources)
    if _is_astropy_table(source):
        from zoocli.tables.formats.astropy_tables import AstropyTable

        return AstropyTable(source, name)
    if any(hasattr(source, offered) for offered in ("iloc", "__arrow_c_stream__")) or isinstance(
        source, pa.RecordBatch
    ):
        return MemoryTable(source, name)
    raise UsageError(
        f"{name} is a {type(source).__name__}; give a path, a pandas DataFrame, an Arrow table (or "
        "what offers an Arrow stream) or an astropy Table."
    )


def open_tables(sources: Any, resources: Resources, name: str) -> Table:
    """Opens one source, or several as the parts of one table."""
    if isinstance(sources, list | tuple):
        parts = with_shared_schemas(open_table(source, resources, name) for source in sources)
        if not parts:
            raise UsageError(f"{name}: no files were given.")
        return parts[0] if len(parts) == 1 else Parts(parts)
    return open_table(sources, resources, name)


def _is_astropy_table(content: Any) -> bool:
    """Checked without importing astropy."""
    return any(
        one.__name__ == "Table" and one.__module__.startswith("astropy.table")
        for one in type(content).__mro__
    )


def _open_path(path: str, resources: Resources) -> Table:
    if path == "-":
        if sys.stdin is None:
            raise DataError("Standard input is closed. Pipe a table into it, or give a file.")
        return _open_stream(sys.stdin.buffer, "standard input", resources)
    if "\0" in path:
        raise DataError(f"'{path}' is not a file name: it contains a zero byte.")
    if REMOTE.match(path) and not os.path.lexists(path):
        raise DataError(f"'{path}' is a remote address. Copy the file here and give its path.")
    try:
        within = WITHIN.fullmatch(path)
        if within and not os.path.lexists(path) and os.path.isfile(within[1]):
            return _open_file(Path(within[1]), resources, within[2])
        if is_pattern(path):
            return _open_parts(files_of_pattern(path), path, resources)
        if os.path.isdir(path):
            return _open_directory(Path(path), resources)
        return _open_file(Path(path), resources)
    except FileNotFoundError as error:
        missing = error.filename or path
        raise DataError(f"There is no file '{missing}'. Check the name and the folder.") from None
    except OSError as error:
        where = error.filename or path
        raise DataError(f"'{where}' cannot be read: {error.strerror or error}.") from error


def _open_file(file: Path, resources: Resources, chosen: str | None = None) -> Table:
    if file.is_fifo() or file.is_char_device():
        with file.open("rb") as stream:
            return _open_stream(stream, str(file), resources)
    if not file.stat().st_size:
        raise DataError(f"{file} is empty (0 bytes). Write it again, or give another file.")
    return _open_copy_or_file(file, str(file), resources, chosen=chosen)


def _open_copy_or_file(
    path: Path,
    name: str,
    resources: Resources,
    spool: Spool | None = None,
    chosen: str | None = None,
) -> Table:
    """Opens a file, or a decompressed copy where its format's reader cannot decompress it.

    `spool` is given where the file is itself a temporary copy; `chosen` is one table of several.
    """
    origin = Origin.of(path) if spool is None else None
    format, codec = format_of_file(path, name), codec_of(path)
    if codec not in (None, *format.codecs):
        spool = Spool(decompressed(path, codec, name), name)
        path = spool.path
    table = format.open(path, resources, name, chosen)
    table.spool = spool
    table.origin = origin
    return table


def _open_parts(files: Sequence[PartFile], name: str, resources: Resources) -> Parts:
    tables = with_shared_schemas(_open_file(file.path, resources) for file in files)
    parts = with_shared_schemas(keyed(tables, [file.keys for file in files]))
    return Parts(parts, name=name)


def _open_directory(folder: Path, resources: Resources) -> Table:
    manifest = Manifest.read(folder)
    table = _open_parts(files_of_directory(folder), str(folder), resources)
    if manifest is None and any((part.metadata or {}).get("part") for part in table.parts):
        raise DataError(
            f"'{folder}' holds parts of a result, but not its manifest '{MANIFEST}', so parts may "
            "be missing. Copy the whole directory, or run again what wrote it."
        )
    if manifest is not None:
        manifest.check(folder, {Path(part.name).name: part.rows for part in table.parts})
        table.set_metadata(manifest.metadata)
    return table


def _open_stream(stream: IO[bytes], name: str, resources: Resources) -> Table:
    spool = Spool(iter(partial(stream.read, CHUNK), b""), name)
    if not spool.path.stat().st_size:
        raise DataError(f"Nothing came through {name}: it is empty.")
    return _open_copy_or_file(spool.path, name, resources, spool)
