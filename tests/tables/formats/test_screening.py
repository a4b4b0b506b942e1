"""What the readers of text let pass is seen in its bytes."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoocli.errors import DataError
from zoocli.foundation.kernels.cells import COLUMN, JOINED, ZERO
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table
from zoocli.tables.formats.delimited.screening import Screen
from zoocli.tables.formats.duck import connect

RESOURCES = Resources(2, 10**9)
PACKED = {
    "plain": bytes,
    "gzip": lambda content: pa.compress(content, "gzip", asbytes=True),
    "zstd": lambda content: pa.compress(content, "zstd", asbytes=True),
}
GOOD = b"".join(b"%d,%d,text\n" % (row, row) for row in range(100_000))


def read(folder: Path, content: bytes, packed: str = "plain", name: str = "t.csv") -> int:
    path = folder / name
    path.write_bytes(PACKED[packed](content))
    table = open_table(path, RESOURCES)
    return sum(batch.num_rows for batch in table.batches(["id", "n"], {"n": pa.float64()}))


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize(
    "rows, said",
    [
        (b"a,1_000,x\n", "digits joined by '_' in column 'n' in row 1,"),
        (GOOD + b"a,1e1_0,x\n", "digits joined by '_' in column 'n' in row 100,001,"),
        (b'a,"2_0.5",x\n', "digits joined by '_' in column 'n' in row 1,"),
        (b"a, 1_0 ,x\n", "digits joined by '_' in column 'n' in row 1,"),  # where blanks are cut
        (b"a,NA,x\nb,1_0,x\n", "digits joined by '_' in column 'n' in row 2,"),
        (b"a,1,x\nb,2,\0\n", "zero bytes, the first in row 2"),
        (b"a,1,x\nb\0,2,x\n", "zero bytes, the first in row 2"),
        (b'a, 1,x\nb, 2 ,"x\0"\n', "zero bytes, the first in row 2"),
        (GOOD + b"b,2," + b"y" * 40_000_000 + b"\n", "100,001 rows, of which 100,000 could be"),
        (b"a,1,x\nb,2,y" + b"y" * 40_000_000, "2 rows, of which 1 could be read"),
    ],
    ids=lambda part: repr(part[-30:]),
)
def test_what_the_parser_lets_pass(tmp_path: Path, packed: str, rows: bytes, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, b"id,n,t\n" + rows, packed)
    assert said in str(caught.value) and str(tmp_path / "t.csv") in str(caught.value)


@pytest.mark.parametrize("zeros", [b"\0", bytes(3_000_000), b"\n" + bytes(3_000_000)])
@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("header", [b"id,n\n", b"n,id\n"])
def test_zero_bytes_behind_a_table(
    tmp_path: Path, packed: str, zeros: bytes, header: bytes
) -> None:
    with pytest.raises(DataError):
        read(tmp_path, header + b"1,2\n3,4\n" + zeros, packed)


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize(
    "rows",
    [
        b"1_2,3,x_1_2\n4_5,6,7_8\n",  # only in columns of text
        b'a,1,"x\ny"\nb,2,"1_0,\n1_0"\n',
        b"# 1_000\na,1,x\nb,2,x\n"[8:],
        b"\na,1,x\n\n\nb,2,x\n\n",
        b'a,1,5" tall\nb,2,x"y\n',
    ],
)
def test_what_may_pass(tmp_path: Path, packed: str, rows: bytes) -> None:
    assert read(tmp_path, b"id,n,t\n" + rows, packed) == 2


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_those_of_the_parser(tmp_path: Path, seed: int) -> None:
    """Random cells and random characters, in pieces of any size."""
    choose = random.Random(seed)
    cells = ["a", "1", "", '"x,y"', '"x\ny"', '"a""b"', " ", 'a"b', ' "a"', '"a" ', '""', "1_0"]
    path = tmp_path / "t.csv"
    compared = 0
    with connect(RESOURCES) as connection:
        for case in range(300):
            columns = choose.choice([1, 2, 3])
            end = choose.choice(["\n", "\r\n"])
            if case % 3:
                rows = [choose.choices(cells, k=columns) for _ in range(choose.randrange(7))]
                text = end.join(map(",".join, rows)) + end * choose.randrange(3)
            else:
                text = "".join(choose.choices('ab1_",\n\n ', k=choose.randrange(25)))
            content = ("h,i,j"[: 2 * columns - 1] + end + text).encode()
            path.write_bytes(content)
            named = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(columns))
            query = (
                f"SELECT count(*) FROM read_csv('{path}', header = true, auto_detect = false, "
                f"columns = {{{named}}}, delim = ',', quote = '\"', escape = '\"', "
                "strict_mode = true)"
            )
            try:
                ((parsed,),) = connection.sql(query).fetchall()
            except Exception:  # what the parser refuses needs no second look
                continue
            compared += 1
            for size in (1, 2, 5, 1000):
                screen = Screen(",", 1, np.zeros(columns, np.bool_))
                for start in range(0, len(content), size):
                    screen.look(content[start : start + size])
                assert screen.rows == parsed, content
    assert compared > 100


def seen_in(content: bytes, size: int, regular: bool) -> list[object]:
    """What a screen finds, with or without counting regular rows at once."""
    screen = Screen(",", 0, np.array([False, True, False]))
    if not regular:
        screen._pass_over = lambda piece, start: start  # type: ignore[method-assign]
    for start in range(0, len(content), size):
        screen.look(content[start : start + size])
    joined = screen._state[COLUMN] if screen._state[JOINED] >= 0 else None
    return [screen.rows, *screen._state[[ZERO, JOINED]].tolist(), joined]


CELLS = ["a", "1_0", "12", "x_1", '"b,_1"', '"1_0"', '"a""b"', '"a\nb"', 'a"b', "", " 3_4 ", "\0"]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(CELLS), min_size=1, max_size=4),
            st.sampled_from(["\n", "\r\n", "\n\n"]),
        ),
        max_size=60,
    ),
    st.sampled_from([17, 64, 200, 10_000]),
    st.booleans(),
)
def test_regular_rows_are_counted_as_a_look_at_each_byte_counts_them(rows, size, odd) -> None:
    plain = [cell for cell in CELLS if cell not in ('"a\nb"', "\0", 'a"b')]
    content = "".join(
        ",".join(cell if odd or cell in plain else "7" for cell in cells) + end
        for cells, end in rows
    ).encode()
    assert seen_in(content, size, True) == seen_in(content, size, False)


@pytest.mark.parametrize(
    "line, said",
    [
        (b'{"id": "b", "n": 2,}', "at line 2"),
        (b'{"id": "b", "n": [2, \t ], "m": 1}', "at line 2"),
        (b'{"id": "b", "n": 2, "n\\u0000": 3}', "a key holds a zero byte"),
    ],
)
def test_json_that_only_a_lenient_parser_takes(tmp_path: Path, line: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, b'{"id": "a", "n": 1}\n' + line + b"\n", name="t.jsonl")


def test_json_texts_that_look_alike_may_pass(tmp_path: Path) -> None:
    lines = b'{ "id": ",}", "n": 1 }\n{"id": ",  ]\\u0000", "n": 2, "m": [1, 2 ]}\n'
    assert read(tmp_path, lines, name="t.jsonl") == 2
