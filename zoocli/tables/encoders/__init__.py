"""The formats in which tables are written, one class for each."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from zoocli.errors import UsageError
from zoocli.tables.encoders.encoder import Encoder, plain_type, slab_rows

__all__ = [
    "ENCODERS",
    "SUFFIXES",
    "Encoder",
    "encoder_of",
    "format_of",
    "plain_type",
    "slab_rows",
]

# The module and the class of each format, imported when it is needed.
ENCODERS = {
    "csv": "delimited.CsvEncoder",
    "parquet": "parquet.ParquetEncoder",
    "arrow": "arrow.ArrowEncoder",
    "feather": "arrow.ArrowFileEncoder",
    "jsonl": "json_lines.JsonLinesEncoder",
    "fits": "fits.FitsEncoder",
    "ecsv": "delimited.EcsvEncoder",
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


def encoder_of(format: str) -> type[Encoder]:
    """The class that writes a format."""
    module, _, name = ENCODERS[format].partition(".")
    encoder: type[Encoder] = getattr(import_module(f"{__name__}.{module}"), name)
    return encoder


def format_of(path: Path, given: str | None) -> str:
    """The format by its name, else by the file's suffix; UsageError where it is unknown."""
    if given is not None:
        if given not in ENCODERS:
            raise UsageError(f"--format is one of {', '.join(ENCODERS)}; not '{given}'.")
        return given
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"The format of '{path}' cannot be recognized by its ending. Use one of "
            f"{', '.join(SUFFIXES)}, or give --format."
        )
    return SUFFIXES[path.suffix.lower()]
