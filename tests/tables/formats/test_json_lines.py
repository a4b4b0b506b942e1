"""JSON lines: every digit stays, every key of every line is a column, damage is told."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.command import done_well, run, small_predictions, small_votes, write, write_tree
from tests.conftest import ROOT
from zoocli.errors import DataError
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table
from zoocli.tables.writing.sinks import FileSink

RESOURCES = Resources(2, 10**9)


def read(path: Path, types: dict[str, pa.DataType] | None = None) -> dict[str, list[Any]]:
    table = open_table(path, RESOURCES)
    batches = list(table.batches(table.column_names, types))
    return {
        name: [cell for batch in batches for cell in batch[name].to_pylist()]
        for name in table.column_names
    }


def lines(path: Path, *rows: object) -> Path:
    path.write_text(
        "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)
    )
    return path


def test_values_stay_as_they_are_written(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "t.jsonl",
        '{"id": 12345678901234567890123, "x": 0.30000000000000004, "s": "a\\u00e9\\"\\n"}',
        '{"id": -9007199254740993, "x": 1e300, "s": "007", "l": [1.5, 2]}',
        '{"id": "1.10", "x": NaN, "s": "", "l": null}',
    )
    assert read(path) == {
        "id": ["12345678901234567890123", "-9007199254740993", "1.10"],
        "x": ["0.30000000000000004", "1e300", "NaN"],
        "s": ['aé"\n', "007", ""],
        "l": [None, "[1.5,2]", None],
    }


def test_every_key_of_every_line_is_a_column(tmp_path: Path) -> None:
    """Writers that leave out nulls give lines with different keys; names differ by case, too."""
    rows = {"z": 1, "a": 2}, "", {"a": 3, "B": 4}, {"b": 5, "i~1t's/": 6}
    path = lines(tmp_path / "t.jsonl", *rows)
    assert read(path) == {
        "z": ["1", None, None],
        "a": ["2", "3", None],
        "B": [None, "4", None],
        "b": [None, None, "5"],
        "i~1t's/": [None, None, "6"],
    }
    assert open_table(path, RESOURCES).rows == 3


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
        st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
        min_size=1,
        max_size=5,
    )
)
def test_any_names_and_texts(
    tmp_path_factory: pytest.TempPathFactory, row: dict[str, str | None]
) -> None:
    path = lines(tmp_path_factory.getbasetemp() / "any.jsonl", row)
    assert read(path) == {name: [value] for name, value in row.items()}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_floats_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    path = lines(tmp_path_factory.getbasetemp() / "floats.jsonl", *({"x": one} for one in values))
    got = read(path, {"x": pa.float64()})["x"]
    assert [one.hex() for one in got] == [one.hex() for one in values]


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [2**63 - 1, -(2**53) - 1],
            "loss": [0.1, None],
            "votes": pa.array([None, 7], pa.int32()),
            "t": ["", "é\n"],
        }
    )
    with FileSink(tmp_path / "t.jsonl") as sink:
        sink.open(table.schema)
        sink.write(table.to_batches()[0])
        sink.commit({})
    got = read(tmp_path / "t.jsonl", {"loss": pa.float64(), "votes": pa.float64()})
    assert got == table.set_column(0, "id", table["id"].cast(pa.string())).to_pydict()


@pytest.mark.parametrize("name", ["t.jsonl.gz", "t.ndjson.gz", "t.jsonl.zst"])
def test_compressed(tmp_path: Path, name: str) -> None:
    lines = b'{"a": 1}\n' * 1000
    gzipped = name.endswith("gz")
    content = gzip.compress(lines) if gzipped else pa.compress(lines, "zstd", asbytes=True)
    path = tmp_path / name
    path.write_bytes(content)
    assert read(path) == {"a": ["1"] * 1000}
    path.write_bytes(content[:-9])
    with pytest.raises(DataError, match="cannot be decompressed"):
        open_table(path, RESOURCES)


@pytest.mark.parametrize(
    "content, what",
    [
        (b'{"a": 1}\n{"a": 2\n{"a": 3}\n', "near line"),
        (b'{"a": 1} {"a": 2}\n', "unexpected content"),
        (b'{"a": "\xff"}\n', "UTF-8"),
        (b'{"a": 1}\n[2]\n"b"\n', "2 lines that are not objects"),
        (b'{"a": 1, "a": 2}\n', "1 objects with a repeated key"),
        (b"\n\n", "no objects in it"),
        (b"no JSON\n", "cannot be read as JSON lines"),
        (b'{"a": 1}\n{"a":', "cannot be read as JSON lines"),
    ],
)
def test_damage(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=what) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_name_with_wildcards_is_one_file(tmp_path: Path) -> None:
    lines(tmp_path / "a1.jsonl", {"x": 1})
    assert read(lines(tmp_path / "a[1]*?.jsonl", {"x": 2})) == {"x": ["2"]}


def test_text_where_numbers_are_wanted(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.jsonl", {"x": "1.5"}, {"x": "oops"}, {"x": True})
    with pytest.raises(DataError, match=r"column 'x' should hold numbers, .*'oops', 'true'"):
        read(path, {"x": pa.float64()})


def rows_of(columns: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize("through", ["file", "stdin"])
def test_scores_from_json_lines_and_their_summary(tmp_path: Path, through: str) -> None:
    ids = [2**63 - 1, -(2**53) - 1, 7]
    lines(tmp_path / "p.jsonl", *rows_of(small_predictions(ids)))
    votes = write(tmp_path / "v.parquet", small_votes(ids))
    tree = write_tree(tmp_path)
    same = write(tmp_path / "p.parquet", small_predictions(ids))
    command = ("score", tmp_path / "p.jsonl", votes, "-s", tree, "-f", "jsonl")
    if through == "stdin":
        content = (tmp_path / "p.jsonl").read_bytes()
        got = done_well(command[0], "-", *command[2:], stdin=content).binary
        summary = done_well("summarize", "-", "--format", "json", stdin=got).out
    else:
        got = done_well(*command).binary
        (tmp_path / "s.jsonl").write_bytes(got)
        summary = done_well("summarize", tmp_path / "s.jsonl", "--format", "json").out
    expected = done_well(*command[:1], same, *command[2:]).out
    rows = [json.loads(line) for line in got.decode().splitlines()]
    assert [int(row["id"]) for row in rows] == ids
    assert [row | {"id": int(row["id"])} for row in rows] == [
        json.loads(line) for line in expected.splitlines()
    ]
    assert json.loads(summary)["overall"]["sum"] == pytest.approx(sum(row["loss"] for row in rows))


def test_a_json_summary_is_still_one(tmp_path: Path) -> None:
    predictions = write(tmp_path / "p.parquet", small_predictions())
    votes = write(tmp_path / "v.parquet", small_votes())
    path = tmp_path / "summary"
    done_well("score", predictions, votes, "-s", write_tree(tmp_path), "--summary", path)
    compact = json.dumps(json.loads(path.read_text()), sort_keys=True)
    for content in (path.read_bytes(), compact.encode()):
        done = done_well("summarize", "-", "--format", "json", stdin=content)
        assert json.loads(done.out)["overall"]["galaxies_all"] == 3
    assert run("summarize", "-", stdin=b'{"id": 1}').code == 3


MEASURE = """
import resource, sys
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table

def read(path):
    table = open_table(path, Resources(1, 10**9))
    assert sum(batch.num_rows for batch in table.batches(table.column_names)) == table.rows
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before = read(sys.argv[1])
print(read(sys.argv[2]) - before)
"""


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """80 MB after 10, and nothing is said on the way."""
    row = json.dumps({"id": 1, **{f"x_{number}": 1.5 for number in range(20)}}).encode() + b"\n"
    paths = [tmp_path / "small.jsonl", tmp_path / "large.jsonl"]
    for path, megabytes in zip(paths, (10, 80), strict=True):
        path.write_bytes(row * (megabytes * 10**6 // len(row)))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, paths)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 30  # MB
