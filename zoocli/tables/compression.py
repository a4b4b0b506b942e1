"""Compressed files: recognized by their first bytes, decompressed and checked to their end.

DuckDB could decompress gzip and zstd itself, but it accepts a truncated file as complete and
ignores checksums. So it reads from a pipe, into which a thread decompresses the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from importlib import import_module
from lzma import LZMAError
from pathlib import Path
from typing import Any

import pyarrow as pa

from zoocli.errors import DataError, first_line

GZIP, ZSTD, BZIP2, XZ = "gzip", "zstd", "bzip2", "xz"
CODECS = {b"\x1f\x8b": GZIP, b"\x28\xb5\x2f\xfd": ZSTD, b"BZh": BZIP2, b"\xfd7zXZ\x00": XZ}
SUFFIXES = (".gz", ".zst", ".bz2", ".xz")
CHUNK = 1 << 18
PIPE_BYTES = 1 << 20
POLL_MS = 100

Watch = Callable[[bytes], None]


def codec_of(path: Path) -> str | None:
    """What the file is compressed with, by its first bytes; None for a plain file."""
    with path.open("rb") as file:
        start = file.read(max(map(len, CODECS)))
    return next((codec for magic, codec in CODECS.items() if start.startswith(magic)), None)


def read_start(path: Path, codec: str | None, size: int, name: str) -> bytes:
    """The first `size` bytes of the decompressed content, or all of it if it is shorter."""
    with _damage_reported(name, codec), _open(path, codec) as file:
        return bytes(file.read(size))


def decompressed(path: Path, codec: str | None, name: str) -> Iterator[bytes]:
    """The decompressed content, in chunks; DataError where the file is truncated or damaged."""
    with _damage_reported(name, codec), _open(path, codec) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def open_seekable(path: Path) -> Any:
    """A plain or gzipped file, decompressed as it is read; seeking back starts over.

    Reading a gzipped one raises OSError, EOFError or zlib.error where it is damaged.
    """
    if codec_of(path) != GZIP:
        return path.open("rb")
    import gzip

    return gzip.open(path)


@contextlib.contextmanager
def plain_path(
    path: Path, codec: str | None, name: str, watch: Watch | None = None
) -> Iterator[str]:
    """A path from which the decompressed content can be read, once and from the start.

    `watch` is given the content too, in pieces, all of it unless the block ends in an error. The
    reader may stop early. Raises DataError on leaving where the file is truncated or damaged, also
    in place of an error that the damage led to.
    """
    plain = _plain_content(path, name, watch) if codec is None else _piped(path, codec, name, watch)
    with plain as readable:
        yield readable


@contextlib.contextmanager
def _plain_content(path: Path, name: str, watch: Watch | None) -> Iterator[str]:
    """The path itself; `watch` is given the file when the reader is done, without a thread."""
    yield str(path.absolute())
    if watch is not None:
        with _damage_reported(name, None), path.open("rb") as file:
            while chunk := file.read(CHUNK):
                watch(chunk)


@contextlib.contextmanager
def _piped(path: Path, codec: str, name: str, watch: Watch | None) -> Iterator[str]:
    """The path of a pipe into which a thread decompresses the file."""
    reading, writing = _pipe()
    stop = threading.Event()
    done: Future[None] = Future()

    def work() -> None:
        try:
            _decompress(path, codec, writing, stop, watch)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    thread = threading.Thread(target=work, name="decompress", daemon=True)
    thread.start()
    try:
        yield f"/dev/fd/{reading}"
    finally:
        stop.set()
        os.close(reading)
        # A reader that was given up may be collected in any thread, this one included, which would
        # wait for itself.
        if threading.current_thread() is not thread:
            with _damage_reported(name, codec):
                done.result()


def _decompress(
    path: Path, codec: str, writing: int, stop: threading.Event, watch: Watch | None
) -> None:
    try:
        with _open(path, codec) as file:
            while chunk := bytes(file.read(CHUNK)):
                if watch is not None:
                    watch(chunk)
                if not _feed(writing, memoryview(chunk), stop):
                    break
    finally:
        os.close(writing)


def _feed(writing: int, chunk: memoryview, stop: threading.Event) -> bool:
    """Writes to the pipe until told to stop; a blocking write could hang the program."""
    room = select.poll()
    room.register(writing, select.POLLOUT)
    while chunk and not stop.is_set():
        if room.poll(POLL_MS):
            try:
                chunk = chunk[os.write(writing, chunk) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                return False
    return not chunk


def _open(path: Path, codec: str | None) -> Any:
    if codec is None:
        return path.open("rb")
    if codec in (BZIP2, XZ):  # Arrow reads neither a truncated one with an error, nor xz
        return import_module({BZIP2: "bz2", XZ: "lzma"}[codec]).open(path)
    return pa.input_stream(str(path), compression=codec)


def _pipe() -> tuple[int, int]:
    """A pipe as large as the system allows, with a non-blocking writing end."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
        with contextlib.suppress(OSError):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return reading, writing


@contextlib.contextmanager
def _damage_reported(name: str, codec: str | None) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, LZMAError) as error:
        what = "be read" if codec is None else f"be decompressed ({codec})"
        raise DataError(
            f"{name} cannot {what}: {first_line(error)}. It is truncated or damaged; copy or "
            "write it again."
        ) from error
