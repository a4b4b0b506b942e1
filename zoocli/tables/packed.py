"""Files that may be gzipped, told by their first bytes."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import Any

from zoocli.errors import DataError, MachineError

GZIP_MAGIC = b"\x1f\x8b"


def is_gzip(path: Path) -> bool:
    """Whether the file is gzipped."""
    with path.open("rb") as file:
        return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def open_plain(path: Path) -> gzip.GzipFile | io.BufferedReader:
    """The file, unpacked as it is read."""
    return gzip.open(path) if is_gzip(path) else path.open("rb")


def unpacked(path: Path, name: str) -> Any:
    """A plain copy in the temporary folder, which goes when nothing refers to it any more.

    Raises DataError where the file is damaged or cut short, MachineError where there is no room.
    """
    try:
        copy = tempfile.NamedTemporaryFile(prefix="zoocli-unpacked-")  # noqa: SIM115 (outlives this)
        with gzip.open(path) as file:
            shutil.copyfileobj(file, copy, 1 << 20)
        copy.flush()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"{name} cannot be unpacked: {error}. It is damaged or cut short; write it again."
        ) from error
    except OSError as error:
        raise MachineError(
            f"{name} cannot be unpacked in the temporary folder: {error.strerror or error}. Make "
            "room there, or name another with TMPDIR."
        ) from error
    return copy
