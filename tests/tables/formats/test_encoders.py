"""What is written is read back exactly, and does not depend on how the rows came."""

from __future__ import annotations

import csv
import datetime
import decimal
import io
import json
import math
import re
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoocli.cli.outputs import FORMATS as IN_HELP
from zoocli.errors import DataError, UsageError
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table
from zoocli.tables.formats import FORMATS, WRITTEN, WRITTEN_SUFFIXES, written_format
from zoocli.tables.formats.encoder import FEWEST_ROWS, MOST_ROWS, plain_type, slab_rows
from zoocli.tables.writing.sinks import FileSink

RESOURCES = Resources(2, 10**9)
METADATA = {"signature": "é", "settings": {"on_invalid": None}}


def write(table: pa.Table, path: Path, format: str, rows: int = 10**9) -> Path:
    """Writes a table in batches of so many rows."""
    with FileSink(path, format) as sink:
        sink.open(table.schema)
        for batch in table.to_batches(max_chunksize=rows):
            sink.write(batch)
        sink.commit(METADATA)
    return path


def text_of(table: pa.Table, tmp_path: Path, format: str) -> str:
    return write(table, tmp_path / f"table.{format}", format).read_text(encoding="utf-8")


def bits(values: list[float]) -> list[bytes]:
    return [struct.pack("d", value) for value in values]


DOUBLES = st.lists(st.floats(allow_nan=False), min_size=1, max_size=50)


@settings(max_examples=60, deadline=None)
@given(DOUBLES)
def test_doubles_in_csv_read_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    text = text_of(pa.table({"x": values}), tmp_path_factory.getbasetemp(), "csv")
    assert bits([float(line) for line in text.splitlines()[1:]]) == bits(values)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_doubles_in_json_lines_read_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    text = text_of(pa.table({"x": values}), tmp_path_factory.getbasetemp(), "jsonl")
    read = [float(json.loads(line, parse_int=float)["x"]) for line in text.splitlines()]
    assert bits(read) == bits(values)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | st.text(st.characters(codec="utf-8")), min_size=1, max_size=30))
def test_any_text_reads_back(
    tmp_path_factory: pytest.TempPathFactory, values: list[str | None]
) -> None:
    table = pa.table({"id": pa.array(values, pa.string()), "n": [1] * len(values)})
    folder = tmp_path_factory.getbasetemp()
    lines = text_of(table, folder, "jsonl").split("\n")[:-1]
    assert [json.loads(line)["id"] for line in lines] == values
    content = write(table, folder / "table.csv", "csv").read_bytes().decode()
    rows = list(csv.reader(io.StringIO(content, newline="")))[1:]
    assert rows == [[value or "", "1"] for value in values]


def test_only_cells_that_need_quotes_have_them(tmp_path: Path) -> None:
    plain = ["a", "b c", "x;y", "1_2", "é", "'q'", "007", "a#b"]
    needing = ["", "a,b", 'a"b', "a\nb", "a\rb", " a", "a ", "\u3000a", "#a"]
    for ids in (plain, [*plain, *needing], [*needing, *plain]):
        table = pa.table({"id": ids, "x": [1.5] * len(ids)})
        quoted = ['"' + one.replace('"', '""') + '"' if one in needing else one for one in ids]
        expected = "id,x\n" + "".join(f"{one},1.5\n" for one in quoted)
        for rows in (1, 3, 100):
            path = write(table, tmp_path / "table.csv", "csv", rows)
            assert path.read_bytes().decode() == expected


def test_csv_as_it_looks(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["a", 'b,"c"\nd', None, ""],
            'a "name", that\nbreaks': [1.0, None, math.nan, -math.inf],
            "votes": pa.array([3, None, -1, 2**31 - 1], pa.int32()),
        }
    )
    assert text_of(table, tmp_path, "csv") == (
        'id,"a ""name"", that\nbreaks",votes\na,1,3\n"b,""c""\nd",,\n,nan,-1\n"",-inf,2147483647\n'
    )


def test_json_lines_as_they_look(tmp_path: Path) -> None:
    table = pa.table(
        {
            'i"d': ["a\\\n\t\x00", "é☃\U0001f30c", None],
            "x": [0.1, math.nan, math.inf],
            "n": pa.array([1, None, -1], pa.int32()),
            "b": [True, False, None],
        }
    )
    assert text_of(table, tmp_path, "jsonl") == (
        '{"i\\"d":"a\\\\\\n\\t\\u0000","x":0.1,"n":1,"b":true}\n'
        '{"i\\"d":"\\u00e9\\u2603\\ud83c\\udf0c","x":null,"n":null,"b":false}\n'
        '{"i\\"d":null,"x":null,"n":-1,"b":null}\n'
    )


