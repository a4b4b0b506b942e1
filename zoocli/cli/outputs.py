"""Where the tables of commands go, and what is said beside them; several commands share it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoocli.tables.sinks import Sink

NOTICEABLE_SECONDS = 1.0
STDOUT = Path("-")
FORMATS = "csv, parquet, arrow (a stream), feather (a file), jsonl, fits or ecsv"


def choose_sink(output: str | None, format: str | None, summary: Path | None) -> Sink:
    """Where the table goes: the file, or stdout when it is a pipe, or nowhere."""
    from zoocli.tables.drafts import is_device
    from zoocli.tables.encoders import format_of
    from zoocli.tables.sinks import DeviceSink, FileSink, NoSink, StreamSink

    to_stdout = output == "-" or (
        output is None and (format is not None or (summary is None and not sys.stdout.isatty()))
    )
    if to_stdout:
        return StreamSink(sys.stdout.buffer, format_of(Path("stdout.csv"), format))
    if output is None:
        return NoSink()
    target = Path(output)
    if is_device(target):
        return DeviceSink(target, format_of(Path("device.csv"), format))
    return FileSink(target, format)


def compile_note() -> Iterator[str]:
    """A note where the run had to compile its loops first."""
    from zoocli.kernels.compiling import CACHE_VARIABLE, compilation

    if compilation.seconds > NOTICEABLE_SECONDS:
        if compilation.kept:
            later = "The next run finds them ready."
        elif compilation.exportable:
            later = f"Name a folder to keep them in with the variable {CACHE_VARIABLE}."
        else:
            later = "They cannot be kept with this version of numba."
        yield (
            "the loops were compiled for this machine, which took "
            f"{compilation.seconds:.0f} seconds. {later}"
        )
