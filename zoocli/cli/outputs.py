"""Where the results of the commands go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from zoocli.errors import UsageError

if TYPE_CHECKING:
    from zoocli.tables.writing.sinks import Sink

NOTICEABLE_SECONDS = 1.0
STDOUT = "-"
FORMATS = "csv, parquet, arrow (a stream), feather (a file), jsonl, fits or ecsv"


def put(text: str) -> None:
    """Writes to stdout; characters that its encoding lacks are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def shown_on(wide: bool) -> TextIO | None:
    """What a table is fitted to: stdout, or nothing where it is to have all its columns."""
    return None if wide else sys.stdout


def put_and_publish(text: str, publish: Callable[[], None]) -> None:
    """Writes to stdout, then publishes a file or folder; not where stdout fails."""
    from zoocli.tables.writing.drafts import publish_all

    publish_all(lambda: put(text), sys.stdout.flush, publish)


def refuse_stdout(option: str, output: Path | None, what: str) -> None:
    """Raises UsageError where an output that cannot go to stdout is to go there."""
    if output == Path(STDOUT):
        raise UsageError(f"{option} is {what}, which standard output (-) cannot take. Name it.")


def choose_sink(output: str | None, format: str | None, summary: str | None = None) -> Sink:
    """Where the table goes: to the file, to stdout if it is a pipe, or nowhere."""
    from zoocli.tables.formats import written_format
    from zoocli.tables.writing.drafts import is_device
    from zoocli.tables.writing.sinks import DeviceSink, FileSink, NullSink, StreamSink

    to_stdout = output == STDOUT or (
        output is None and (format is not None or (summary is None and not sys.stdout.isatty()))
    )
    if to_stdout:
        return StreamSink(sys.stdout.buffer, written_format(Path("stdout.csv"), format))
    if output is None:
        return NullSink()
    target = Path(output)
    if is_device(target):
        return DeviceSink(target, written_format(Path("device.csv"), format))
    return FileSink(target, format)


def compile_note() -> Iterator[str]:
    """A note if the run had to compile its loops first."""
    from zoocli.foundation.kernels.compiling import CACHE_VARIABLE, compilation

    if compilation.seconds > NOTICEABLE_SECONDS:
        if compilation.kept:
            later = "Later runs reuse them."
        elif compilation.exportable:
            later = f"To keep them, set {CACHE_VARIABLE} to a directory."
        else:
            later = "They cannot be kept with this version of numba."
        yield (
            "the loops were compiled for this machine, which took "
            f"{compilation.seconds:.0f} seconds. {later}"
        )