@pytest.mark.parametrize(
    "array, text",
    [
        (pa.array([b"abc"]), '"abc"'),
        (pa.array([b"\xff\x00"]), '"\\\\xff\\u0000"'),
        (pa.array([decimal.Decimal("12345678901234567890.5")]), '"12345678901234567890.5"'),
        (pa.array([datetime.date(2020, 1, 2)]), '"2020-01-02"'),
        (pa.array([[1.5, None]]), "[1.5, null]"),
        (pa.array([{"a": "x"}]), '{"a": "x"}'),
        (pa.array([7]).dictionary_encode(), "7"),
        (pa.array(["x"]).dictionary_encode(), '"x"'),
        (pa.array([np.float16(1.5)]), "1.5"),
        (pa.array([0.1], pa.float32()), "0.1"),
        (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
        (pa.nulls(1), "null"),
    ],
    ids=lambda part: str(getattr(part, "type", "")),
)
def test_json_of_other_types(tmp_path: Path, array: pa.Array, text: str) -> None:
    assert text_of(pa.table({"v": array}), tmp_path, "jsonl") == f'{{"v":{text}}}\n'


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_type_that_a_format_has_not(tmp_path: Path, format: str) -> None:
    kind = pa.list_(pa.int8()) if format == "csv" else pa.month_day_nano_interval()
    with pytest.raises(DataError, match=f"cannot be written as {format}: .*Leave that column"):
        write(pa.table({"v": pa.nulls(1, kind)}), tmp_path / "t", format)
    assert list(tmp_path.iterdir()) == []


def scores(rows: int) -> pa.Table:
    """Scores with nulls, repeated texts, a dictionary that grows, and a view."""
    random = np.random.default_rng(5)
    losses = random.lognormal(size=rows)
    holes = random.random(rows) < 0.2
    return pa.table(
        {
            "id": pa.array([f"g{number % 977}" for number in range(rows)]),
            "kind": pa.array(np.where(holes, "spiral", "smooth")).dictionary_encode(),
            "view": pa.array([f"a rather long text {n}" for n in range(rows)], pa.string_view()),
            "bar": pa.array(~holes, mask=holes),
            "loss": pa.array(losses, mask=holes),
            "single": pa.array(losses.astype(np.float32)),
            "votes": pa.array(random.integers(0, 200, rows), pa.int32(), mask=holes),
        }
    )


def with_dictionaries(table: pa.Table, rows: int) -> pa.Table:
    """The same rows, where every batch has a dictionary of its own, with more than it needs."""
    batches = []
    for number, batch in enumerate(table.to_batches(max_chunksize=rows)):
        words = pa.array([f"word {number}", "spiral", "smooth"])
        codes = pc.index_in(batch["kind"].dictionary_decode(), words)
        kind = pa.DictionaryArray.from_arrays(codes, words)
        batches.append(batch.set_column(1, batch.schema.field(1), kind))
    return pa.Table.from_batches(batches)


@pytest.mark.parametrize("format", WRITTEN)
def test_the_same_bytes_however_the_rows_come(tmp_path: Path, format: str) -> None:
    table = scores(140_000)
    files = [
        write(table, tmp_path / "whole", format),
        write(table, tmp_path / "large", format, 100_000),
        write(with_dictionaries(table, 97), tmp_path / "small", format, 97),
        write(pa.concat_tables([table[:1], table[1:]]), tmp_path / "uneven", format, 65_536),
    ]
    contents = {file.read_bytes() for file in files}
    assert len(contents) == 1
    if format == "jsonl":
        assert files[0].read_text().count("\n") == 140_000
    else:
        table = open_table(files[0], RESOURCES)
        assert sum(batch.num_rows for batch in table.batches(["loss"])) == 140_000


@pytest.mark.parametrize("format", WRITTEN)
@pytest.mark.parametrize("rows", [1, 2, 9])
def test_the_same_bytes_of_few_rows(tmp_path: Path, format: str, rows: int) -> None:
    whole = write(scores(1000)[:rows], tmp_path / "whole", format)
    single = write(scores(1000)[:rows], tmp_path / "single", format, 1)
    assert whole.read_bytes() == single.read_bytes()


@pytest.mark.parametrize("format", ["parquet", "arrow", "feather"])
def test_binary_formats_read_back_exactly_with_their_metadata(tmp_path: Path, format: str) -> None:
    table = scores(5000)
    opened = open_table(write(table, tmp_path / "t", format, 999), RESOURCES)
    assert opened.metadata == METADATA
    assert opened.schema.types == [plain_type(kind) for kind in table.schema.types]
    read = pa.Table.from_batches(opened.batches(opened.column_names))
    assert read.to_pylist() == table.to_pylist()


def test_floats_that_are_special_stay_so_in_binary(tmp_path: Path) -> None:
    values = [math.nan, -math.nan, math.inf, -0.0, 5e-324]
    for format in ("parquet", "arrow", "feather"):
        opened = open_table(write(pa.table({"x": values}), tmp_path / "t", format), RESOURCES)
        (batch,) = opened.batches(["x"])
        assert bits(batch["x"].to_pylist()) == bits(values)


@pytest.mark.parametrize("format", WRITTEN)
def test_a_table_without_rows(tmp_path: Path, format: str) -> None:
    path = write(scores(0), tmp_path / "t", format)
    if format in ("csv", "jsonl"):
        assert path.read_text() == ("id,kind,view,bar,loss,single,votes\n" * (format == "csv"))
    else:
        opened = open_table(path, RESOURCES)
        assert opened.column_names == scores(0).column_names
        assert list(opened.batches(["loss"])) == []
        assert opened.metadata == (None if format == "ecsv" else METADATA)


def test_parquet_compresses_what_is_worth_it(tmp_path: Path) -> None:
    path = write(scores(140_000), tmp_path / "t", "parquet")
    metadata = pq.read_metadata(path)
    group = metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert metadata.num_row_groups == 2 and group.num_rows == MOST_ROWS
    plain = {
        field.name
        for field in scores(1).schema
        if pa.types.is_floating(field.type) or pa.types.is_int32(field.type)
    }
    assert {"loss", "votes"} <= plain
    for name, column in columns.items():
        assert column.compression == ("UNCOMPRESSED" if name in plain else "ZSTD"), name
    assert "DELTA_BINARY_PACKED" in columns["votes"].encodings
    assert not columns["loss"].has_dictionary_page


def test_arrow_stream_and_file(tmp_path: Path) -> None:
    stream = write(scores(10), tmp_path / "s", "arrow").read_bytes()
    assert pa.ipc.open_stream(stream).read_all().num_rows == 10
    file = write(scores(10), tmp_path / "f", "feather").read_bytes()
    assert pa.ipc.open_file(file).read_all().num_rows == 10
    assert {path.name for path in tmp_path.iterdir()} == {"s", "f"}


def test_formats_by_suffix() -> None:
    for suffix, format in WRITTEN_SUFFIXES.items():
        assert written_format(Path(f"scores{suffix.upper()}"), None) == format
        assert written_format(Path(f"scores{suffix}"), "csv") == "csv"
    assert set(WRITTEN_SUFFIXES.values()) == set(WRITTEN)
    for format in FORMATS:
        written = {end for one in format.written.values() for end in one.suffixes}
        assert written <= set(format.suffixes)


def test_the_help_names_every_format_that_is_written() -> None:
    named = re.sub(r" \([^)]*\)", "", IN_HELP).replace(" or ", ", ")
    assert named.split(", ") == list(WRITTEN)


@pytest.mark.parametrize("name", ["scores", "scores.txt", "csv", "scores.csv.gz"])
def test_a_suffix_that_says_nothing(name: str) -> None:
    with pytest.raises(UsageError, match=rf"format of '{name}' cannot be recognized .*--format"):
        written_format(Path(name), None)
    with pytest.raises(UsageError, match="--format is one of csv, parquet"):
        written_format(Path(name), "xls")


@pytest.mark.parametrize("columns", [1, 10, 100, 1000, 10_000])
def test_slabs_are_a_power_of_two_and_of_bounded_size(columns: int) -> None:
    rows = slab_rows(pa.schema([(str(number), pa.float64()) for number in range(columns)]))
    assert FEWEST_ROWS <= rows <= MOST_ROWS
    assert rows & (rows - 1) == 0
    assert rows == FEWEST_ROWS or rows * columns * 8 <= 2**25
