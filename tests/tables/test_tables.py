"""Parquet, Arrow, DataFrames, directories, standard input: one kind of table."""

from __future__ import annotations

import decimal
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT
from zoocli.errors import DataError, MachineError, UsageError
from zoocli.foundation.columns import to_floats
from zoocli.foundation.resources import Resources
from zoocli.tables import Table, open_table, open_tables
from zoocli.tables.parts.joined import Parts
from zoocli.tables.table import METADATA_KEY

RESOURCES = Resources(2, 10**9)
FLOATS = {"n": pa.float64()}
SMALL = pa.table({"id": ["a", "b", "c"], "n": [1.5, None, 2.5]})


def write_parquet(table: pa.Table, path: Path, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path


def write_arrow(table: pa.Table, path: Path, rows: int = 2) -> Path:
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)
    return path


def write_stream(table: pa.Table, path: Path, rows: int = 2) -> Path:
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)
    return path


WRITERS: dict[str, Callable[[pa.Table, Path], Any]] = {
    "parquet": write_parquet,
    "arrow file": write_arrow,
    "arrow stream": write_stream,
    "in memory": lambda table, path: table,
}


def read(source: Any, columns: list[str] | None = None, **options: Any) -> list[dict[str, Any]]:
    table = open_table(source, RESOURCES)
    names = columns or table.column_names
    return [row for batch in table.batches(names, **options) for row in batch.to_pylist()]


def floats(source: Any) -> list[float]:
    table = open_table(source, RESOURCES)
    batches = table.batches(["n"], FLOATS)
    return [value for batch in batches for value in to_floats(batch["n"], "n", table.name).tolist()]


@pytest.fixture(params=WRITERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[pa.Table], Any]:
    """Puts a table into each of the kinds of storage."""
    return lambda table: WRITERS[request.param](table, tmp_path / "table")


Store = Callable[[pa.Table], Any]


def test_columns_come_in_the_order_asked_for(store: Store) -> None:
    table = open_table(store(SMALL), RESOURCES)
    assert table.column_names == ["id", "n"]
    assert not table.text
    (batch, *_) = table.batches(["n", "id", "n"])
    assert batch.schema.names == ["n", "id"]
    assert read(store(SMALL)) == SMALL.to_pylist()


@pytest.mark.parametrize("rows", [1, 2, 7, 100])
def test_batches_keep_the_order_and_their_size(store: Store, rows: int) -> None:
    source = store(pa.table({"x": range(50)}))
    batches = list(open_table(source, RESOURCES).batches(["x"], batch_rows=rows))
    assert max(batch.num_rows for batch in batches) <= rows
    assert [x for batch in batches for x in batch["x"].to_pylist()] == list(range(50))


def test_tables_without_rows(store: Store) -> None:
    source = store(pa.table({"id": pa.array([], pa.string()), "n": pa.array([], pa.float64())}))
    assert open_table(source, RESOURCES).column_names == ["id", "n"]
    assert read(source) == []


def test_missing_columns(store: Store) -> None:
    table = open_table(store(SMALL), RESOURCES)
    with pytest.raises(DataError, match=r"has no column 'x', 'y'\. Its columns are 'id', 'n'\."):
        list(table.batches(["x", "id", "y"]))


def test_repeated_columns(store: Store) -> None:
    arrays = [pa.array([1]), pa.array([2]), pa.array([3])]
    table = open_table(store(pa.Table.from_arrays(arrays, ["a", "a", "b"])), RESOURCES)
    assert [batch.to_pydict() for batch in table.batches(["b"])] == [{"b": [3]}]
    with pytest.raises(DataError, match="more than one column called 'a'"):
        list(table.batches(["a"]))


