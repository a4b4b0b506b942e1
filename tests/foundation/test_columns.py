"""Arrow columns to numpy and back."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from zoocli.errors import DataError
from zoocli.foundation.columns import from_numpy, to_floats, to_mask, to_numpy

NUMBERS: list[tuple[pa.DataType, Any]] = [
    (pa.float16(), np.float16(1.5)),
    (pa.float32(), 1.5),
    (pa.float64(), 1.5),
    (pa.int8(), -3),
    (pa.uint64(), 2**63),
    (pa.decimal128(10, 2), decimal.Decimal("1.25")),
    (pa.decimal256(50, 3), decimal.Decimal("-1.125")),
    (pa.dictionary(pa.int8(), pa.float64()), 0.1),
    (pa.dictionary(pa.int32(), pa.int64()), 7),
]
NOT_NUMBERS = [
    pa.array([True, None]),
    pa.array([datetime.date(2020, 1, 1), None]),
    pa.array(["1", None]),
    pa.array(["1", None]).dictionary_encode(),
    pa.array([b"1", None]),
    pa.array([[1.0], None]),
]


@pytest.mark.parametrize("kind, value", NUMBERS, ids=lambda part: str(part))
def test_every_type_of_number_becomes_float64(kind: pa.DataType, value: Any) -> None:
    column = pa.array([value, None, value], kind)
    result = to_floats(column, "n", "t")
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, [float(value), np.nan, float(value)])
    np.testing.assert_array_equal(to_floats(column.slice(1), "n", "t"), [np.nan, float(value)])


def test_all_null_is_all_nan() -> None:
    assert np.isnan(to_floats(pa.nulls(3), "n", "t")).tolist() == [True] * 3


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.int32(), pa.null()])
@pytest.mark.parametrize("keep_single", [False, True])
def test_no_rows(kind: pa.DataType, keep_single: bool) -> None:
    assert len(to_floats(pa.array([], kind), "n", "t", keep_single)) == 0
    assert len(to_floats(pa.nulls(3, kind).slice(3), "n", "t", keep_single)) == 0


def test_single_precision_stays_only_where_it_is_asked_for() -> None:
    column = pa.array([0.1, None], pa.float32())
    assert to_floats(column, "n", "t", keep_single=True).dtype == np.float32
    assert to_floats(column, "n", "t").dtype == np.float64
    assert to_floats(pa.array([1]), "n", "t", keep_single=True).dtype == np.float64


def test_floats_are_not_copied() -> None:
    values = np.arange(5.0)
    result = to_floats(from_numpy(values).slice(2), "n", "t")
    assert np.shares_memory(result, values)
    assert result.tolist() == [2.0, 3.0, 4.0]


@pytest.mark.parametrize("column", NOT_NUMBERS, ids=lambda column: str(column.type))
def test_anything_else_is_refused_by_name_and_type(column: pa.Array) -> None:
    with pytest.raises(DataError, match=r"t\.parquet: column 'spiral' is of type .*numbers"):
        to_floats(column, "spiral", "t.parquet")


@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.int64])
@pytest.mark.parametrize("length", [0, 1, 9])
def test_from_numpy(dtype: type, length: int) -> None:
    values = np.arange(length).astype(dtype)
    array = from_numpy(values)
    array.validate(full=True)
    assert array.to_pylist() == values.tolist()


def test_nan_becomes_null_only_where_it_is_asked_for() -> None:
    values = np.array([1.0, np.nan, np.inf] * 7)
    array = from_numpy(values, nulls=True)
    array.validate(full=True)
    assert array.to_pylist() == [1.0, None, np.inf] * 7
    assert from_numpy(values).null_count == 0
    assert from_numpy(values[::3], nulls=True).buffers()[0] is None


def test_from_numpy_of_every_other_value() -> None:
    assert from_numpy(np.arange(6.0)[::2]).to_pylist() == [0.0, 2.0, 4.0]


@pytest.mark.parametrize("length", [0, 1, 9])
def test_truth_values(length: int) -> None:
    mask = np.arange(length) % 3 == 0
    assert from_numpy(mask).to_pylist() == mask.tolist()
    assert to_mask(from_numpy(mask)).tolist() == mask.tolist()
    assert to_mask(from_numpy(mask).slice(length // 2)).tolist() == mask[length // 2 :].tolist()
    some = from_numpy(mask, missing=np.arange(length) == 1)
    assert some.to_pylist() == [None if place == 1 else place % 3 == 0 for place in range(length)]


@pytest.mark.parametrize("dtype", ["i1", "u2", "i4", "u8", "f4", "f8"])
def test_numbers_of_every_size_share_their_memory(dtype: str) -> None:
    values = np.arange(7, dtype=dtype)
    column = from_numpy(values)
    assert column.type == pa.from_numpy_dtype(values.dtype)
    back = to_numpy(column.slice(2, 3))
    assert back.dtype == values.dtype and back.tolist() == [2, 3, 4]
    assert np.shares_memory(back, values)
