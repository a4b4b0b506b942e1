"""CSV and its kin, from the files that people have."""

from __future__ import annotations

import csv
import gzip
import io
import math
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoocli.errors import DataError, MachineError
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table, open_tables

RESOURCES = Resources(2, 10**9)
NUMBER = {"n": pa.float64()}
ROWS = [("1", 2.0), ("3", 4.0)]


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path, columns: list[str] | None = None, **options: Any) -> list[tuple[Any, ...]]:
    table = open_table(path, options.pop("resources", RESOURCES))
    batches = table.batches(columns or table.column_names, **{"types": NUMBER} | options)
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize(
    "content",
    [
        "id,n\n1,2\n3,4\n",
        "id,n\n1,2\n3,4",  # no newline at the end
        "id,n\r\n1,2\r\n3,4\r\n",
        "id,n\r\n1,2\r\n3,4",
        "\ufeffid,n\n1,2\n3,4\n",
        '\ufeff"id","n"\r\n"1","2"\r\n"3",4\r\n',
        "id;n\n1;2\n3;4\n",
        "id\tn\n1\t2\n3\t4\n",
        "id|n\n1|2.0\n3|4e0\n",
        "id,n\n1,2\n\n3,4\n\n\n",  # blank lines among several columns are no rows
        "id,n\r\n1,2\r\n\r\n3,4\r\n\r\n",
        "id,n\n1, 2\n3,4 \n",
    ],
    ids=repr,
)
def test_the_same_table_in_many_guises(tmp_path: Path, content: str) -> None:
    assert read(write(tmp_path, content)) == ROWS
    assert read(write(tmp_path, gzip.compress(content.encode()), "table.csv.gz")) == ROWS


def test_the_first_bytes_tell_and_not_the_name(tmp_path: Path) -> None:
    assert read(write(tmp_path, gzip.compress(b"id,n\n1,2\n3,4\n"), "table.csv")) == ROWS
    assert read(write(tmp_path, "id,n\n1,2\n3,4\n", "table.csv.gz")) == ROWS
    assert read(write(tmp_path, "id,n\n1,2\n3,4\n", "no ending")) == ROWS


def test_gzip_in_several_pieces(tmp_path: Path) -> None:
    pieces = gzip.compress(b"id,n\n1,2\n") + gzip.compress(b"3,4\n")
    assert read(write(tmp_path, pieces)) == ROWS