@pytest.mark.parametrize(
    "kind, value",
    [
        (pa.float16(), np.float16(1.5)),
        (pa.float32(), 1.5),
        (pa.uint64(), 2**64 - 1),
        (pa.int8(), -3),
        (pa.decimal128(10, 2), decimal.Decimal("1.25")),
        (pa.dictionary(pa.int8(), pa.float64()), 2.5),
        (pa.string(), "1.5"),
        (pa.string(), " +2e3 "),
        (pa.string(), "inf"),
        (pa.large_string(), "-0.25"),
        (pa.string_view(), "1e400"),
        (pa.dictionary(pa.int32(), pa.string()), "7"),
    ],
    ids=str,
)
def test_numbers_of_every_type(store: Store, kind: pa.DataType, value: Any) -> None:
    column = pa.array([value, None, value], kind)
    np.testing.assert_array_equal(
        floats(store(pa.table({"n": column}))), [float(value), np.nan, float(value)]
    )


def test_blank_text_is_null_and_nan_is_not(store: Store) -> None:
    column = pa.array(["", "  ", None, "nan", "NaN"])
    rows = read(store(pa.table({"n": column})), types=FLOATS)
    assert [row["n"] is None for row in rows] == [True, True, True, False, False]


@pytest.mark.parametrize("bad", ["x", "1_000", "0x10", "1,5", "--1", "1 2"])
def test_text_that_is_no_number(store: Store, bad: str) -> None:
    column = pa.array(["1", bad]).dictionary_encode()
    with pytest.raises(DataError) as caught:
        floats(store(pa.table({"n": column})))
    assert f"column 'n' should hold numbers, but 1 of its cells do not: '{bad}'." in str(
        caught.value
    )


NAMES = ["a.b", "a", "a.b.c", "it's", 'q"q', "[x]", "", "*", "é", "two\nlines"]


def test_any_name_of_a_column(store: Store) -> None:
    table = pa.table([[number] for number in range(len(NAMES))], NAMES)
    for number, name in enumerate(NAMES):
        assert read(store(table), [name]) == [{name: number}]
    assert read(store(table), NAMES[::-1]) == [
        {name: number for number, name in reversed(list(enumerate(NAMES)))}
    ]


def test_a_dotted_name_beside_a_structure(tmp_path: Path) -> None:
    path = write_parquet(pa.table({"a": [{"b": 1}], "a.b": [2]}), tmp_path / "t.parquet")
    assert read(path, ["a.b"]) == [{"a.b": 2}]


def test_metadata(store: Store) -> None:
    for written, read_back in [
        (json.dumps({"loss": "dirichlet", "é": [1, None]}), {"loss": "dirichlet", "é": [1, None]}),
        ("no JSON", None),
        ("[1]", None),
    ]:
        table = SMALL.replace_schema_metadata({METADATA_KEY: written, "other": "x"})
        assert open_table(store(table), RESOURCES).metadata == read_back
    assert open_table(store(SMALL), RESOURCES).metadata is None


def test_parquet_metadata_that_came_after_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "late.parquet"
    with pq.ParquetWriter(path, SMALL.schema) as writer:
        writer.write_table(SMALL)
        writer.add_key_value_metadata({METADATA_KEY: '{"late": true}'})
    assert open_table(path, RESOURCES).metadata == {"late": True}


def test_parquet_with_many_row_groups(tmp_path: Path) -> None:
    table = pa.table({"x": range(1000), "d": pa.array(["a", "b"] * 500).dictionary_encode()})
    path = write_parquet(table, tmp_path / "t.parquet", row_group_size=7)
    assert open_table(path, RESOURCES).rows == 1000
    assert read(path, batch_rows=64) == table.to_pylist()


def test_first_bytes_tell_the_format(tmp_path: Path) -> None:
    write_parquet(SMALL, tmp_path / "parquet.csv")
    write_arrow(SMALL, tmp_path / "file.txt")
    write_stream(SMALL, tmp_path / "stream")
    for name in ("parquet.csv", "file.txt", "stream"):
        assert read(tmp_path / name) == SMALL.to_pylist()
        assert read(str(tmp_path / name)) == SMALL.to_pylist()


