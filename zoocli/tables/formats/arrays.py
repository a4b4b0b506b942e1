"""Tables whose columns are read as numpy arrays, and their conversion to Arrow."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError
from zoocli.foundation.arrays import Mask
from zoocli.foundation.columns import from_numpy
from zoocli.tables.table import Table

TEXT_KINDS = "SUO"
NUMBER_SIZES = {"i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8), "b": (1,)}


class ArraysTable(Table):
    """A table of numpy arrays: (rows,), or (rows, passes) for a column of lists.

    `refused` has the columns that cannot be read, and why; the other columns remain readable.
    """

    refused: dict[str, str]

    def require(self, columns: Collection[str]) -> None:
        """As for every table, and DataError for a column that cannot be read."""
        super().require(columns)
        for column in columns:
            if column in self.refused:
                raise DataError(
                    f"{self.name}: column '{column}' {self.refused[column]}, which zoocli does not "
                    "read. Write it as plain numbers or text."
                )


def arrow_type(kind: np.dtype[Any], shape: tuple[int, ...] = ()) -> pa.DataType | None:
    """The type of a column whose cells have this dtype and shape; None if not supported."""
    if kind.kind in TEXT_KINDS:
        return None if shape else pa.string()
    if kind.itemsize not in NUMBER_SIZES.get(kind.kind, ()) or len(shape) > 1:
        return None
    plain = pa.from_numpy_dtype(kind.newbyteorder("="))
    return pa.list_(plain, shape[0]) if shape else plain


def to_arrow(values: npt.NDArray[Any], missing: Mask | None = None) -> pa.Array:
    """The values in native byte order; null where `missing` (of the same shape) holds.

    Trailing blanks and zeros of bytes are removed. Raises ValueError for text that is not UTF-8.
    """
    if values.ndim == 2:
        flat = to_arrow(values.ravel(), None if missing is None else missing.ravel())
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    if values.dtype.kind in "UO":
        return _texts(values, missing)
    if values.dtype.kind == "S":
        return _trimmed(values, missing)
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    return from_numpy(native, missing=missing)


def _texts(values: npt.NDArray[Any], missing: Mask | None) -> pa.Array:
    gone = np.zeros(len(values), np.bool_) if missing is None else missing
    cells = [None if null else cell for cell, null in zip(values.tolist(), gone, strict=True)]
    texts = [cell.decode() if isinstance(cell, bytes) else cell for cell in cells]
    odd = next((one for one in texts if not isinstance(one, str | None)), None)
    if odd is not None:
        raise ValueError(f"a cell is a {type(odd).__name__}, not text")
    return pa.array(texts, pa.string())


def _trimmed(values: npt.NDArray[Any], missing: Mask | None) -> pa.Array:
    rows, width = len(values), values.dtype.itemsize
    cells = np.ascontiguousarray(values).view(np.uint8).reshape(rows, width)
    filled = (cells != 0) & (cells != ord(" "))  # FITS pads text with either
    ends = np.where(filled.any(axis=1), width - filled[:, ::-1].argmax(axis=1), 0)
    data = cells[np.arange(width) < ends[:, None]]
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(ends, out=offsets[1:])
    validity = None if missing is None else from_numpy(~missing).buffers()[1]
    texts = pa.Array.from_buffers(
        pa.string(), rows, [validity, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        raise ValueError("some bytes are not text in UTF-8") from error
    return texts