@pytest.mark.parametrize("content", ["id,n\n", "id,n", "\ufeffid,n\r\n"], ids=repr)
def test_a_header_alone_is_a_table_without_rows(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    assert open_table(path, RESOURCES).column_names == ["id", "n"]
    assert read(path) == []


def test_nothing_is_guessed_about_types(tmp_path: Path) -> None:
    ids = ["1237648720693755918", "-99999999999999999999", "007", "1.0", "1e5", "2020-01-01", "NaN"]
    path = write(tmp_path, "id,n\n" + "".join(f"{text},1\n" for text in ids))
    assert [row[0] for row in read(path)] == ids
    assert open_table(path, RESOURCES).text


def test_blank_cells_are_null(tmp_path: Path) -> None:
    path = write(tmp_path, 'id,m,n\n,,\n"","",""\na,b,0\n')
    assert read(path) == [(None, None, None)] * 2 + [("a", "b", 0.0)]


def test_quoted_cells(tmp_path: Path) -> None:
    path = write(tmp_path, 'id,n\n"a,b",1\n"say ""x""",2\n"two\nlines",3\n"a\r\nb","4"\n5" x,5\n')
    assert [row[0] for row in read(path)] == ["a,b", 'say "x"', "two\nlines", "a\r\nb", '5" x']


NAMED = {
    "nan": math.nan,
    "NaN": math.nan,
    "-nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "Infinity": math.inf,
    "+1": 1.0,
    ".5": 0.5,
    "5.": 5.0,
    "1e3": 1000.0,
    "1e400": math.inf,
    "5e-324": 5e-324,
    "0.1": 0.1,
}


@pytest.mark.parametrize("text", NAMED)
def test_what_counts_as_a_number(tmp_path: Path, text: str) -> None:
    for content in (f"id,n\na,{text}\n", f'id,n\na,"{text}"\n'):
        ((_, value),) = read(write(tmp_path, content))
        assert value == pytest.approx(NAMED[text], rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize("text", ["x", "1;5", "0x1F", "--1", "1 2", "true"])
def test_text_in_a_column_of_numbers(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, f"id,n\na,1\nb,{text}\nc,\nd,{text}\n")
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: column 'n' should hold numbers, but 2 of its cells do not: '{text}', '{text}'. "
        "Correct them, leave cells without a value blank, or name a word with null_value=."
    )


def test_text_deep_in_a_column_of_numbers_is_counted_over_the_whole_file(tmp_path: Path) -> None:
    lines = [f"{row},{row}" for row in range(120_000)]
    for row in range(110_000, 110_007):
        lines[row] = f"{row},bad{row}"
    path = write(tmp_path, "id,n\n" + "\n".join(lines))
    with pytest.raises(DataError, match=r"but 7 of its cells do not: 'bad110000', .*'bad110004'\."):
        read(path)
    assert len(read(path, ["id"])) == 120_000


@pytest.mark.parametrize(
    "content, said",
    [
        ("id,n\n1,2\n3\n", "at line 3: Expected Number of Columns: 2 Found: 1"),
        ("id,n\n1,2\n3,4,5\n", "at line 3: Expected Number of Columns: 2 Found: 3"),
        (b"id,n\n1,2\n\xe9,4\n", "at line 3: Invalid unicode"),
        ('id,n\n1,2\n"3,4\n5,6\n', "at line 3: Value with unterminated quote"),
        ('id,n\n1,2\n"3"x,4\n', "at line 3: Value with unterminated quote"),
        ("id,n\r\n1,2\n3,4\r\n", r"some lines end in \r\n and others in \n"),
        ("id,n\n1,2\r\n3,4\n", r"some lines end in \r\n and others in \n"),
        ("id,n\n1\r,2\n", r"a carriage return without a line feed"),
        ('id,n\n1,2\n"' + "x" * 3_000_000 + '",4\n', "at line 3: Maximum line size"),
    ],
    ids=lambda part: repr(part)[:30],
)
def test_files_that_are_no_table_say_where(tmp_path: Path, content: str | bytes, said: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path} cannot be read as a table of 2 columns separated by ','")
    assert said in message and len(message) < 500


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "is empty (0 bytes)"),
        (",,\n1,2,3\n", "there is no header line"),
        (gzip.compress(b"", mtime=0), "there is no header line"),
        (b"\xe9d,n\n1,2\n", "not a text table in UTF-8"),
        ("id,n\n1,2\n".encode("utf-16"), "not a text table in UTF-8"),
        (b"i\x00d,n\n1,2\n", "holds zero bytes"),
        ("x" * 200_000, "its first line is not a header"),
        (b"\x1f\x8b\x08\x00", "cannot be decompressed (gzip): Truncated"),
        (
            gzip.compress(b"", mtime=0)[:10] + b"\xff" * 9,
            "cannot be decompressed (gzip): zlib inflate failed",
        ),
    ],
    ids=lambda part: repr(part)[:30],
)
def test_files_that_have_no_header_say_so(tmp_path: Path, content: str | bytes, said: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        open_table(path, RESOURCES)
    assert str(path) in str(caught.value) and said in str(caught.value)


PACKED = {
    "gzip": gzip.compress,
    "zstd": lambda content: pa.compress(content, "zstd", asbytes=True),
}


@pytest.mark.parametrize("codec", PACKED)
def test_compressed_text(tmp_path: Path, codec: str) -> None:
    content = PACKED[codec](b"id,n\n1,2\n") + PACKED[codec](b"3,4\n")  # in two pieces
    path = write(tmp_path, content, "no ending")
    assert read(path) == read(path) == ROWS


# Far more than what is read to see the header.
LINES = "".join(f"{row * 7919 % 100_003},{row * row}\n" for row in range(150_000))


@pytest.mark.parametrize("left_out", [1, 4, 8, 12, 3000])
@pytest.mark.parametrize("codec", PACKED)
def test_compressed_text_that_is_cut_short(tmp_path: Path, codec: str, left_out: int) -> None:
    path = write(tmp_path, PACKED[codec](f"id,n\n{LINES}".encode())[:-left_out])
    with pytest.raises(
        DataError, match=rf"cannot be decompressed \({codec}\): Truncated compressed"
    ):
        read(path)


def test_gzip_with_another_checksum(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(f"id,n\n{LINES}".encode()))
    content[-6] ^= 1
    with pytest.raises(DataError, match="incorrect data check"):
        read(write(tmp_path, bytes(content)))


@pytest.mark.parametrize("codec", PACKED)
def test_leaving_off_in_the_middle_of_compressed_text(tmp_path: Path, codec: str) -> None:
    """Far more than a pipe holds, so that whoever unpacks it waits for a reader."""
    path = write(tmp_path, PACKED[codec](f"id,n\n{LINES * 3}".encode()))
    before = threading.active_count()
    for _ in range(2):
        batches = open_table(path, RESOURCES).batches(["id"], batch_rows=100)
        assert next(batches)["id"][1].as_py() == "7919"
        batches.close()
    assert threading.active_count() == before
    assert len(read(path, ["id"])) == 450_000


def test_a_bad_line_in_compressed_text(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(f"id,n\n1,2\n3\n{LINES * 3}".encode()))
    with pytest.raises(DataError, match="at line 3: Expected Number of Columns: 2 Found: 1"):
        read(path)
    path = write(tmp_path, gzip.compress(f"id,n\n1,2\n3,x\n{LINES}4,y\n".encode()))
    with pytest.raises(DataError, match="2 of its cells do not: 'x', 'y'"):
        read(path)


@pytest.mark.parametrize(
    "content, line",
    [
        ("id,n\n1,2\n<<<<<<< HEAD\n3,4\n=======\n3,5\n>>>>>>> other\n", 3),
        ("<<<<<<< HEAD\nid,n\n=======\nid,m\n>>>>>>> other\n1,2\n", 1),
        ("id\na\nb\n<<<<<<< HEAD\nc\n=======\nd\n>>>>>>> other\n", 4),
    ],
)
def test_unresolved_merges(tmp_path: Path, content: str, line: int) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=f"markers of an unresolved merge at line {line} "):
        read(path)