@pytest.mark.parametrize("suffix", ["parquet", "pq", "arrow", "feather", "ipc"])
def test_text_under_a_binary_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table.{suffix}"
    path.write_text("id,n\n1,2\n")
    with pytest.raises(DataError, match=r"table\.\w+ cannot be read as (Parquet|an Arrow file)"):
        open_table(path, RESOURCES)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"is empty \(0 bytes\)"):
        open_table(path, RESOURCES)


@pytest.mark.parametrize("write", [write_parquet, write_arrow, write_stream])
def test_files_cut_short(tmp_path: Path, write: Callable[[pa.Table, Path], Path]) -> None:
    whole = write(pa.table({"x": np.random.default_rng(0).random(5000)}), tmp_path / "whole")
    content = whole.read_bytes()
    cut = tmp_path / "cut.parquet" if write is write_parquet else tmp_path / "cut.arrow"
    for length in (6, 100, len(content) // 2, len(content) - 9):
        cut.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"cut\.\w+ cannot be read as"):
            read(cut)


def test_parquet_damaged_in_the_middle(tmp_path: Path) -> None:
    path = write_parquet(pa.table({"x": np.random.default_rng(0).random(5000)}), tmp_path / "t")
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(3000) + content[3004:])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read(path)


def test_batches_outlive_the_file(tmp_path: Path) -> None:
    for write in (write_parquet, write_arrow, write_stream):
        path = write(SMALL, tmp_path / "t")
        batches = list(open_table(path, RESOURCES).batches(["id", "n"]))
        path.unlink()
        assert pa.Table.from_batches(batches).to_pylist() == SMALL.to_pylist()


def test_sources_in_memory() -> None:
    expected = SMALL.to_pylist()
    assert read(SMALL) == expected
    assert read(SMALL.to_batches()[0]) == expected
    assert read(SMALL.slice(1)) == expected[1:]
    table = open_table(SMALL, RESOURCES)
    assert open_table(table, RESOURCES) is table
    assert table.rows == 3


def test_dataframes() -> None:
    frame = pd.DataFrame({"id": ["a", None], "n": [1.5, np.nan], 3: [1, 2]}, index=["x", "y"])
    assert read(frame) == [{"id": "a", "n": 1.5, "3": 1}, {"id": None, "n": None, "3": 2}]
    assert read(pd.DataFrame({"n": pd.Categorical(["1", "2"])}), types=FLOATS) == [
        {"n": 1.0},
        {"n": 2.0},
    ]


