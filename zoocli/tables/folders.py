"""A directory of results that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from zoocli.errors import MachineError, UsageError, some


@contextlib.contextmanager
def drafted_folder(
    target: Path, names: Collection[str]
) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A folder to write into, and a function that shows it under its name.

    A folder of that name is replaced where it holds nothing but such `names` (an earlier result).
    Raises UsageError where it holds anything else or the name is a file's, MachineError where
    nothing can be written.
    """
    target = Path(os.path.realpath(target))
    _refuse_others(target, names)
    draft = target.parent / f".{target.name[:40]}.{secrets.token_hex(8)}.zoocli"
    old = draft.with_name(draft.name + ".old")
    try:
        with _explaining(target):
            draft.mkdir()
        yield draft, lambda: _show(draft, target, old)
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
    with _explaining(target):
        others = sorted(set(os.listdir(target)) - set(names)) if target.exists() else []
    if others:
        raise UsageError(
            f"The directory '{target}' holds other files: {some(others)}. Give it another name; "
            "only an earlier result is replaced."
        )


def _show(draft: Path, target: Path, old: Path) -> None:
    with _explaining(target):
        if target.exists():
            os.rename(target, old)
        os.rename(draft, target)


@contextlib.contextmanager
def _explaining(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"The directory '{target}' cannot be written: {error.strerror or error}. Choose "
            "another place, or make room."
        ) from error
