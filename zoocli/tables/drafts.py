"""Files that appear complete or not at all, and outputs that a rename must not replace."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from zoocli.errors import MachineError, UsageError

MOST_LINKS = 40  # one after the other, as Linux has it
STREAMS = rf"/dev/(stdout|stderr)|/(?:dev|proc/(?:self|{os.getpid()}))/fd/([0-9]+)"
NUMBERS = {"stdout": 1, "stderr": 2}


def draft_beside(target: Path) -> Path:
    """A name in the target's folder, for a file that a rename turns into the target.

    Only a name, so that whoever removes the file knows it before it is there: a signal may come
    at any moment.
    """
    refuse_directory(target)
    if not target.parent.exists():
        raise MachineError(
            f"There is no folder '{target.parent}' to write '{target.name}' in. Create it first."
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is there and is protected from being written")
    return target.parent / f".{target.name[:40]}.{secrets.token_hex(8)}.zoocli"


def refuse_directory(target: Path) -> None:
    """Raises UsageError for a directory, where a file is to be."""
    if target.is_dir():
        raise UsageError(f"'{target}' is a directory. Give the name of a file in it.")


def create_file(path: Path, mode: int = 0o666) -> None:
    """Makes an empty file where there was none."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))


def remove_file(path: Path) -> None:
    """Removes a file that may never have come into being, as on a disk that is only read."""
    with contextlib.suppress(OSError):
        path.unlink()


@contextlib.contextmanager
def write_errors(where: str, passing: type[OSError] | tuple[()] = ()) -> Iterator[None]:
    """Turns an OSError into a MachineError about what cannot be written, unless it is `passing`."""
    try:
        yield
    except passing:
        raise
    except OSError as error:
        raise MachineError(
            f"{where} cannot be written: {error.strerror or error}. Choose another place, or make "
            "room."
        ) from error


@contextlib.contextmanager
def drafted_bytes(target: Path, content: bytes) -> Iterator[Callable[[], None]]:
    """Writes a small file, whole, under another name; calling what this gives shows it.

    A device or a pipe has no other name: it gets the content itself, at once.
    """
    if is_device(target):
        with write_errors(f"'{target}'"), open_device(target) as device:
            device.write(content)
        yield lambda: None
        return
    target = behind_link(target)
    with write_errors(f"'{target}'"):
        draft = draft_beside(target)
    try:
        with write_errors(f"'{target}'"):
            draft.write_bytes(content)
        yield lambda: _show(draft, target)
    finally:
        remove_file(draft)


def drafted_text(target: Path, text: str) -> contextlib.AbstractContextManager[Callable[[], None]]:
    """The same for a text, in UTF-8."""
    return drafted_bytes(target, text.encode())


def _show(draft: Path, target: Path) -> None:
    with write_errors(f"'{target}'"):
        os.replace(draft, target)


def publish_all(*outputs: Callable[[], None]) -> None:
    """Calls each in turn; where a reader has left (BrokenPipeError), the others still follow.

    That error is raised at the end, any other one at once.
    """
    left: BrokenPipeError | None = None
    for publish in outputs:
        try:
            publish()
        except BrokenPipeError as error:
            left = error
    if left is not None:
        raise left


def try_writing(target: Path) -> None:
    """Raises now, rather than after all the work, where a file cannot be written."""
    with write_errors(f"'{target}'"):
        if not is_device(target):
            draft = draft_beside(behind_link(target))
            try:
                create_file(draft)
            finally:
                remove_file(draft)


def is_device(target: Path) -> bool:
    """Whether this is /dev/null, /dev/stdout or their kin, or a pipe, which no rename may replace.

    A stream that was redirected to a file counts: what else is written there must stay.
    """
    if _stream_number(target) is not None:
        return True
    return target.exists() and not target.is_file() and not target.is_dir()


def open_device(target: Path) -> IO[bytes]:
    """Opens a device; a stream of this process where it stands, and so that others may go on."""
    number = _stream_number(target)
    with write_errors(f"'{target}'"):
        return target.open("wb") if number is None else os.fdopen(os.dup(number), "wb")


def _stream_number(target: Path) -> int | None:
    """The number of the open stream that /dev/stdout, /dev/fd/3 or a link to them names."""
    path = os.path.abspath(target)
    for _ in range(MOST_LINKS):
        found = re.fullmatch(STREAMS, path)
        if found:
            return NUMBERS.get(found[1]) or int(found[2])
        if not os.path.islink(path):
            break
        path = os.path.abspath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return None


def behind_link(target: Path) -> Path:
    """The file that a symbolic link points to; any other path as it is."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target