@pytest.mark.parametrize(
    "frame, said",
    [
        (pd.DataFrame({"mix": [1, "x"]}), "column mix"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Duplicate column names"),
        (pd.Series([1.0], name="a"), "this Series"),
    ],
    ids=["mixed", "duplicate", "series"],
)
def test_dataframes_that_are_no_table(frame: Any, said: str) -> None:
    with pytest.raises(DataError, match=f"the votes: .*{said}"):
        open_table(frame, RESOURCES, "the votes")


@pytest.mark.parametrize("source", [None, 5, {"a": [1]}, b"path"], ids=repr)
def test_what_is_no_table(source: Any) -> None:
    with pytest.raises(UsageError, match=r"the votes is a .*; give a path"):
        open_table(source, RESOURCES, "the votes")


@pytest.mark.parametrize(
    "path, said",
    [
        ("nowhere/x.csv", "There is no file 'nowhere/x.csv'"),
        ("s3://bucket/x.parquet", "is a remote address"),
        ("https://example.org/x.csv", "is a remote address"),
        ("/dev/null", "Nothing came through /dev/null"),
    ],
)
def test_paths_that_lead_nowhere(path: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_table(path, RESOURCES)


def parts_of(*tables: Any) -> Table:
    return open_tables(list(tables), RESOURCES, "the predictions")


def rows_of(table: Table, columns: list[str], types: Any = None) -> list[dict[str, Any]]:
    batches = list(table.batches(columns, types))
    fields = [table.schema.field(name) for name in columns if name not in (types or {})]
    for batch in batches:
        for field in fields:
            assert batch.schema.field(field.name).type == field.type
    return [row for batch in batches for row in batch.to_pylist()]


def test_parts_follow_each_other() -> None:
    table = parts_of(SMALL, SMALL.slice(1))
    assert table.rows == 5
    assert table.metadata is None
    assert rows_of(table, ["id"]) == [{"id": text} for text in "abcbc"]


def test_one_part_is_that_table_and_none_are_an_error() -> None:
    assert not isinstance(parts_of(SMALL), Parts)
    with pytest.raises(UsageError, match="the predictions: no files were given"):
        parts_of()


def test_parts_with_different_columns() -> None:
    table = parts_of(SMALL, pa.table({"n": [9.0], "x": [1], "id": ["z"]}))
    assert table.column_names == ["id", "n"]
    assert rows_of(table, ["id", "n"])[-1] == {"id": "z", "n": 9.0}
    with pytest.raises(DataError, match="has no column 'x'"):
        rows_of(table, ["x"])


def test_parts_in_text_and_in_binary(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("id,n\n007,1\n")
    write_parquet(pa.table({"id": ["008"], "n": ["2"]}), tmp_path / "two.parquet")
    table = parts_of(tmp_path / "one.csv", tmp_path / "two.parquet")
    assert not table.text and table.rows is None
    assert rows_of(table, ["id", "n"], FLOATS) == [{"id": "007", "n": 1.0}, {"id": "008", "n": 2.0}]


@pytest.mark.parametrize(
    "columns, together",
    [
        (([1], ["x"]), ["1", "x"]),
        (([2**60], pa.array([1], pa.int32())), [2**60, 1]),
        (([1], [2.0]), [1.0, 2.0]),
        ((pa.array(["a"]).dictionary_encode(), ["b"]), ["a", "b"]),
        ((pa.array(["a"], pa.large_string()), pa.array(["b"], pa.string_view())), ["a", "b"]),
        ((pa.nulls(1), ["b"]), [None, "b"]),
    ],
    ids=["integer and text", "integers", "integer and float", "dictionary", "texts", "null"],
)
def test_parts_of_different_types_get_one_that_holds_both(columns: Any, together: Any) -> None:
    table = parts_of(*(pa.table({"id": column}) for column in columns))
    assert [row["id"] for row in rows_of(table, ["id"])] == together


def test_parts_that_cannot_be_of_one_type() -> None:
    for second in ([1.0], [[1]]):
        table = parts_of(pa.table({"id": [2**60]}), pa.table({"id": second}))
        with pytest.raises(DataError, match="have different types from those of"):
            rows_of(table, ["id"])


@pytest.mark.parametrize("texts", [["x"], pa.array(["x"]).dictionary_encode()], ids=str)
@pytest.mark.parametrize("floats", [[1.0], pa.array([1.0], pa.float32())], ids=str)
def test_parts_with_floats_and_text_are_refused(tmp_path: Path, texts: Any, floats: Any) -> None:
    ways = {"floats": floats, "texts": texts, "integers": [2**60]}
    files = {
        name: write_parquet(pa.table({"id": column, "n": [1]}), tmp_path / f"{name}.parquet")
        for name, column in ways.items()
    }
    for order in (("floats", "texts"), ("integers", "texts", "floats")):
        table = parts_of(*(files[name] for name in order))
        with pytest.raises(DataError, match=r"'id' holds floats in .*floats\.parquet, ") as caught:
            rows_of(table, ["id"])
        other = next(name for name in order if name != "floats")
        assert f"in {files[other]}." in str(caught.value)
        assert rows_of(table, ["n"]) == [{"n": 1}] * len(order)


def test_a_part_whose_floats_are_all_null_goes_with_text() -> None:
    table = parts_of(pa.table({"x": ["a"]}), pa.table({"x": pa.nulls(1, pa.float64())}))
    assert rows_of(table, ["x"]) == [{"x": "a"}, {"x": None}]


def test_a_directory_of_parts(tmp_path: Path) -> None:
    folder = tmp_path / "scores.parquet"
    for number, name in enumerate(
        ["a/2.parquet", "b.pq", ".hidden.parquet", "_temporary/0/c.parquet", ".x/d.parquet"]
    ):
        write_parquet(pa.table({"x": [number]}), folder / name)
    (folder / "_SUCCESS").touch()
    (folder / "notes.txt").write_text("x\n")
    (folder / "empty.parquet").mkdir()
    table = open_table(folder, RESOURCES)
    assert rows_of(table, ["x"]) == [{"x": 0}, {"x": 1}]
    assert table.name == str(folder) and table.rows == 2


def test_a_directory_without_parts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a directory without tables in it"):
        open_table(tmp_path, RESOURCES)


READ_STDIN = """
import glob, sys, tempfile
from zoocli.tables import open_table
table = open_table("-")
print(table.name, len(glob.glob(tempfile.gettempdir() + "/zoocli-spool-*")))
for _ in range(2):
    print([batch.to_pylist() for batch in table.batches(table.column_names)])
"""


def run_stdin(code: str, content: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", code],
        input=content,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        capture_output=True,
        timeout=60,
    )


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow file", "arrow stream"])
def test_standard_input_is_read_twice_and_leaves_nothing(tmp_path: Path, kind: str) -> None:
    source, spool = tmp_path / "source", tmp_path / "spool"
    spool.mkdir()
    table = pa.table({"id": ["a"], "n": ["2"]})
    if kind == "csv":
        source.write_text("id,n\na,2\n")
    else:
        WRITERS[kind](table, source)
    done = run_stdin(READ_STDIN, source.read_bytes(), spool)
    rows = f"[{table.to_pylist()}]"
    assert done.stdout.decode().splitlines() == ["standard input 1", rows, rows]
    assert done.stderr == b""
    assert list(spool.iterdir()) == []


def test_nothing_on_standard_input(tmp_path: Path) -> None:
    done = run_stdin("from zoocli.tables import open_table; open_table('-')", b"", tmp_path)
    assert b"DataError: Nothing came through standard input: it is empty." in done.stderr
    closed = "import sys; sys.stdin = None; from zoocli.tables import open_table; open_table('-')"
    assert b"DataError: Standard input is closed." in run_stdin(closed, b"", tmp_path).stderr


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
@pytest.mark.parametrize("kind", ["parquet", "arrow file", "arrow stream"])
def test_binary_formats_are_decompressed_into_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, codec: str
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spool))
    source = tmp_path / "source"
    WRITERS[kind](pa.table({"n": range(1000)}), source)
    whole = pa.compress(source.read_bytes(), codec, asbytes=True)
    source.write_bytes(whole)
    table = open_table(source, RESOURCES)
    assert table.name == str(source) and table.rows in (1000, None)
    assert rows_of(table, ["n"]) == [{"n": number} for number in range(1000)]
    assert len(list(spool.iterdir())) == 1
    del table
    source.write_bytes(whole[:-5])
    with pytest.raises(DataError, match=rf"source cannot be decompressed \({codec}\)"):
        open_table(source, RESOURCES)
    assert list(spool.iterdir()) == []


def test_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "Pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=["id,n\na,2\n"])
    writer.start()
    table = open_table(pipe, RESOURCES)
    writer.join()
    assert table.name == str(pipe)
    assert rows_of(table, ["id", "n"]) == [{"id": "a", "n": "2"}]
    assert rows_of(table, ["n"]) == [{"n": "2"}]


def test_no_room_for_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(MachineError, match=r"/dev/zero cannot be copied to the temporary .*TMPDIR"):
        open_table("/dev/zero", RESOURCES)