LISTS = {"n": pa.float64(), "m": pa.float64()}


def test_cells_that_are_lists(tmp_path: Path) -> None:
    text = 'id,n,m\n[a],,1\nb,"[45.1, 46.2]",\nc," [1e3] ",2\n"[d]",,\ne,"[nan,-inf]",3\n'
    path = write(tmp_path, text)
    (batch,) = open_table(path, RESOURCES).batches(["id", "n", "m"], LISTS)
    assert batch.schema.types == [pa.string(), pa.list_(pa.float64()), pa.float64()]
    assert batch["id"].to_pylist() == ["[a]", "b", "c", "[d]", "e"]
    assert repr(batch["n"].to_pylist()) == "[None, [45.1, 46.2], [1000.0], None, [nan, -inf]]"
    assert read(path, ["n"], types={})[1] == ("[45.1, 46.2]",)


@pytest.mark.parametrize(
    "bad",
    [
        "1",
        "(1)",
        "121",
        "[]",
        "[1",
        "1]",
        "[1,]",
        "[1;2]",
        "[[1]]",
        '["1"]',
        "[1 2]",
        "[null]",
        "[1] 2",
    ],
)
def test_cells_that_are_no_lists_among_lists(tmp_path: Path, bad: str) -> None:
    content = io.StringIO()
    rows = [["id", "n"], ["a", "[1, 2]"], ["b", bad], ["c", ""], ["d", "[3]"]]
    csv.writer(content).writerows(rows)
    with pytest.raises(DataError) as caught:
        read(write(tmp_path, content.getvalue()))
    assert (
        "column 'n' should hold lists of numbers, as its first cell does, but 1 of its cells do "
        f"not: '{bad}'." in str(caught.value)
    )


def test_a_list_among_numbers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"hold numbers, but 1 of its cells do not: '\[2\]'"):
        read(write(tmp_path, "id,n\na,1\nb,[2]\n"))


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(10_000)]
    path = write(tmp_path, "\n".join(map(",".join, [names, *[["1.5"] * 10_000] * 2])))
    start = time.perf_counter()
    table = open_tables([path, path], RESOURCES, "the tables")
    types = dict.fromkeys(names, pa.float64())
    assert sum(batch.num_rows for batch in table.batches(names[::100], types)) == 4
    assert time.perf_counter() - start < 20  # it was minutes when columns were looked up one by one


FILE_NAMES = [
    "it's.csv",
    'q"q.csv',
    "a;b, c.csv",
    "a[1].csv",
    "[ab]*.csv",
    "a?.csv",
    "**/a.csv",
    "a\\b.csv",
    "{a,b}.csv",
    "~a.csv",
    "$path.csv",
    "ü 100%20.csv",
    "two\nlines.csv",
    "n=5/c0=7/c1=8.csv",  # looks like a partition that has columns of its own
]


@pytest.mark.parametrize("name", FILE_NAMES)
def test_names_of_files_are_only_names(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "id,n\n1,2\n3,4\n", name)
    for decoy in ("a.csv", "a1.csv", "ab.csv", "b.csv"):
        if not (path.parent / decoy).exists():
            write(path.parent, "id,n\n9,9\n", decoy)
    assert read(path) == ROWS


COLUMN_NAMES = ["it's", 'a"b', "a;b", "a b", "[x]", "*", "c0", "{x}", "a,b", ")", "--", "$path"]


