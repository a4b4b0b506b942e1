"""The formats that astronomers keep tables in, and JSON lines: how a file's is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zoocli.resources import Resources
from zoocli.tables.astropy_tables import read_ecsv, read_votable
from zoocli.tables.fits import FitsTable
from zoocli.tables.hdf5 import Hdf5Table
from zoocli.tables.json_lines import JsonLinesTable
from zoocli.tables.table import Table

Reader = Callable[[Path, Resources, str | None], Table]

# What a file begins with, its endings, and what reads it.
FORMATS: tuple[tuple[tuple[bytes, ...], tuple[str, ...], Reader], ...] = (
    ((b"SIMPLE  ",), (".fits", ".fit", ".fts"), FitsTable),
    ((b"\x89HDF\r\n\x1a\n",), (".hdf5", ".h5", ".hdf"), Hdf5Table),
    ((b"<?xml ve", b"<VOTABLE"), (".vot", ".votable", ".xml"), read_votable),
    ((b"# %ECSV ",), (".ecsv",), read_ecsv),
    ((b'{"',), (".jsonl", ".ndjson"), JsonLinesTable),
)


def reader_of(start: bytes, name: str) -> Reader | None:
    """The reader that a file's first 8 bytes ask for, else its ending (without .gz), if any."""
    name = name.lower().removesuffix(".gz")
    for magics, _, reader in FORMATS:
        if start.startswith(magics):
            return reader
    return next((reader for _, suffixes, reader in FORMATS if name.endswith(suffixes)), None)
