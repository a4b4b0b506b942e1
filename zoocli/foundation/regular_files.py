"""Reads small files that nobody has named: opening them never waits, whatever they are."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular(path: Path, trusted: bool = False) -> bytes:
    """The content of a regular file; OSError for a pipe, a device or a folder.

    With `trusted`, also for a file that somebody other than this user, root and whoever installed
    zoocli could have written.
    """
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(number, "rb") as file:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        if trusted and not _is_trusted(found):
            raise PermissionError(errno.EACCES, "others may have written it", str(path))
        return file.read()


def _is_trusted(found: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):  # no such owners on Windows
        return True
    owners = {0, os.geteuid(), os.stat(__file__).st_uid}
    return found.st_uid in owners and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
