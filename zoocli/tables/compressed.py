"""Compressed text: told by its first bytes, unpacked while it is read, and checked to its end.

DuckDB would unpack gzip and zstd itself, but takes a file that was cut short for whole, and does
not look at checksums. So it is given a pipe, into which a thread unpacks the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from zoocli.errors import DataError

CODECS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
SUFFIXES = (".gz", ".zst")
CHUNK = 1 << 18
PIPE_BYTES = 1 << 20
PATIENCE_MS = 100


def codec_of(path: Path) -> str | None:
    """What the file is compressed with, by its first bytes; None for a plain file."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((codec for magic, codec in CODECS.items() if start.startswith(magic)), None)


def read_start(path: Path, codec: str | None, size: int, name: str) -> bytes:
    """The first bytes of what the file holds, `size` of them or all that there are."""
    with _damage_named(name, codec), _open(path, codec) as file:
        return bytes(file.read(size))


@contextlib.contextmanager
def plain_path(path: Path, codec: str | None, name: str) -> Iterator[str]:
    """A path under which the plain bytes can be read, once and from the start.

    It may be left before all was read. Raises DataError at the end where the file is damaged or
    cut short, also in place of an error that this led to.
    """
    if codec is None:
        yield str(path.absolute())
        return
    reading, writing = _pipe()
    stop = threading.Event()
    with ThreadPoolExecutor(1, "unpack") as thread:
        unpacking = thread.submit(_unpack, path, codec, writing, stop)
        try:
            yield f"/dev/fd/{reading}"
        finally:
            stop.set()
            os.close(reading)
            with _damage_named(name, codec):
                unpacking.result()


def _unpack(path: Path, codec: str, writing: int, stop: threading.Event) -> None:
    try:
        with _open(path, codec) as file:
            while (chunk := file.read(CHUNK)) and _feed(writing, memoryview(chunk), stop):
                pass
    finally:
        os.close(writing)


def _feed(writing: int, chunk: memoryview, stop: threading.Event) -> bool:
    """Writes into the pipe while somebody reads; waiting for ever could hang the program."""
    room = select.poll()
    room.register(writing, select.POLLOUT)
    while chunk and not stop.is_set():
        if room.poll(PATIENCE_MS):
            try:
                chunk = chunk[os.write(writing, chunk) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                return False
    return not chunk


def _open(path: Path, codec: str | None) -> Any:
    return path.open("rb") if codec is None else pa.input_stream(str(path), compression=codec)


def _pipe() -> tuple[int, int]:
    """A pipe that holds as much as the system gives, and whose writer never waits."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
        with contextlib.suppress(OSError):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return reading, writing


@contextlib.contextmanager
def _damage_named(name: str, codec: str | None) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        what = "be read" if codec is None else f"be unpacked ({codec})"
        raise DataError(
            f"{name} cannot {what}: {reason}. It is damaged or cut short; copy or write it again."
        ) from error
