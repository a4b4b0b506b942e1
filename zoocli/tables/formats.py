"""The formats that tables are read from, and how a file's is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoocli.resources import Resources
from zoocli.tables import arrow, compressed, delimited, parquet
from zoocli.tables.astropy_tables import read_ecsv, read_votable
from zoocli.tables.fits import FitsTable
from zoocli.tables.hdf5 import Hdf5Table
from zoocli.tables.json_lines import JsonLinesTable
from zoocli.tables.table import Table

FIRST_BYTES = 8


@dataclass(frozen=True)
class Format:
    """A format's name, the bytes that its files begin with, their endings, and its reader.

    `reader` takes a path, the resources, and a name for messages in place of the path.
    """

    name: str
    magics: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    reader: Callable[[Path, Resources, str | None], Table]


TEXT = Format("CSV", (), (".csv", ".tsv", ".psv"), delimited.DelimitedTable)
FORMATS = (
    Format(
        "Parquet",
        (parquet.MAGIC, parquet.ENCRYPTED_MAGIC),
        (".parquet", ".pq", ".parq"),
        parquet.ParquetTable,
    ),
    Format(
        "Arrow",
        (arrow.FILE_MAGIC, arrow.STREAM_MAGIC),
        (".arrow", ".feather", ".ipc", ".arrows"),
        arrow.ArrowTable,
    ),
    Format("FITS", (b"SIMPLE  ",), (".fits", ".fit", ".fts"), FitsTable),
    Format("HDF5", (b"\x89HDF\r\n\x1a\n",), (".hdf5", ".h5", ".hdf"), Hdf5Table),
    Format("VOTable", (b"<?xml ve", b"<VOTABLE"), (".vot", ".votable", ".xml"), read_votable),
    Format("ECSV", (b"# %ECSV ",), (".ecsv",), read_ecsv),
    Format("JSON lines", (b'{"',), (".jsonl", ".ndjson"), JsonLinesTable),
    TEXT,
)


def format_of_file(path: Path, name: str) -> Format:
    """The first format that the first bytes tell, unpacked; else the one of the ending, else text.

    `name` is the file's, or what it is called where it is only a copy. Raises DataError where the
    first bytes cannot be unpacked.
    """
    start = compressed.read_start(path, compressed.codec_of(path), FIRST_BYTES, name)
    for format in FORMATS:
        if format.magics and start.startswith(format.magics):
            return format
    return format_of_name(name) or TEXT


def format_of_name(name: str) -> Format | None:
    """The format of a file's ending, such as `.csv` or `.csv.gz`; None for any other ending."""
    name = name.lower()
    for suffix in compressed.SUFFIXES:
        name = name.removesuffix(suffix)
    return next((format for format in FORMATS if name.endswith(format.suffixes)), None)