@pytest.mark.parametrize("name", [*COLUMN_NAMES, "COUNT(*)", "id ", "", "ID"])
def test_names_of_columns_are_only_names(tmp_path: Path, name: str) -> None:
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows([["id", name], ["1", "2"], ["3", "4"]])
    path = write(tmp_path, content.getvalue())
    assert open_table(path, RESOURCES).column_names == ["id", name]
    assert read(path, [name, "id"], types={name: pa.float64()}) == [(2.0, "1"), (4.0, "3")]


def test_separators_in_a_quoted_name_do_not_count(tmp_path: Path) -> None:
    path = write(tmp_path, 'id,"a;b;c;d",n\n1,x,2\n')
    assert open_table(path, RESOURCES).column_names == ["id", "a;b;c;d", "n"]


def test_columns_of_one_name(tmp_path: Path) -> None:
    path = write(tmp_path, "id,n,n,,\n1,2,3,,\n")
    assert read(path, ["id"]) == [("1",)]
    with pytest.raises(DataError, match="more than one column called 'n'"):
        read(path, ["id", "n"])


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, "id,n\n1,2\n")
    with pytest.raises(DataError, match=r"has no column 'x', 'N'\. Its columns are 'id', 'n'"):
        read(path, ["x", "id", "N"])


@pytest.mark.parametrize("rows", [1, 97, 2048, 5000, 100_000])
def test_the_size_of_batches(tmp_path: Path, rows: int) -> None:
    path = write(tmp_path, "id,n\n" + "".join(f"{row},{row}\n" for row in range(6000)))
    table = open_table(path, RESOURCES)
    sizes = [batch.num_rows for batch in table.batches(["id"], batch_rows=rows)]
    assert sum(sizes) == 6000 and max(sizes) <= rows


def test_leaving_off_in_the_middle(tmp_path: Path) -> None:
    path = write(tmp_path, "id,n\n" + "".join(f"{row},{row}\n" for row in range(6000)))
    table = open_table(path, RESOURCES)
    batches = table.batches(["id"], batch_rows=100)
    assert next(batches)["id"][0].as_py() == "0"
    batches.close()
    assert next(table.batches(["id"]))["id"][0].as_py() == "0"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_many_threads_keep_the_order_and_lose_no_row(tmp_path: Path, ending: str) -> None:
    """Large enough to be cut up between threads, with line feeds inside of quotes."""
    rows = 400_000
    lines = [f'g{row},"a{ending}{row % 7}",{row}.25,{"x" * (row % 90)}' for row in range(rows)]
    path = write(tmp_path, ending.join(["id,q,n,x", *lines]))
    assert path.stat().st_size > 24e6
    table = open_table(path, Resources(4, 4 * 10**9))
    seen = 0
    for batch in table.batches(["id", "q", "n"], NUMBER):
        expected = range(seen, seen + batch.num_rows)
        assert batch["id"].to_pylist() == [f"g{row}" for row in expected]
        assert batch["n"].to_pylist() == [row + 0.25 for row in expected]
        assert batch["q"][0].as_py() == f"a{ending}{seen % 7}"
        seen += batch.num_rows
    assert seen == rows


def test_little_memory_is_not_the_fault_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "id,n\n" + "12345678,2\n" * 100_000)
    with pytest.raises(MachineError, match=r"not enough memory to read .*memory_limit="):
        read(path, resources=Resources(2, 2_000_000))
    assert len(read(path, resources=Resources(64, 300_000_000))) == 100_000


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    width=st.integers(2, 4),
    cells=st.lists(CELLS, max_size=40),
    dialect=st.fixed_dictionaries(
        {
            "delimiter": st.sampled_from(",\t;|"),
            "lineterminator": st.sampled_from(["\n", "\r\n"]),
            "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        }
    ),
    final_newline=st.booleans(),
)
def test_what_the_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    width: int,
    cells: list[str],
    dialect: dict[str, Any],
    final_newline: bool,
) -> None:
    rows = [cells[at : at + width] for at in range(0, len(cells) - width + 1, width)]
    names = [f"column {number}" for number in range(width)]
    content = io.StringIO()
    csv.writer(content, **dialect).writerows([names, *rows])
    text = content.getvalue() if final_newline else content.getvalue().rstrip("\r\n")
    path = write(tmp_path_factory.getbasetemp(), text, "random.csv")
    given = [tuple(cell or None for cell in row) for row in rows]
    if dialect["quoting"] == csv.QUOTE_ALL:
        assert read(path, types={}) == given
    else:  # where cells are padded, blanks at their ends do not count
        bare = [tuple((cell or "").strip(" ") or None for cell in row) for row in rows]
        assert read(path, types={}) in (given, bare)
