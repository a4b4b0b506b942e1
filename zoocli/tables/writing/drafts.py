"""Files that appear complete or not at all, and outputs that a rename must not replace."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from zoocli.errors import MachineError, UsageError
from zoocli.foundation.cleaning import cleaning

MOST_LINKS = 40  # in a chain, as on Linux
STREAMS = rf"/dev/(stdout|stderr)|/(?:dev|proc/(?:self|{os.getpid()}))/fd/([0-9]+)"
NUMBERS = {"stdout": 1, "stderr": 2}


def draft_beside(target: Path) -> Path:
    """A temporary name in the target's folder, for a file that is then renamed to the target.

    The file is not created here: the caller must know its name first, to be able to remove it
    when a signal arrives at any moment.
    """
    refuse_directory(target)
    if not target.parent.exists():
        raise MachineError(
            f"There is no folder '{target.parent}' to write '{target.name}' in. Create it first."
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the existing file is write-protected")
    return target.parent / f".{target.name[:40]}.{secrets.token_hex(8)}.zoocli"


def mode_for(target: Path) -> int:
    """The mode of a draft: nobody reads there what they may not read in the file it replaces."""
    return stat.S_IMODE(target.stat().st_mode) & 0o666 if target.is_file() else 0o666


def refuse_directory(target: Path) -> None:
    """Raises UsageError where the target of a file is a directory."""
    if target.is_dir():
        raise UsageError(f"'{target}' is a directory. Give the name of a file in it.")


def create_file(path: Path, mode: int = 0o666) -> None:
    """Creates an empty file; OSError where it exists already."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))


@cleaning
def remove_file(*paths: Path) -> None:
    """Removes files, those that exist and can be removed."""
    for path in paths:
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
    """Writes a small file under a temporary name; calling what this yields renames it.

    A device or a pipe cannot be renamed: the content is written to it at once.
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
            create_file(draft, mode_for(target))
            draft.write_bytes(content)
        yield lambda: _show(draft, target)
    finally:
        remove_file(draft)


def drafted_text(target: Path, text: str) -> contextlib.AbstractContextManager[Callable[[], None]]:
    """As `drafted_bytes`, for a text in UTF-8."""
    return drafted_bytes(target, text.encode())


def _show(draft: Path, target: Path) -> None:
    with write_errors(f"'{target}'"):
        replace_file(draft, target)


def replace_file(draft: Path, target: Path) -> None:
    """Renames a draft to its target, with the mode and the owners of the file that it replaces."""
    if target.exists():
        _keep_access(draft, target.stat())
    replaced = _replaced.get()
    if replaced is not None:
        replaced.append((target, _set_aside(target, draft)))
    os.replace(draft, target)


def _keep_access(draft: Path, before: os.stat_result) -> None:
    for owner in (before.st_uid, -1):  # only root may give a file away; a group may be kept
        with contextlib.suppress(OSError, AttributeError):
            os.chown(draft, owner, before.st_gid)
            break
    with contextlib.suppress(OSError):
        draft.chmod(stat.S_IMODE(before.st_mode) & 0o777)


def _set_aside(target: Path, draft: Path) -> Path | None:
    """Another name for the file that is there; None if there is none."""
    if not target.exists():
        return None
    aside = draft.with_name(draft.name + ".old")
    try:
        os.link(target, aside)
    except OSError:  # a file system without hard links
        os.rename(target, aside)
    return aside


# Each target renamed so far in `all_or_none`, and another name of the file that was there.
_replaced: ContextVar[list[tuple[Path, Path | None]] | None] = ContextVar("replaced", default=None)


@contextlib.contextmanager
def all_or_none() -> Iterator[None]:
    """All files that are published in this block stay, or, where an error ends it, none of them.

    Every file is then as it was before; only a kill or a power cut between two renames can leave
    some old and some new.
    """
    replaced: list[tuple[Path, Path | None]] = []
    token = _replaced.set(replaced)
    try:
        yield
    except BaseException:
        _put_back(replaced)
        raise
    finally:
        _replaced.reset(token)
        for _, aside in replaced:
            if aside is not None:
                remove_file(aside)


@cleaning
def _put_back(replaced: list[tuple[Path, Path | None]]) -> None:
    for target, aside in reversed(replaced):
        with contextlib.suppress(OSError):
            target.unlink() if aside is None else os.replace(aside, target)


def publish_all(*outputs: Callable[[], None]) -> None:
    """Calls each in turn, the others also where the reader of one has left (BrokenPipeError).

    That error is raised at the end, any other at once, and then no file is left by any of them.
    """
    left: BrokenPipeError | None = None
    with all_or_none():
        for publish in outputs:
            try:
                publish()
            except BrokenPipeError as error:
                left = error
    if left is not None:
        raise left


def try_writing(target: Path) -> None:
    """Raises MachineError where a file cannot be written, before all the work is done."""
    with write_errors(f"'{target}'"):
        if not is_device(target):
            draft = draft_beside(behind_link(target))
            try:
                create_file(draft)
            finally:
                remove_file(draft)


def is_device(target: Path) -> bool:
    """Whether this is a device such as /dev/null or /dev/stdout, or a pipe: not to be replaced.

    A standard stream redirected to a file counts: whatever else is written there must be kept.
    """
    if _stream_number(target) is not None:
        return True
    return target.exists() and not target.is_file() and not target.is_dir()


def open_device(target: Path) -> IO[bytes]:
    """Opens a device; a stream of this process is duplicated, at its current position."""
    number = _stream_number(target)
    with write_errors(f"'{target}'"):
        return target.open("wb") if number is None else os.fdopen(os.dup(number), "wb")


def _stream_number(target: Path) -> int | None:
    """The descriptor that /dev/stdout, /dev/fd/3 or a link to them refers to; else None."""
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
    """The file that a symbolic link points to; any other path unchanged."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target
