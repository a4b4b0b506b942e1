"""Bins of a column: ranges of numbers, or one for each text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zoocli.errors import DataError
from zoocli.foundation.columns import to_floats
from zoocli.foundation.strict_json import finite_of, text_of
from zoocli.runs.options.by import MOST_BINS, By
from zoocli.tables.numbers import is_text
from zoocli.tables.table import Table

DEFAULT_BINS = 10
NOWHERE = -1

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Bin:
    """From `low` up to, not including, `high` (None: without end), or of one text, `value`.

    All are None for the galaxies that have no value. `label` is for people.
    """

    label: str
    low: float | None = None
    high: float | None = None
    value: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields under their names."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Bin:
        """Reads what `to_dict` wrote; raises KeyError, TypeError or ValueError for all else."""
        low, high, value = content["low"], content["high"], content["value"]
        return cls(
            text_of(content["label"]),
            None if low is None else finite_of(low),
            None if high is None else finite_of(high),
            None if value is None else text_of(value),
        )


NO_VALUE = Bin("no value")


class Bins(ABC):
    """The bins of a column, and which of them its values are in."""

    bins: Sequence[Bin]
    types: dict[str, pa.DataType]  # to read the column as, where the file has no types

    @abstractmethod
    def positions(self, column: pa.Array, table: str) -> Positions:
        """(rows,): the bin of each row, -1 where it has no value (null, blank or NaN)."""


class NumberBins(Bins):
    """Ranges between edges; with `open_ends`, also below the first and from the last one on.

    Without, the last range includes its upper edge.
    """

    def __init__(self, name: str, edges: Sequence[float], open_ends: bool) -> None:
        self._name = name
        self._edges = np.array(edges)
        self._open = open_ends
        self.types = {name: pa.float64()}
        texts = _distinct(self._edges)
        ranges = [
            Bin(f"{texts[number]} to {texts[number + 1]}", low, high)
            for number, (low, high) in enumerate(pairwise(edges))
        ]
        if not open_ends:
            self.bins = ranges
            return
        below = Bin(f"below {texts[0]}", high=edges[0])
        self.bins = [below, *ranges, Bin(f"{texts[-1]} and more", low=edges[-1])]

    def positions(self, column: pa.Array, table: str) -> Positions:
        """As in `Bins`; raises DataError for what holds no numbers."""
        values = to_floats(column, self._name, table)
        found: Positions = np.searchsorted(self._edges, values, side="right")
        if not self._open:
            found = np.clip(found - 1, 0, len(self.bins) - 1)
        placed: Positions = np.where(np.isnan(values), NOWHERE, found)
        return placed


class TextBins(Bins):
    """One bin for each text."""

    def __init__(self, name: str, values: Sequence[str]) -> None:
        self.types = {}
        self.bins = [Bin(value, value=value) for value in values]
        self._values = pa.array(values, pa.string())

    def positions(self, column: pa.Array, table: str) -> Positions:
        """As in `Bins`."""
        found = pc.index_in(_texts(column), self._values)
        placed: Positions = np.nan_to_num(to_floats(found, "", table), nan=NOWHERE).astype(np.intp)
        return placed


def find_bins(table: Table, by: By) -> Bins:
    """The bins of a table's column, which is read where its values decide.

    Numbers: between the edges and beyond them, or else as many ranges from the least to the
    greatest value as were asked for (10), of equal width or between quantiles; fewer where
    quantiles are equal. Text: one for each value; in a file without types
    (CSV) a column holds numbers where every cell is one. Raises DataError for other types, for more
    than 100 texts, and where there is no value at all.
    """
    name = by.column
    table.require([name])
    kind = table.type_of(name)
    if by.edges:
        return NumberBins(name, by.edges, True)
    texts = None
    if is_text(kind) and by.bins is None:
        texts = _different_texts(table, name)
    elif pa.types.is_boolean(kind):
        texts = ["false", "true"]
    elif not is_text(kind) and not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise DataError(
            f"Column '{name}' of {table.name} holds {kind}; «by» takes numbers or text."
        )
    if texts is not None:
        return TextBins(name, texts)
    low, high = _range(table, name)
    if by.equal and high > low:
        return NumberBins(name, _quantiles(table, name, by.bins or DEFAULT_BINS), False)
    edges = np.linspace(low, high, (by.bins or DEFAULT_BINS) + 1) if high > low else [low, high]
    return NumberBins(name, [float(edge) for edge in edges], False)


def _different_texts(table: Table, name: str) -> list[str] | None:
    """The texts in order; None where a file without types holds nothing but numbers."""
    found: set[str] = set()
    numbers = table.text
    for batch in table.batches([name]):
        texts = _texts(batch.column(0))
        numbers = numbers and _are_numbers(texts)
        if len(found) <= MOST_BINS:
            found.update(texts.unique().drop_null().to_pylist())
        if len(found) > MOST_BINS and not numbers:
            raise DataError(
                f"Column '{name}' of {table.name} has more than {MOST_BINS} different texts. "
                "Choose a column with fewer, or numbers, for which «by» makes bins."
            )
    return None if numbers else sorted(found)


def _are_numbers(texts: pa.Array) -> bool:
    try:
        texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _texts(column: pa.Array) -> pa.Array:
    """As text without white space around it; what is blank is null."""
    trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.replace_with_mask(trimmed, pc.equal(trimmed, ""), pa.scalar(None, pa.string()))


def _quantiles(table: Table, name: str, bins: int) -> list[float]:
    """The edges of as many ranges of equally many values; holds the column."""
    types = {name: pa.float64()}
    batches = table.batches([name], types=types)
    values = np.concatenate([to_floats(batch.column(0), name, table.name) for batch in batches])
    edges = np.nanquantile(values, np.linspace(0.0, 1.0, bins + 1))
    return [float(edge) for edge in np.unique(edges)]


def _range(table: Table, name: str) -> tuple[float, float]:
    """The least and the greatest value; raises DataError for infinite ones, and for none."""
    low, high = np.inf, -np.inf
    for batch in table.batches([name], types={name: pa.float64()}):
        values = to_floats(batch.column(0), name, table.name)
        low, high = np.fmin.reduce(values, initial=low), np.fmax.reduce(values, initial=high)
    if low > high:
        raise DataError(f"Column '{name}' of {table.name} has no value. Choose another.")
    if not np.isfinite(high / 2 - low / 2) or np.isinf(high - low):
        raise DataError(
            f"Column '{name}' of {table.name} holds infinite values, so bins of equal width do not "
            f"exist. Give their edges, such as «by={name}:15,17,19»."
        )
    return float(low), float(high)


def _distinct(edges: npt.NDArray[np.float64]) -> list[str]:
    """The edges with as few digits as show each within a hundredth of the narrowest bin.

    >>> _distinct(np.array([2.4e-5, 0.0769, 0.151]))
    ['0', '0.0769', '0.151']
    """
    narrowest = np.diff(edges).min(initial=np.inf)
    if np.isfinite(narrowest):  # an edge that is 0 beside the others is shown as 0
        edges = np.where(np.abs(edges) < narrowest / 200, 0.0, edges)
    for digits in range(3, 18):
        texts = [f"{edge:.{digits}g}" for edge in edges]
        if np.abs(np.array(texts, np.float64) - edges).max() <= narrowest / 100:
            break
    return texts
