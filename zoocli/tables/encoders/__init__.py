"""The formats in which tables are written, one class each."""

from __future__ import annotations

from pathlib import Path

from zoocli.errors import UsageError
from zoocli.tables.encoders.arrow import ArrowEncoder, ArrowFileEncoder
from zoocli.tables.encoders.delimited import CsvEncoder, EcsvEncoder
from zoocli.tables.encoders.encoder import Encoder, plain_type, slab_rows
from zoocli.tables.encoders.fits import FitsEncoder
from zoocli.tables.encoders.json_lines import JsonLinesEncoder
from zoocli.tables.encoders.parquet import ParquetEncoder

__all__ = [
    "ENCODERS",
    "SUFFIXES",
    "CsvEncoder",
    "Encoder",
    "ParquetEncoder",
    "format_of",
    "plain_type",
    "slab_rows",
]

ENCODERS: dict[str, type[Encoder]] = {
    "csv": CsvEncoder,
    "parquet": ParquetEncoder,
    "arrow": ArrowEncoder,
    "feather": ArrowFileEncoder,
    "jsonl": JsonLinesEncoder,
    "fits": FitsEncoder,
    "ecsv": EcsvEncoder,
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
    ".fits": "fits",
    ".fit": "fits",
    ".ecsv": "ecsv",
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
