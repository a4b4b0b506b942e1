"""A directory of results that appears complete or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from zoocli.errors import UsageError, some
from zoocli.foundation.cleaning import cleaning
from zoocli.tables.table import METADATA_KEY
from zoocli.tables.writing.drafts import write_errors


@contextlib.contextmanager
def drafted_folder(
    target: Path, names: Collection[str], tables: str
) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A temporary folder to write into, and a function that renames it to the target.

    An existing folder is replaced where it holds only what matches `names` (an earlier result):
    shell patterns, also for files in a subfolder (`figures/*.png`). Names can be forged or common:
    an earlier result also has Parquet files that match `tables`, all of them with the metadata that
    zoocli writes. Raises UsageError where it holds anything else or is a file, MachineError where
    it cannot be written.
    """
    target = Path(os.path.realpath(target))
    found = [file for file in target.glob(tables) if file.name[0] != "."]
    if not found or not all(is_own_table(file) for file in found):
        names = ()
    _refuse_others(target, names)
    draft = target.parent / f".{target.name[:40]}.{secrets.token_hex(8)}.zoocli"
    old = draft.with_name(draft.name + ".old")
    try:
        with write_errors(f"The directory '{target}'"):
            draft.mkdir()
        yield draft, lambda: _show(draft, target, old, names)
    finally:
        _clean_up(draft, old, target)


def is_own_table(file: Path) -> bool:
    """Whether it is a Parquet file with the metadata that zoocli writes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return file.is_file() and METADATA_KEY in (pq.read_metadata(file).metadata or {})
    except (OSError, pa.ArrowException):
        return False


@cleaning
def _clean_up(draft: Path, old: Path, target: Path) -> None:
    """Puts back the old folder where the new one did not take its place."""
    if old.exists() and not target.exists():
        os.rename(old, target)
    for leftover in (draft, old):
        _remove(leftover)


def _remove(folder: Path) -> None:
    """Renames and removes a folder, so that processes still writing to it no longer find it."""
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
    """What a folder and its subfolders hold; nothing where it does not exist."""
    for entry in os.scandir(folder) if folder.exists() else ():
        yield prefix + entry.name
        if entry.is_dir(follow_symlinks=False) and not prefix:
            yield from _names_in(Path(entry), f"{entry.name}/")


def _is_one_of(name: str, patterns: Collection[str]) -> bool:
    """Whether it matches one of the patterns, or is the subfolder of one of them."""
    folders = {pattern.partition("/")[0] for pattern in patterns if "/" in pattern}
    allowed = (*patterns, *folders)
    return any(
        fnmatchcase(name, pattern) and name.count("/") == pattern.count("/") for pattern in allowed
    )


def _show(draft: Path, target: Path, old: Path, names: Collection[str]) -> None:
    _refuse_others(target, names)  # which may have appeared meanwhile
    with write_errors(f"The directory '{target}'"):
        if target.exists():
            os.rename(target, old)
        os.rename(draft, target)
