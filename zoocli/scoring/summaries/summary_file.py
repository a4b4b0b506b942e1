"""Which inputs are JSON summaries, and reading them."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from zoocli.errors import DataError
from zoocli.foundation.strict_json import parse_json
from zoocli.scoring.summaries.summary import Summary
from zoocli.tables.sources import FilePath

STDIN = "-"
SUMMARY_KEYS = {
    *("file", "schema_version", "signature", "version", "loss", "schema", "settings", "shard"),
    *("overall", "campaigns", "questions", "matching"),
}
MOST_BYTES = 1 << 26  # of a JSON summary, and far more than any has
PEEKED = 64  # bytes: enough to pass a byte order mark and some white space


def read_summary(source: FilePath) -> Summary:
    """The summary in a JSON file ("-" is standard input); raises DataError for anything else."""
    name = "standard input" if str(source) == STDIN else str(source)
    try:
        with _open(source) as file:
            binary = file.read(MOST_BYTES + 1)
        if len(binary) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        content = parse_json(binary.decode("utf-8-sig"))
    except OSError as error:
        raise DataError(
            f"Cannot read {name}: {error.strerror}. Give a JSON summary that `zoocli score "
            "--summary` or `zoocli merge` wrote."
        ) from error
    except ValueError as error:
        raise DataError(
            f"{name} is not JSON ({error}). Give a JSON summary that `zoocli score --summary` or "
            "`zoocli merge` wrote."
        ) from error
    return Summary.from_dict(content, file=name)


def is_json(source: FilePath) -> bool:
    """Whether this is a JSON summary: by its content, or by its name where that cannot be read."""
    if str(source) == STDIN:
        return _begins_json(_peek(_stdin()))
    path = Path(source)
    if not path.is_file():
        return path.suffix.lower() == ".json" and not path.is_dir()
    try:
        with path.open("rb") as file:
            return path.suffix.lower() == ".json" or _begins_json(file.read(PEEKED))
    except OSError:
        return False  # opening it as a table reports what is wrong


@contextlib.contextmanager
def _open(source: FilePath) -> Iterator[IO[bytes]]:
    if str(source) == STDIN:
        yield _stdin()
        return
    with Path(source).open("rb") as file:
        yield file


def _stdin() -> IO[bytes]:
    if sys.stdin is None:
        raise DataError("Standard input is closed. Pipe a table or a summary into it.")
    return sys.stdin.buffer


def _begins_json(start: bytes) -> bool:
    """Whether this begins a JSON object that is not a row of JSON lines, by its first key."""
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    key = re.match(rb'\{\s*"([^"]*)"', start)
    return start.startswith(b"{") and (key is None or key[1].decode("latin-1") in SUMMARY_KEYS)


def _peek(stream: Any) -> bytes:
    """The first bytes of a stream, which stay in it."""
    if isinstance(stream, io.BufferedReader):
        return stream.peek(PEEKED)[:PEEKED]
    start: bytes = stream.read(PEEKED)
    stream.seek(-len(start), io.SEEK_CUR)
    return start
