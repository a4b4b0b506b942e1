"""The formats of input tables, and how that of a file is recognized."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from zoocli.foundation.resources import Resources
from zoocli.tables.compression import GZIP, SUFFIXES, ZSTD, codec_of, read_start
from zoocli.tables.table import Table

FIRST_BYTES = 8
Reader = Callable[[Path, Resources, str | None], Table]


def _reader(module: str, name: str) -> Reader:
    """A reader in a module of this package, which is imported when it is needed."""

    def read(path: Path, resources: Resources, called: str | None) -> Table:
        reader: Any = getattr(import_module(f"zoocli.tables.{module}"), name)
        table: Table = reader(path, resources, called)
        return table

    return read


@dataclass(frozen=True)
class Format:
    """A format: its name, the first bytes of its files, their endings, and its reader.

    `reader` takes a path, the resources, and a name for messages in place of the path. It reads
    files in these `codecs` itself; others are decompressed into the temporary folder for it.
    """

    name: str
    magics: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    reader: Reader
    codecs: tuple[str, ...] = ()


TEXT = Format(
    "CSV", (), (".csv", ".tsv", ".psv"), _reader("delimited", "DelimitedTable"), (GZIP, ZSTD)
)
FORMATS = (
    Format(
        "Parquet",
        (b"PAR1", b"PARE"),  # the second is encrypted
        (".parquet", ".pq", ".parq"),
        _reader("parquet", "ParquetTable"),
    ),
    Format(
        "Arrow",
        (b"ARROW1", b"\xff\xff\xff\xff"),  # a file, and a stream
        (".arrow", ".feather", ".ipc", ".arrows"),
        _reader("arrow", "ArrowTable"),
    ),
    Format(
        "FITS", (b"SIMPLE  ",), (".fits", ".fit", ".fts"), _reader("fits", "FitsTable"), (GZIP,)
    ),
    Format("HDF5", (b"\x89HDF\r\n\x1a\n",), (".hdf5", ".h5", ".hdf"), _reader("hdf5", "Hdf5Table")),
    Format(
        "VOTable",
        (b"<?xml ve", b"<VOTABLE"),
        (".vot", ".votable", ".xml"),
        _reader("astropy_tables", "read_votable"),
        (GZIP, ZSTD),
    ),
    Format(
        "ECSV", (b"# %ECSV ",), (".ecsv",), _reader("astropy_tables", "read_ecsv"), (GZIP, ZSTD)
    ),
    Format("JSON lines", (b'{"',), (".jsonl", ".ndjson"), _reader("json_lines", "JsonLinesTable")),
    TEXT,
)


def format_of_file(path: Path, name: str) -> Format:
    """The format by the first bytes, decompressed; else by the ending; else text.

    `name` is the original name where `path` is a temporary copy. Raises DataError where the first
    bytes cannot be decompressed.
    """
    start = read_start(path, codec_of(path), FIRST_BYTES, name)
    for format in FORMATS:
        if format.magics and start.startswith(format.magics):
            return format
    return format_of_name(name) or TEXT


def format_of_name(name: str) -> Format | None:
    """The format of a file's ending, such as `.csv` or `.csv.gz`; None for any other ending."""
    name = name.lower()
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return next((format for format in FORMATS if name.endswith(format.suffixes)), None)
