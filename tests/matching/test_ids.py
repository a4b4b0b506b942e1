"""Ids become the text by which they are compared, exactly or not at all."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoocli.errors import DataError
from zoocli.matching.id_columns import find_id_columns
from zoocli.matching.ids import IdColumn, rewritten_note
from zoocli.tables import Table, open_table

NINETEEN = 1237648720693755918
STRAIGHT: list[tuple[pa.DataType, list[Any], list[str]]] = [
    (pa.int64(), [NINETEEN, -7, 0], [str(NINETEEN), "-7", "0"]),
    (pa.int8(), [-128], ["-128"]),
    (pa.uint64(), [2**64 - 1], [str(2**64 - 1)]),
    (
        pa.string(),
        [str(NINETEEN), "007", " x ", "J1.0"],
        [str(NINETEEN), "007", " x ", "J1.0"],
    ),
    (pa.large_string(), ["é", "a/b.jpg"], ["é", "a/b.jpg"]),
    (
        pa.string_view(),
        ["é", "a longer text than twelve bytes"],
        ["é", "a longer text than twelve bytes"],
    ),
    (pa.binary(), [b"abc", "é".encode()], ["abc", "é"]),
    (pa.binary(3), [b"abc", b"012"], ["abc", "012"]),
    (pa.decimal128(38, 0), [decimal.Decimal(10**30), decimal.Decimal(-3)], [str(10**30), "-3"]),
    (pa.decimal256(60, 0), [decimal.Decimal(10**50)], [str(10**50)]),
    (pa.dictionary(pa.int8(), pa.string()), ["b", "a", "b"], ["b", "a", "b"]),
    (pa.dictionary(pa.int32(), pa.int64()), [NINETEEN, 5], [str(NINETEEN), "5"]),
]


def column_of(array: pa.Array, name: str = "id") -> IdColumn:
    return IdColumn(open_table(pa.table({name: array}), name="votes.parquet"), name)


def round_trip(array: pa.Array) -> tuple[list[str], pa.Array, IdColumn]:
    """The text of the ids, and what the scores table would hold."""
    column = column_of(array)
    text = column.text(array)
    assert text.type == pa.string()
    output = column.output(text, array)
    assert output.type == column.output_type
    return text.to_pylist(), output, column


@pytest.mark.parametrize("kind, ids, text", STRAIGHT, ids=lambda part: str(part)[:30])
def test_ids_are_taken_exactly(kind: pa.DataType, ids: list[Any], text: list[str]) -> None:
    found, output, column = round_trip(pa.array(ids, kind))
    assert found == text
    assert not column.rewritten
    assert [v.decode() if isinstance(v, bytes) else v for v in output.to_pylist()] == [
        v.decode() if isinstance(v, bytes) else v for v in ids
    ]


@pytest.mark.parametrize(
    "kind, of_output",
    [
        (pa.int32(), pa.int32()),
        (pa.large_string(), pa.large_string()),
        (pa.float64(), pa.int64()),
        (pa.dictionary(pa.int8(), pa.string()), pa.string()),
        (pa.dictionary(pa.int8(), pa.float64()), pa.int64()),
        (pa.dictionary(pa.int8(), pa.int64()), pa.int64()),
        (pa.binary(8), pa.string()),
    ],
    ids=str,
)
def test_the_type_of_the_ids_in_the_scores(kind: pa.DataType, of_output: pa.DataType) -> None:
    assert column_of(pa.array([], kind)).output_type == of_output


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_an_integer_column_equals_the_same_ids_as_text(ids: list[int]) -> None:
    of_integers = round_trip(pa.array(ids, pa.int64()))[0]
    assert of_integers == round_trip(pa.array([str(i) for i in ids], pa.string()))[0]


@pytest.mark.parametrize(
    "kind, ids",
    [
        (pa.float64(), [311581.0, -5.0, 0.0, 2.0**53 - 1]),
        (pa.float32(), [311581.0, -5.0, 2.0**24 - 1]),
        (pa.float16(), [np.float16(2047), np.float16(-5)]),
        (pa.dictionary(pa.int8(), pa.float64()), [311581.0, 4.0, 311581.0]),
    ],
    ids=str,
)
def test_floats_lose_their_zero_and_say_so(kind: pa.DataType, ids: list[float]) -> None:
    text, output, column = round_trip(pa.array(ids, kind))
    assert text == [str(int(i)) for i in ids]
    assert output.to_pylist() == [int(i) for i in ids]
    assert column.rewritten


@pytest.mark.parametrize(
    "kind, bad",
    [
        (pa.float64(), 2.0**53),
        (pa.float64(), -(2.0**53)),
        (pa.float64(), 0.5),
        (pa.float64(), float("nan")),
        (pa.float64(), float("inf")),
        (pa.float32(), 2.0**24),  # 16777217 would be written so, too
        (pa.float16(), np.float16(2048)),
    ],
    ids=str,
)
def test_floats_that_lost_digits_are_refused(kind: pa.DataType, bad: float) -> None:
    array = pa.array([*[kind.to_pandas_dtype()(1)] * 3, *[bad] * 7], kind)
    with pytest.raises(DataError, match=r"'id' holds \d\d-bit floats, and 7 of them.*2 more\. "):
        column_of(array).text(array)


FLOAT_TEXTS = ["311581.0", "-5.00", "0.0"]


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ],
    ids=str,
)
def test_text_that_looks_like_floats_loses_its_zero(kind: pa.DataType) -> None:
    text, output, column = round_trip(
        pa.array(FLOAT_TEXTS).cast(pa.binary()).cast(kind)
        if kind == pa.binary()
        else pa.array(FLOAT_TEXTS, kind)
    )
    assert text == ["311581", "-5", "0"]
    assert output.cast(pa.string()).to_pylist() == text
    assert column.rewritten


def test_bytes_of_one_width_lose_their_zero_too() -> None:
    text, output, _ = round_trip(pa.array([b"311581.0", b"311582.0"], pa.binary(8)))
    assert text == output.to_pylist() == ["311581", "311582"]


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_the_size_of_the_batches_does_not_matter(rows: int) -> None:
    """The first id decides."""
    for ids, rewritten in ((FLOAT_TEXTS, True), (["a", *FLOAT_TEXTS], False)):
        column = column_of(pa.array(ids))
        found: list[str] = []
        for start in range(0, len(ids), rows):
            found += column.text(pa.array(ids[start : start + rows])).to_pylist()
        assert column.rewritten is rewritten
        assert found == ([t.split(".")[0] for t in ids] if rewritten else ids)
    mixed = [*FLOAT_TEXTS, "311582.5", "x"]
    column = column_of(pa.array(mixed))
    with pytest.raises(DataError, match=r"begins with a float such as .*, but also holds '311582"):
        for start in range(0, len(mixed), rows):
            column.text(pa.array(mixed[start : start + rows]))


def test_an_empty_batch_decides_nothing() -> None:
    column = column_of(pa.array(["1.0"]))
    assert column.text(pa.array([], pa.string())).to_pylist() == []
    assert column.text(pa.array(["1.0"])).to_pylist() == ["1"]


def test_text_of_floats_that_lost_digits_is_refused() -> None:
    array = pa.array(["1.0", "9007199254740993.0"])
    with pytest.raises(DataError, match=r"1 of them are not whole numbers below 2\^53"):
        column_of(array).text(array)


@pytest.mark.parametrize("written", ["1.2376487201425326e+18", "-1.5E17", "1e+18", "12e-5"])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()], ids=str)
def test_text_of_floats_with_an_exponent_is_refused(kind: pa.DataType, written: str) -> None:
    """Wherever it stands; what is not the column's, before and after a slice, is not looked at."""
    array = pa.array([written, "a", "b", written, written]).cast(pa.binary()).cast(kind)
    column = column_of(array)
    assert column.text(array[1:3]).to_pylist() == ["a", "b"]
    with pytest.raises(DataError) as caught:
        column.text(array[1:])
    assert f"holds floats that have lost digits: '{written}', '{written}'." in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["1", "1.", "1.5", ".0", "1e5", "+1.0", "1.0 ", "00", "12e45", "a1.5e+18", "1.5e+18.png"],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert round_trip(pa.array([text, "x"]))[0] == [text, "x"]


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["a", None, "b", None]),
        pa.array(["a", "", "b", ""]),
        pa.array(["a", "", "b", None], pa.string_view()),
        pa.array([b"a", b"", b"b", None]),
        pa.array([1, None, 2, None]),
        pa.array([1.0, None, 2.0, None]),
        pa.array(["a", None, "b", None]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, 1]), pa.array(["a", None])),
    ],
    ids=lambda array: str(array.type),
)
def test_a_missing_id_is_an_error_with_its_row(array: pa.Array) -> None:
    column = column_of(array)
    column.text(array[:1])
    column.text(array[2:3])
    with pytest.raises(DataError) as caught:
        column.text(array)
    assert str(caught.value) == (
        "votes.parquet: the id column 'id' has no id in 2 of its rows, the first in row 4. Every "
        "galaxy needs an id; add them or drop these rows."
    )


