"""Arrow columns as numpy arrays, and back, without pandas and mostly without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError
from zoocli.foundation.arrays import Mask

# The names that columns of ids usually have, in the order in which they are looked for.
ID_COLUMNS = (
    "id_str",
    "iauname",
    "dr8_id",
    "dr7objid",
    "object_id",
    "objid",
    "zooniverse_id",
    "subject_id",
    "galaxy_id",
    "id",
)


def to_floats(column: pa.Array, name: str, table: str, keep_single: bool = False) -> Any:
    """A column of numbers as a float64 array, null as NaN; float32 stays so with `keep_single`.

    Raises DataError, which names the column and the table, for anything but numbers.

    >>> to_floats(pa.array([1, None, 3]), "x", "t").tolist()
    [1.0, nan, 3.0]
    """
    single = keep_single and pa.types.is_float32(column.type)
    wanted = pa.float32() if single else pa.float64()
    if column.type != wanted:
        column = _cast(column, wanted, name, table)
    values = to_numpy(column)
    if not column.null_count:
        return values
    return np.where(_valid(column), values, values.dtype.type(np.nan))


def to_numpy(column: pa.Array) -> npt.NDArray[Any]:
    """A column of numbers as an array over the same memory; what null cells hold is undefined."""
    kind = np.dtype(column.type.to_pandas_dtype())
    data = column.buffers()[1]
    if data is None:  # an empty column, or only nulls
        return np.zeros(len(column), kind)
    return np.frombuffer(data, kind, len(column), column.offset * kind.itemsize)


def _valid(column: pa.Array) -> Mask:
    """Which cells are not null, for a column that has nulls."""
    return _unpacked(column.buffers()[0], column.offset, len(column))


def _unpacked(bits: pa.Buffer, offset: int, length: int) -> Mask:
    mask = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little", count=offset + length)
    return mask[offset:].view(np.bool_)


def _cast(column: pa.Array, wanted: pa.DataType, name: str, table: str) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
    number = (
        pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
        or pa.types.is_decimal(column.type)
        or pa.types.is_null(column.type)
    )
    if not number:
        raise DataError(f"{table}: column '{name}' is of type {kind}; numbers are expected there.")
    try:
        return column.cast(wanted, safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"{table}: column '{name}' of type {kind} cannot be read as numbers ({error})."
        ) from error


def is_list(kind: pa.DataType) -> bool:
    """Whether a column of this type holds lists."""
    return bool(
        pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)
    )


def list_cells(column: pa.Array, length: int) -> tuple[pa.Array, Mask]:
    """The cells of a column of lists, `length` per row, and which rows have a different number.

    A null row, or one of a different length, gives nulls.
    """
    if pa.types.is_fixed_size_list(column.type):
        size = column.type.list_size
        starts = (np.arange(len(column), dtype=np.int64) + column.offset) * size
        sizes = np.full(len(column), size)
    else:
        wide = pa.types.is_large_list(column.type)
        offsets = np.frombuffer(column.buffers()[1], np.int64 if wide else np.int32)
        starts = offsets[column.offset : column.offset + len(column)].astype(np.int64)
        sizes = offsets[column.offset + 1 : column.offset + len(column) + 1] - starts
    there = to_mask(column.is_valid())
    whole = there & (sizes == length)
    if whole.all() and len(column):
        return column.values.slice(starts[0], length * len(column)), ~whole
    places = (starts[:, None] + np.arange(length)).ravel()
    missing = np.repeat(~whole, length)
    places[missing] = 0
    places_or_null = from_numpy(places, missing=missing)
    return column.values.take(places_or_null), there & ~whole


def to_mask(truths: pa.BooleanArray) -> Mask:
    """Truth values without nulls as a numpy array."""
    return _unpacked(truths.buffers()[1], truths.offset, len(truths))


def from_numpy(
    values: npt.NDArray[Any], nulls: bool = False, missing: Mask | None = None
) -> pa.Array:
    """An Arrow array of numbers, over the same memory, or of truth values.

    With `nulls`, NaN becomes null; else the cells where `missing` holds do.
    """
    values = np.ascontiguousarray(values)
    if nulls:
        missing = np.isnan(values)
    validity = None if missing is None or not missing.any() else _packed(~missing)
    data = _packed(values) if values.dtype == np.bool_ else pa.py_buffer(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [validity, data])


def _packed(mask: Mask) -> pa.Buffer:
    return pa.py_buffer(np.packbits(mask, bitorder="little"))


def text_buffers(
    texts: pa.StringArray, kind: type[np.int32 | np.int64]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    """The bytes and the offsets of an Arrow text array, without a copy."""
    _, offsets, data = texts.buffers()
    if offsets is None or len(texts) == 0:
        return np.zeros(0, np.uint8), np.zeros(1, kind)
    starts = np.frombuffer(offsets, kind)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8), starts
