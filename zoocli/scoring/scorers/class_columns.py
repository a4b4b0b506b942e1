"""Which columns of predictions are classes, what the classes are called, and their numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoocli.errors import DataError, some
from zoocli.foundation.columns import to_floats
from zoocli.runs.options.score import ScoreOptions
from zoocli.scoring.scorers.scorer import default_predictions
from zoocli.tables import Table
from zoocli.tables.numbers import is_text

ENDINGS = ("_pred", "_prob", "_probability", "_logit", "_softmax")
NUMBERED = re.compile(r"(.*?)[-_ ]?([0-9]{1,9})")
PEEKED_ROWS = 1000
FEW_ROWS = 20  # of so few a constant column may well be a class


@dataclass(frozen=True)
class Classes:
    """What labels call the classes of some columns: their `names` and `numbers`.

    A single column is the probability or logit of the second of two classes. `note` says what was
    chosen, if that is not plain.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    numbers: tuple[int, ...]
    note: str | None = None

    @property
    def single(self) -> bool:
        """Whether one column stands for two classes."""
        return len(self.columns) < len(self.names)

    @property
    def numbered(self) -> bool:
        """Whether the names end in the classes' numbers."""
        return _numbers(self.names) is not None


def find_classes(predictions: Table, options: ScoreOptions, id_column: str) -> Classes:
    """The columns of `prediction=`, else those that are classes by their names and cells.

    A name loses an ending such as `_pred` that all have. Where names end in different numbers
    (`class_2`), these are the classes' numbers; else the places are. Raises DataError for none.
    """
    labels = options.label or ("label",)
    if options.prediction:
        return _named(tuple(options.prediction), None)
    there = default_predictions(predictions, id_column, (*options.not_predictions, *labels))
    chosen = _family(there) or _numeric(predictions, there)
    if not chosen:
        raise DataError(
            f"{predictions.name} has no column of predictions besides "
            f"{some([id_column, *labels])}. Name those of the classes with «prediction»."
        )
    left = [name for name in there if name not in chosen]
    note = None
    if left:
        none = "is none" if len(left) == 1 else "are none"
        note = (
            f"The classes are the columns {some(chosen, limit=12)} of {predictions.name}; "
            f"{some(left)} {none}. Choose others with «prediction»."
        )
    return _named(tuple(chosen), note)


def _family(columns: Sequence[str]) -> list[str]:
    """The columns that share an ending of predictions, or whose names differ in a number."""
    for ending in ENDINGS:
        family = [name for name in columns if name.endswith(ending)]
        if len(family) > 1:
            return family
    families: dict[str, list[str]] = {}
    for name in columns:
        found = NUMBERED.fullmatch(name)
        if found and found[1]:
            families.setdefault(found[1], []).append(name)
    largest = max(families.values(), key=len, default=[])
    return largest if len(largest) > 1 else []


def _numeric(predictions: Table, columns: Sequence[str]) -> list[str]:
    """The columns that hold numbers, and different ones, as far as the first rows tell."""
    batch = next(iter(predictions.between(0, PEEKED_ROWS, columns, batch_rows=PEEKED_ROWS)), None)
    if batch is None or not columns:
        return list(columns)
    found = []
    for name in columns:
        column = batch.column(name).drop_null()
        if is_text(column.type):
            cells = column.cast("string").to_pylist()
            if any(cell.strip() and not _reads_as_numbers(cell) for cell in cells[:FEW_ROWS]):
                continue
            constant = len(set(cells)) == 1
        else:
            kind = column.type
            values = to_floats(column, name, predictions.name) if _is_number(kind) else None
            constant = values is not None and len(values) > 0 and bool(np.ptp(values) == 0)
        if not (constant and len(column) >= FEW_ROWS):
            found.append(name)
    return found


def _is_number(kind: object) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _reads_as_numbers(cell: str) -> bool:
    """Whether a cell of text is a number, or a list of numbers."""
    try:
        [float(one) for one in cell.strip().strip("[]").split(",")]
    except ValueError:
        return cell.strip().lower() in ("na", "null", "none", "n/a", "<na>", "--")
    return True


def _named(columns: tuple[str, ...], note: str | None) -> Classes:
    shared = [end for end in ENDINGS if all(name.endswith(end) for name in columns)]
    names = tuple(name.removesuffix(shared[0]) if shared else name for name in columns)
    if len(columns) == 1:
        return Classes(columns, (f"not {names[0]}", names[0]), (0, 1), note)
    return Classes(columns, names, _numbers(names) or tuple(range(len(names))), note)


def _numbers(names: Sequence[str]) -> tuple[int, ...] | None:
    """The numbers in which the names end; None unless that is all in which they differ."""
    found = [NUMBERED.fullmatch(name) for name in names]
    parts = [(one[1], int(one[2])) for one in found if one is not None]
    alike = len(parts) == len(names) and len({before for before, _ in parts}) == 1
    numbers = tuple(number for _, number in parts)
    return numbers if alike and len(set(numbers)) == len(numbers) else None