@pytest.mark.parametrize(
    "array",
    [
        pa.array([datetime.date(2020, 1, 1)]),
        pa.array([datetime.datetime(2020, 1, 1)]),
        pa.array([True]),
        pa.array([[1]]),
        pa.array([{"a": 1}]),
        pa.array([decimal.Decimal("1.5")]),
        pa.nulls(1),
    ],
    ids=lambda array: str(array.type),
)
def test_types_that_no_id_has(array: pa.Array) -> None:
    with pytest.raises(DataError, match=r"the id column 'id' is of type .*Ids are text or whole"):
        column_of(array)


def test_bytes_that_are_not_text() -> None:
    array = pa.array([b"\xff"])
    with pytest.raises(DataError, match="holds bytes that are not text"):
        column_of(array).text(array)


def tables(predictions: list[str], votes: list[str]) -> tuple[Table, Table]:
    return (
        open_table(pa.table({key: [1] for key in predictions}), name="preds"),
        open_table(pa.table({key: [1] for key in votes}), name="votes"),
    )


def test_the_first_usual_name_that_both_have() -> None:
    both = tables(["id", "objid", "id_str", "iauname"], ["objid", "id", "iauname", "x"])
    assert find_id_columns(*both, None, None) == ("iauname", "iauname")
    assert find_id_columns(*both, "id_str", None) == ("id_str", "iauname")
    assert find_id_columns(*both, "objid", "x") == ("objid", "x")


