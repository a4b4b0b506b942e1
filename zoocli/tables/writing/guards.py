"""Refuses outputs that would overwrite inputs, or name two columns alike."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from zoocli.errors import UsageError, some
from zoocli.tables.writing.drafts import is_device

if TYPE_CHECKING:
    import pyarrow as pa


def refuse_inputs(target: Path, inputs: list[str]) -> None:
    """Raises UsageError where the output is one of the inputs, or a file in an input directory.

    The input `-` means the file that standard input is redirected from; inputs may be patterns
    such as `preds/*.parquet`. Devices are not refused: nothing in them can be overwritten.
    """
    if not target.is_file():
        return
    for source in ("/dev/stdin" if name == "-" else name for name in inputs):
        if any(_same_file(target, part) for part in _files_of(source)):
            raise UsageError(
                f"The output '{target}' is also an input. Give it another name; inputs are never "
                "overwritten."
            )


def check_outputs(outputs: Mapping[str, Path | None], inputs: list[str]) -> None:
    """Raises UsageError where an output is an input, or two are one file, also by other names.

    Each output has the name that it is known by, such as `--summary`; None is none.
    """
    targets = [(name, target) for name, target in outputs.items() if target is not None]
    for _, target in targets:
        refuse_inputs(target, inputs)
    for (one, first), (other, second) in combinations(targets, 2):
        same = first.resolve() == second.resolve() or _same_file(first, second)
        if same and not is_device(first):
            raise UsageError(
                f"{one} and {other} are both '{second}'. Give them different names."
                if first == second
                else f"{one} '{first}' and {other} '{second}' are one file. Give them different "
                "names."
            )


def refuse_inputs_of_folder(target: Path, inputs: list[str]) -> None:
    """Raises UsageError where an output directory is an input, contains one or lies in one."""
    folder = Path(os.path.realpath(target))
    for source in inputs:
        for name in {source, *glob.glob(source, recursive=True)}:
            place = Path(os.path.realpath(name))
            if place.exists() and (folder in (place, *place.parents) or place in folder.parents):
                raise UsageError(
                    f"The output '{target}' is also an input, contains one or lies in one: "
                    f"'{name}'. Give it another name; inputs are never overwritten."
                )


def refuse_repeated_columns(schema: pa.Schema, table: str) -> None:
    """Raises UsageError where two columns of an output, called `table`, have the same name."""
    repeated = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if repeated:
        raise UsageError(
            f"{table} would have more than one column called {some(repeated)}. Leave it out of "
            "«keep», or rename it in the input."
        )


def _files_of(source: str) -> Iterator[Path]:
    """The input itself, and all files in it; what cannot be listed is skipped."""
    for place in {source, *glob.glob(source, recursive=True)}:
        yield Path(place)
        for folder, _, names in os.walk(place):
            yield from (Path(folder, name) for name in names)


def _same_file(one: Path, other: Path) -> bool:
    """False where one of them does not exist, such as the target of a dangling link."""
    with contextlib.suppress(OSError):
        return one.samefile(other)
    return False
