"""The formats of tables: how a file's is recognized, what reads it, and what writes it.

A format is one entry of `FORMATS`, with the module that has its reader and its encoders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoocli.errors import DataError, UsageError
from zoocli.tables.compression import GZIP, SUFFIXES, ZSTD, codec_of, read_start
from zoocli.tables.formats.strangers import FIRST_BYTES, refuse_stranger

PADDED_OBJECT = re.compile(rb'^\{[ \t]+"')  # as some writers of JSON lines begin

if TYPE_CHECKING:
    from zoocli.foundation.resources import Resources
    from zoocli.tables.formats.encoder import Encoder
    from zoocli.tables.table import Table


@dataclass(frozen=True)
class Written:
    """How a format is written: the class that does, and the endings of files that are written so.

    Other endings of the format are only read.
    """

    encoder: str
    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class Format:
    """A format: its name, the first bytes of its files, their endings, its reader and encoders.

    `reader` takes a path, the resources, and a name for messages in place of the path; it and the
    encoders are named "module.name" in this package, and imported when they are needed. It reads
    files in these `codecs` itself; others are decompressed into the temporary folder for it.
    `written`: by the name that `--format` has for it. Files with `several` tables are given as
    FILE[2] or FILE[NAME] too.
    """

    name: str
    magics: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    reader: str
    codecs: tuple[str, ...] = ()
    written: Mapping[str, Written] = field(default_factory=dict)
    several: bool = False

    def open(self, path: Path, resources: Resources, name: str, chosen: str | None = None) -> Table:
        """The table in a file, or the `chosen` one of several; `name` is used in messages.

        Raises DataError for a damaged file, and where there is no such table.
        """
        if chosen is not None and not self.several:
            raise DataError(
                f"{name}[{chosen}] names a table in a file, but {self.name} files have one. Leave "
                f"[{chosen}] out."
            )
        more = (chosen,) if self.several else ()
        table: Table = _imported(self.reader)(path, resources, name, *more)
        return table


TEXT = Format(
    "CSV",
    (),
    (".csv", ".tsv", ".psv"),
    "delimited.reading.DelimitedTable",
    (GZIP, ZSTD),
    {"csv": Written("delimited.writing.CsvEncoder", (".csv",))},
)
FORMATS = (
    TEXT,
    Format(
        "Parquet",
        (b"PAR1", b"PARE"),  # the second is encrypted
        (".parquet", ".pq", ".parq"),
        "parquet.ParquetTable",
        written={"parquet": Written("parquet.ParquetEncoder", (".parquet", ".pq"))},
    ),
    Format(
        "Arrow",
        (b"ARROW1", b"\xff\xff\xff\xff"),  # a file, and a stream
        (".arrow", ".feather", ".ipc", ".arrows"),
        "arrow.ArrowTable",
        written={
            "arrow": Written("arrow.ArrowEncoder", (".arrows",)),
            "feather": Written("arrow.ArrowFileEncoder", (".arrow", ".feather", ".ipc")),
        },
    ),
    Format(
        "JSON lines",
        (b'{"',),
        (".jsonl", ".ndjson"),
        "json_lines.JsonLinesTable",
        written={"jsonl": Written("json_lines.JsonLinesEncoder", (".jsonl", ".ndjson"))},
    ),
    Format(
        "FITS",
        (b"SIMPLE  ",),
        (".fits", ".fit", ".fts"),
        "fits.reading.FitsTable",
        (GZIP,),
        {"fits": Written("fits.writing.FitsEncoder", (".fits", ".fit"))},
        several=True,
    ),
    Format(
        "ECSV",
        (b"# %ECSV ",),
        (".ecsv",),
        "astropy_tables.read_ecsv",
        (GZIP, ZSTD),
        {"ecsv": Written("delimited.writing.EcsvEncoder", (".ecsv",))},
    ),
    Format(
        "VOTable",
        (b"<?xml ve", b"<VOTABLE"),
        (".vot", ".votable", ".xml"),
        "astropy_tables.read_votable",
        (GZIP, ZSTD),
        several=True,
    ),
    Format("IPAC", (b"|", b"\\ ", b"\\char"), (".tbl",), "astropy_tables.read_ipac", (GZIP, ZSTD)),
    Format("MRT", (b"Title: ",), (".mrt",), "astropy_tables.read_mrt", (GZIP, ZSTD)),
    Format("HDF5", (b"\x89HDF\r\n\x1a\n",), (".hdf5", ".h5", ".hdf"), "hdf5.Hdf5Table"),
)
WRITTEN = {name: written for format in FORMATS for name, written in format.written.items()}
WRITTEN_SUFFIXES = {end: name for name, written in WRITTEN.items() for end in written.suffixes}


def format_of_file(path: Path, name: str) -> Format:
    """The format by the first bytes, decompressed; else by the ending; else text.

    `name` is the original name where `path` is a temporary copy. Raises DataError where the first
    bytes cannot be decompressed, and for files that are known to be no tables.
    """
    start = read_start(path, codec_of(path), FIRST_BYTES, name)
    start = PADDED_OBJECT.sub(rb'{"', start)
    for format in FORMATS:
        if format.magics and start.startswith(format.magics):
            return format
    refuse_stranger(start, name)
    return format_of_name(name) or TEXT


def format_of_name(name: str) -> Format | None:
    """The format of a file's ending, such as `.csv` or `.csv.gz`; None for any other ending."""
    name = name.lower()
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return next((format for format in FORMATS if name.endswith(format.suffixes)), None)


def written_format(path: Path, given: str | None) -> str:
    """The format to write by its name, else by the file's suffix; UsageError for another one."""
    if given is not None:
        if given not in WRITTEN:
            raise UsageError(f"--format is one of {', '.join(WRITTEN)}; not '{given}'.")
        return given
    if path.suffix.lower() not in WRITTEN_SUFFIXES:
        raise UsageError(
            f"The format of '{path}' cannot be recognized by its ending. Use one of "
            f"{', '.join(WRITTEN_SUFFIXES)}, or name the format (`--format` of the commands)."
        )
    return WRITTEN_SUFFIXES[path.suffix.lower()]


def encoder_of(name: str) -> type[Encoder]:
    """The class that writes a format."""
    encoder: type[Encoder] = _imported(WRITTEN[name].encoder)
    return encoder


def _imported(place: str) -> Any:
    """What is called "module.name" in this package."""
    module, _, name = place.rpartition(".")
    return getattr(import_module(f"{__name__}.{module}"), name)
