"""Parts of a table: one after the other they are the table, whatever it is stored in."""

from __future__ import annotations

import os
from itertools import chain, pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.command import write
from zoocli.errors import UsageError
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table, open_tables
from zoocli.tables.parts.slices import Shard, Slice, cuts

ROWS = 25
COLUMNS = {"id": [f"g{row}" for row in range(ROWS)], "x": [float(row) for row in range(ROWS)]}
KINDS = ("memory", "parquet", "csv", "csv.gz", "arrow", "directory", "hive", "files", "mixed")


def opened(kind, folder):
    whole = pa.table(COLUMNS)
    if kind == "memory":
        return open_table(whole)
    if kind in ("csv", "csv.gz", "arrow"):
        return open_table(write(folder / f"table.{kind}", whole))
    if kind == "parquet":
        pq.write_table(whole, folder / "table.parquet", row_group_size=4)
        return open_table(folder / "table.parquet")
    places = ((0, 7), (7, 0), (7, 11), (18, 7))
    endings = ("parquet", "csv", "parquet", "csv") if kind == "mixed" else ("parquet",) * 4
    files = [
        write(folder / f"part-{number}.{ending}", whole.slice(*place))
        for number, (place, ending) in enumerate(zip(places, endings, strict=True))
    ]
    if kind == "hive":
        for file in files:
            survey = folder / f"tree/survey={file.stem}"
            survey.mkdir(parents=True)
            file.rename(survey / file.name)
        return open_table(folder / "tree")
    if kind == "directory":
        return open_table(folder)
    return open_tables([str(file) for file in files], Resources.available(), "the table")


def rows_of(table, **options):
    types = {"x": pa.float64()}
    batches = table.batches(["x", "id"], types, **options)
    return [row for batch in batches for row in zip(*batch.to_pydict().values(), strict=True)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 3, 16, 40])
def test_all_shards_are_the_table(kind, count, tmp_path):
    table = opened(kind, tmp_path)
    parts = [Shard(number, count).part_of(table) for number in range(1, count + 1)]
    read = [rows_of(part, batch_rows=3) for part in parts]
    assert [len(rows) for rows in read] == [part.rows for part in parts]
    assert list(chain.from_iterable(read)) == list(zip(COLUMNS["x"], COLUMNS["id"], strict=True))
    assert max(map(len, read)) - min(map(len, read)) <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 30))
def test_cuts_are_the_table_and_lie_at_row_groups_where_they_can(parts, group, rows):
    places = cuts(_Grouped(rows, group), parts)
    assert len(places) == parts
    assert places[0][0] == 0 and places[-1][1] == rows
    assert all(here[1] == there[0] for here, there in pairwise(places))
    assert all(start <= stop for start, stop in places)


def test_cuts_at_row_groups():
    assert cuts(_Grouped(100, 24), 4) == [(0, 24), (24, 48), (48, 72), (72, 100)]
    assert cuts(_Grouped(100, 100), 4) == [(0, 25), (25, 50), (50, 75), (75, 100)]


class _Grouped:
    def __init__(self, rows, group):
        self.rows, self.group = rows, group

    def count_rows(self):
        return self.rows

    def breaks(self):
        return [
            min(row, self.rows) for row in range(self.group, self.rows + self.group, self.group)
        ]


def test_row_groups_outside_are_not_read(tmp_path):
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"x": range(100)}), path, row_group_size=10, use_dictionary=False)
    table = open_table(path)
    first = pq.ParquetFile(path).metadata.row_group(0).column(0)
    content = bytearray(path.read_bytes())
    start = first.data_page_offset
    content[start : start + first.total_compressed_size] = bytes(first.total_compressed_size)
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # or the change would be noticed
    assert [x for batch in table.between(35, 52, ["x"]) for x in batch["x"].to_pylist()] == list(
        range(35, 52)
    )


def test_rows_of_a_text_file_are_counted_once(tmp_path):
    table = opened("csv", tmp_path)
    assert table.rows is None
    assert Slice(table, 3, 5).rows == 2
    assert table.count_rows() == table.rows == ROWS


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/", "a/b", "1 / 4"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(UsageError, match="3/16"):
        Shard.parse(text)


def test_a_slice_of_a_slice_and_where_it_can_be_cut(tmp_path):
    pq.write_table(pa.table({"n": range(10)}), tmp_path / "t.parquet", row_group_size=3)
    part = Slice(open_table(tmp_path / "t.parquet"), 1, 9)
    assert part.breaks() == [2, 5, 8]
    assert cuts(part, 2) == [(0, 5), (5, 8)]
    inner = Slice(part, 2, 6)
    assert inner.rows == inner.count_rows() == 4 and inner.breaks() == [3]
    assert [n for batch in inner.batches(["n"]) for n in batch["n"].to_pylist()] == [3, 4, 5, 6]
    outside = list(part.between(6, 99, ["n"]))
    assert [n for batch in outside for n in batch["n"].to_pylist()] == [7, 8]
