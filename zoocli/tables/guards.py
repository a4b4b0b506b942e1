"""Outputs that would overwrite inputs are refused."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterator
from pathlib import Path

from zoocli.errors import UsageError


def refuse_inputs(target: Path, inputs: list[str]) -> None:
    """Raises UsageError where the output is one of the inputs, or a part in a directory of them.

    An input `-` is the file that standard input was redirected from, and one may be a pattern such
    as `preds/*.parquet`. Devices cannot be damaged.
    """
    if not target.is_file():
        return
    for source in ("/dev/stdin" if name == "-" else name for name in inputs):
        if any(_same_file(target, part) for part in _files_of(source)):
            raise UsageError(
                f"The output '{target}' is also an input. Give it another name; inputs are never "
                "overwritten."
            )


def refuse_inputs_of_folder(target: Path, inputs: list[str]) -> None:
    """Raises UsageError where a directory that is to be replaced is, holds or is in an input."""
    folder = Path(os.path.realpath(target))
    for source in inputs:
        for name in {source, *glob.glob(source, recursive=True)}:
            place = Path(os.path.realpath(name))
            if place.exists() and (folder in (place, *place.parents) or place in folder.parents):
                raise UsageError(
                    f"The output '{target}' is also an input, is in one or holds one: '{name}'. "
                    "Give it another name; inputs are never overwritten."
                )


def _files_of(source: str) -> Iterator[Path]:
    """The input itself, and all files in it; what cannot be listed is passed over."""
    for place in {source, *glob.glob(source, recursive=True)}:
        yield Path(place)
        for folder, _, names in os.walk(place):
            yield from (Path(folder, name) for name in names)


def _same_file(one: Path, other: Path) -> bool:
    """False where one of them is not there, such as what a dangling link points to."""
    with contextlib.suppress(OSError):
        return one.samefile(other)
    return False