def test_without_a_shared_name_the_one_usual_name_of_each() -> None:
    both = tables(["x", "id_str"], ["dr7objid", "b"])
    assert find_id_columns(*both, None, None) == ("id_str", "dr7objid")
    assert find_id_columns(*both, None, "b") == ("id_str", "b")
    assert find_id_columns(*both, "x", None) == ("x", "dr7objid")
    alike = tables(["x", "id_str"], ["id_str", "x"])
    assert find_id_columns(*alike, None, "x") == ("x", "x")
    assert find_id_columns(*tables(["ID"], ["b", "Id"]), None, None) == ("ID", "Id")
    several = tables(["id_str"], ["iauname", "objid"])
    with pytest.raises(DataError, match=r"votes has several .* 'iauname', 'objid'.*votes_id="):
        find_id_columns(*several, None, None)


def test_no_usual_name() -> None:
    both = tables(["id_str", "a"], ["name", "b"])
    with pytest.raises(DataError, match=r"No id column was found: votes has .* 'name', 'b'"):
        find_id_columns(*both, None, None)
    with pytest.raises(DataError, match="votes has no column 'nope'"):
        find_id_columns(*both, "id_str", "nope")


def test_the_note_names_the_columns_that_were_rewritten() -> None:
    floats, whole = column_of(pa.array([1.0])), column_of(pa.array([1]))
    assert rewritten_note([floats, whole]) is None
    floats.text(pa.array([1.0]))
    note = rewritten_note([floats, whole])
    assert note is not None and note.startswith("The ids in 'id' of votes.parquet are written as")
