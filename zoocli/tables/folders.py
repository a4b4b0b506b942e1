"""A directory of results that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from zoocli.errors import UsageError, some
from zoocli.tables.drafts import write_errors


@contextlib.contextmanager
def drafted_folder(
    target: Path, names: Collection[str]
) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A folder to write into, and a function that shows it under its name.

    A folder of that name is replaced where it holds nothing but such `names` (an earlier result):
    patterns, as a shell has them, also of what stands in a folder in it (`figures/*.png`).
    Raises UsageError where it holds anything else or the name is a file's, MachineError where
    nothing can be written.
    """
    target = Path(os.path.realpath(target))
    _refuse_others(target, names)
    draft = target.parent / f".{target.name[:40]}.{secrets.token_hex(8)}.zoocli"
    old = draft.with_name(draft.name + ".old")
    try:
        with write_errors(f"The directory '{target}'"):
            draft.mkdir()
        yield draft, lambda: _show(draft, target, old, names)
    finally:
        if old.exists() and not target.exists():
            os.rename(old, target)
        for leftover in (draft, old):
            _remove(leftover)


def _remove(folder: Path) -> None:
    """Removes a folder into which others may still be writing: under its name they find none."""
    gone = folder.with_name(f"{folder.name}.gone")
    with contextlib.suppress(OSError):
        os.rename(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)


def _refuse_others(target: Path, names: Collection[str]) -> None:
    if target.exists() and not target.is_dir():
        raise UsageError(f"'{target}' is a file. Give the name of a directory.")
    with write_errors(f"The directory '{target}'"):
        others = sorted(name for name in _names_in(target) if not _is_one_of(name, names))
    if others:
        raise UsageError(
            f"The directory '{target}' holds other files: {some(others)}. Give it another name; "
            "only an earlier result is replaced."
        )


def _names_in(folder: Path, prefix: str = "") -> Iterator[str]:
    """What a folder holds, and what the folders in it hold; nothing where it is not there."""
    for entry in os.scandir(folder) if folder.exists() else ():
        yield prefix + entry.name
        if entry.is_dir(follow_symlinks=False) and not prefix:
            yield from _names_in(Path(entry), f"{entry.name}/")


def _is_one_of(name: str, patterns: Collection[str]) -> bool:
    """Whether it matches one of them, or is the folder that one of them is in."""
    folders = {pattern.partition("/")[0] for pattern in patterns if "/" in pattern}
    return name in folders or any(fnmatchcase(name, pattern) for pattern in patterns)


def _show(draft: Path, target: Path, old: Path, names: Collection[str]) -> None:
    _refuse_others(target, names)  # which may have come meanwhile
    with write_errors(f"The directory '{target}'"):
        if target.exists():
            os.rename(target, old)
        os.rename(draft, target)
