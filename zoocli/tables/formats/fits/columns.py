"""The columns of a FITS table as its header describes them, and their values in raw rows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.tables.formats.arrays import arrow_type, to_arrow

# The letters of binary tables, and the numpy type of one cell. FITS is big-endian.
BINARY = {"L": "S1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
UNREADABLE = {
    "C": (8, "holds complex numbers"),
    "M": (16, "holds complex numbers"),
    "P": (8, "holds arrays of varying length"),
    "Q": (16, "holds arrays of varying length"),
}
ASCII = {"A": pa.string(), "I": pa.int64(), "F": pa.float64(), "E": pa.float64(), "D": pa.float64()}
# The TZERO that turns each integer type into its unsigned (or signed) counterpart, exactly.
OTHER_SIGN = {"B": -(1 << 7), "I": 1 << 15, "J": 1 << 31, "K": 1 << 63}


@dataclass(frozen=True)
class Column:
    """A column: its cells are `dtype`s of this `shape`, `offset` bytes into each row.

    `refused` says why it cannot be read. `decimal` marks numbers written as text, as in ASCII
    tables; `kind` is their Arrow type.
    """

    name: str
    letter: str
    dtype: np.dtype[Any]
    offset: int
    kind: pa.DataType
    shape: tuple[int, ...] = ()
    null: Any = None
    scale: float = 1
    zero: float = 0
    decimal: bool = False
    refused: str | None = None

    def values(self, rows: bytes, row_bytes: int) -> pa.Array:
        """Its values in some complete rows; raises ValueError for invalid ones."""
        cells = np.ndarray(
            (len(rows) // row_bytes, *self.shape),
            self.dtype,
            rows,
            self.offset,
            (row_bytes, self.dtype.itemsize)[: 1 + len(self.shape)],
        )
        if self.decimal:
            return self._from_text(cells)
        if self.letter == "L":
            return to_arrow(cells == b"T", (cells != b"T") & (cells != b"F"))
        missing = None if self.null is None else cells == self.null
        return to_arrow(self._scaled(cells), missing)

    def _scaled(self, cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if (self.scale, self.zero) == (1, 0):
            return cells
        if (self.scale, self.zero) != (1, OTHER_SIGN.get(self.letter)):
            return cells.astype(np.float64) * self.scale + self.zero
        bits = cells.astype(self.dtype.newbyteorder("=")).view(f"u{self.dtype.itemsize}")
        other = bits ^ bits.dtype.type(1 << (8 * bits.itemsize - 1))
        values: npt.NDArray[Any] = other.view("i1" if self.letter == "B" else other.dtype)
        return values

    def _from_text(self, cells: npt.NDArray[Any]) -> pa.Array:
        words = np.char.strip(cells)
        missing = words == b""
        if self.null is not None:
            missing |= words == str(self.null).strip().encode()
        if self.letter == "A":
            return to_arrow(cells, None if self.null is None else missing)
        words = np.char.replace(np.where(missing, b"0", words), b"D", b"E")
        if pa.types.is_integer(self.kind):
            return to_arrow(words.astype(np.int64), missing)
        return to_arrow(words.astype(np.float64) * self.scale + self.zero, missing)


def read_columns(header: Mapping[str, Any], binary: bool) -> Iterator[Column]:
    """The columns of a table; raises ValueError or KeyError for an invalid header."""
    offset = 0
    for number in range(1, int(header["TFIELDS"]) + 1):
        name = str(header.get(f"TTYPE{number}", f"col{number}")).strip()
        form = str(header[f"TFORM{number}"]).strip().upper()
        marks = {
            "null": header.get(f"TNULL{number}"),
            "scale": header.get(f"TSCAL{number}", 1),
            "zero": header.get(f"TZERO{number}", 0),
        }
        if binary:
            dimensions = str(header.get(f"TDIM{number}", ""))
            column, size = _binary_column(name, form, dimensions, offset, marks)
            offset += size
            yield column
        else:
            yield _ascii_column(name, form, int(header[f"TBCOL{number}"]) - 1, marks)


def _binary_column(
    name: str, form: str, dimensions: str, offset: int, marks: dict[str, Any]
) -> tuple[Column, int]:
    found = re.match(r"(\d*)([LXBIJKAEDCMPQ])", form)
    if found is None:
        raise ValueError(f"column '{name}' has the format '{form}', which FITS does not have")
    repeat, letter = int(found[1] or 1), found[2]
    shape = [int(size) for size in re.findall(r"\d+", dimensions)] or [repeat]

    def refused(why: str) -> Column:
        return Column(name, letter, np.dtype("S1"), offset, pa.null(), refused=why)

    if letter == "X":
        return refused("holds bits"), math.ceil(repeat / 8)
    if letter in UNREADABLE:
        size, why = UNREADABLE[letter]
        return refused(why), repeat * size
    cell = np.dtype(f"S{shape[0]}" if letter == "A" else BINARY[letter])
    cells = [size for size in (shape[1:] if letter == "A" else shape) if size != 1]
    size = repeat if letter == "A" else repeat * cell.itemsize
    if not repeat:
        return refused("has no width"), 0
    if math.prod(shape) > repeat:
        raise ValueError(f"column '{name}' is larger by its TDIM than by its TFORM")
    if len(cells) > (letter != "A"):
        what = "texts" if letter == "A" else "numbers"
        return refused(f"holds arrays of {what} of the shape {dimensions.strip()}"), size
    marks = _checked(marks, letter)
    kind = arrow_type(_scaled_type(letter, cell, **marks), tuple(cells))
    return Column(name, letter, cell, offset, kind, tuple(cells), **marks), size


def _scaled_type(
    letter: str, cell: np.dtype[Any], null: int | None = None, scale: float = 1, zero: float = 0
) -> np.dtype[Any]:
    """The type of the values of a column with such cells and scaling."""
    if letter == "L":
        return np.dtype(np.bool_)
    if (scale, zero) == (1, 0):
        return cell
    if (scale, zero) != (1, OTHER_SIGN.get(letter)):
        return np.dtype(np.float64)
    return np.dtype(f"{'i' if letter == 'B' else 'u'}{cell.itemsize}")


def _checked(marks: dict[str, Any], letter: str) -> dict[str, Any]:
    """The null value and the scaling, as far as they apply to this type of column."""
    null = marks["null"] if letter in "BIJK" else None
    if not isinstance(null, int | None) or isinstance(null, bool):
        raise ValueError(f"a TNULL is {null!r}, not a whole number")
    if letter in "AL":
        return {}
    return {"null": null, "scale": _number(marks["scale"]), "zero": _number(marks["zero"])}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a TSCAL or TZERO is {value!r}, not a number")
    return value


def _ascii_column(name: str, form: str, offset: int, marks: dict[str, Any]) -> Column:
    found = re.match(r"([AIFED])(\d+)", form)
    if found is None:
        raise ValueError(f"column '{name}' has the format '{form}', which FITS does not have")
    letter, width = found[1], int(found[2])
    scale, zero = _number(marks["scale"]), _number(marks["zero"])
    kind = pa.float64() if letter == "I" and (scale, zero) != (1, 0) else ASCII[letter]
    null = marks["null"]
    cell = np.dtype(f"S{width}")
    return Column(name, letter, cell, offset, kind, (), null, scale, zero, decimal=True)
