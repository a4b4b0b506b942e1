"""Every accident of a file that is read: taken for what it is, or refused with the reason."""

from __future__ import annotations

import base64
import gzip
import io
import math
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.accidents.bad_input import assert_refused, contents
from tests.command import (
    QUESTIONS,
    done_well,
    read,
    run,
    small_predictions,
    small_votes,
    write,
    write_tree,
)
from zoocli.errors import ZoocliError
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table

RESOURCES = Resources(2, 10**9)
IDS = ("a", "b", "c")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small tree and its votes, in the current folder."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path)
    write(tmp_path / "v.parquet", small_votes(IDS))
    return tmp_path


def csv_of(columns: dict[str, Any], separator: str = ",", end: str = "\n") -> bytes:
    lines = [columns.keys(), *zip(*columns.values(), strict=True)]
    return "".join(separator.join(map(str, line)) + end for line in lines).encode()


def parquet_of(columns: dict[str, Any] | pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def arrow_of(columns: dict[str, Any]) -> bytes:
    sink, table = io.BytesIO(), pa.table(columns)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


GOOD = small_predictions(IDS)
CSV = csv_of(GOOD)
PARQUET = parquet_of(GOOD)
HEADER, FIRST, SECOND, THIRD = CSV.splitlines(keepends=True)


def typed(kind: pa.DataType) -> dict[str, Any]:
    """The predictions with one column of another type, in which all of its numbers can be."""
    numbers = pa.array(["1", "2", "4"]).cast(pa.float64())
    if pa.types.is_dictionary(kind):
        return GOOD | {"bar_yes": numbers.dictionary_encode()}
    if pa.types.is_string(kind):
        return GOOD | {"bar_yes": pa.array(["1", " 2.0", "4e0 "])}
    return GOOD | {"bar_yes": numbers.cast(kind)}


def with_empty_row_groups(columns: dict[str, Any]) -> bytes:
    sink, table = io.BytesIO(), pa.table(columns)
    with pq.ParquetWriter(sink, table.schema) as writer:
        for part in (table[:0], table[:1], table[:0], table[1:], table[:0]):
            writer.write_table(part)
    return sink.getvalue()


def in_lists(columns: dict[str, Any]) -> dict[str, Any]:
    return {
        name: values if name == "id" else [f"[{value}]" for value in values]
        for name, values in columns.items()
    }


WIDE = {f"x{number}": [""] * 3 for number in range(10_000)}

# What is read right: the file's ending and content; the scores are those of the plain file.
READ_RIGHT: dict[str, tuple[str, bytes]] = {
    "a byte order mark": ("csv", b"\xef\xbb\xbf" + CSV),
    "Windows line ends": ("csv", csv_of(GOOD, end="\r\n")),
    "no line feed at the end": ("csv", CSV.rstrip(b"\n")),
    "tabs": ("tsv", csv_of(GOOD, "\t")),
    "semicolons": ("csv", csv_of(GOOD, ";")),
    "bars": ("txt", csv_of(GOOD, "|")),
    "gzip": ("csv.gz", gzip.compress(CSV)),
    "zstd": ("csv.zst", pa.compress(CSV, "zstd", asbytes=True)),
    "a nameless index": ("csv", csv_of({"": [0, 1, 2], **GOOD})),
    "Unnamed: 0": ("csv", csv_of({"Unnamed: 0": [0, 1, 2], **GOOD})),
    "an index among the columns": ("parquet", parquet_of({**GOOD, "__index_level_0__": [5, 6, 7]})),
    "other columns of one name": (
        "csv",
        b"x,x,%sy,y,%sy,y,%sy,y,%s" % (HEADER, FIRST, SECOND, THIRD),
    ),
    "10,000 columns": ("csv", csv_of({**GOOD, **WIDE})),
    "lists of one in text": ("csv", csv_of(in_lists(GOOD))),
    "lists of one in Parquet text": ("parquet", parquet_of(in_lists(GOOD))),
    "a comma in a name": ("csv", csv_of({'"x, y"': [1, 2, 3], **GOOD})),
    "empty row groups": ("parquet", with_empty_row_groups(GOOD)),
    "Arrow": ("feather", arrow_of(GOOD)),
    "Parquet under another name": ("csv", PARQUET),
    "CSV without an ending": ("data", CSV),
}


def scores(folder: Path, name: str, **options: Any) -> bytes:
    done = done_well(
        "score", name, "v.parquet", "-s", "tree.yaml", "-o", "-", "-f", "csv", **options
    )
    return done.binary


@pytest.mark.parametrize("what", READ_RIGHT)
def test_what_is_read_right(folder: Path, what: str) -> None:
    ending, content = READ_RIGHT[what]
    (folder / "plain.parquet").write_bytes(PARQUET)
    (folder / f"p.{ending}").write_bytes(content)
    expected = scores(folder, "plain.parquet")
    assert expected.count(b"\n") == 4
    assert scores(folder, f"p.{ending}") == expected
    assert scores(folder, "-", stdin=content) == expected


@pytest.mark.parametrize(
    "kind",
    [
        pa.float16(),
        pa.float32(),
        pa.uint64(),
        pa.int8(),
        pa.decimal128(9, 3),
        pa.dictionary(pa.int32(), pa.float64()),
        pa.string(),
    ],
    ids=str,
)
def test_types_of_numbers(folder: Path, kind: pa.DataType) -> None:
    (folder / "plain.parquet").write_bytes(parquet_of(typed(pa.float64())))
    (folder / "p.parquet").write_bytes(parquet_of(typed(kind)))
    (folder / "p.feather").write_bytes(arrow_of(typed(kind)))
    expected = scores(folder, "plain.parquet")
    assert scores(folder, "p.parquet") == scores(folder, "p.feather") == expected


def exact_loss(concentrations: list[float], votes: list[int]) -> float:
    with mpmath.workdps(80):
        a, total = [mpmath.mpf(one) for one in concentrations], sum(votes)
        whole = mpmath.fsum(a)
        value = mpmath.loggamma(total + 1) - mpmath.log(mpmath.rf(whole, total))
        for one, count in zip(a, votes, strict=True):
            value += mpmath.log(mpmath.rf(one, count)) - mpmath.loggamma(count + 1)
        return float(-value)


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()], ids=str)
@pytest.mark.parametrize("extreme", [1e-30, 1e30, 5e-324, 1e-40, 3e38])
def test_extreme_concentrations(folder: Path, extreme: float, kind: pa.DataType) -> None:
    """Denormals, and float32 numbers whose sum is no float32."""
    column = pa.array([extreme] * 3, pa.float64()).cast(kind)
    numbers = column.cast(pa.float64()).to_pylist()
    if numbers[0] == 0:
        pytest.skip("no number of this type is so small")
    write(folder / "p.parquet", GOOD | {"bar_yes": column, "bar_no": column})
    done_well("score", "p.parquet", "v.parquet", "-s", "tree.yaml", "-o", "s.parquet")
    votes = small_votes(IDS)
    expected = [
        exact_loss([numbers[row]] * 2, [votes[answer][row] for answer in QUESTIONS["bar"]])
        for row in range(3)
    ]
    np.testing.assert_allclose(read(folder / "s.parquet")["bar_loss"], expected, rtol=1e-12)


def test_ids_that_differ_in_case_or_blanks_are_different(folder: Path) -> None:
    write(folder / "p.csv", small_predictions(("A", " b", "c")))
    done = done_well("score", "p.csv", "v.parquet", "-s", "tree.yaml", "-o", "s.csv")
    assert read(folder / "s.csv")["id"].to_pylist() == ["c"]
    assert "1 galaxies match. 2 rows of p.csv (such as 'A', ' b')" in done.err


def cut(content: bytes, left_out: int) -> bytes:
    return content[:-left_out]


def with_byte(content: bytes, place: int, byte: int) -> bytes:
    changed = bytearray(content)
    changed[place] = byte
    return bytes(changed)


def encrypted() -> bytes:
    encryption = pytest.importorskip("pyarrow.parquet.encryption")

    class Keys(encryption.KmsClient):  # type: ignore[misc,name-defined]
        def wrap_key(self, key: bytes, name: str) -> bytes:
            return base64.b64encode(key)

    properties = encryption.CryptoFactory(lambda _: Keys()).file_encryption_properties(
        encryption.KmsConnectionConfig(),
        encryption.EncryptionConfiguration(footer_key="f", uniform_encryption=True),
    )
    return parquet_of(GOOD, encryption_properties=properties)


def bad_text() -> bytes:
    """Text in Parquet that is not UTF-8, as some writers leave it."""
    ids = pa.array([b"a", b"\xff\xfe", b"c"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 3, ids.buffers())
    return parquet_of(GOOD | {"id": text})


def changed(**columns: Any) -> bytes:
    return parquet_of(GOOD | columns)


MANY = csv_of(small_predictions([f"g{row}" for row in range(3000)]))
TWICE = b"bar_no,%s1,%s1,%s1,%s" % (HEADER, FIRST, SECOND, THIRD)
MERGE = b"<<<<<<< HEAD\n%s=======\n%s>>>>>>> other\n"

# What is refused: the file's ending and content, and words of the message.
REFUSED: dict[str, tuple[str, bytes | Callable[[], bytes], tuple[str, ...]]] = {
    # Text
    "a conflict": ("csv", HEADER + MERGE % (FIRST, SECOND), ("unresolved merge", "line 2")),
    "a conflict below": ("csv", CSV + MERGE % (FIRST, SECOND), ("unresolved merge", "line 5")),
    "a conflict above": ("csv", MERGE % (HEADER, HEADER) + FIRST, ("unresolved merge", "line 1")),
    "a short row": ("csv", CSV + b"d,1,1\n", ("line 5", "Columns: 6 Found: 3")),
    "a long row": ("csv", CSV + b"d,1,1,1,1,1,1\n", ("line 5", "Columns: 6 Found: 7")),
    "a torn last row": ("csv", cut(CSV, 12), ("line 4", "Columns: 6 Found:")),
    "zero bytes at the end": ("csv", CSV + bytes(64), ("line 5", "Columns: 6 Found: 1")),
    "zero bytes in a number": ("csv", CSV + b"d,1,1,\0,1,1\n", ("1 of its cells", "'\\x00'")),
    "zero bytes alone": ("csv", bytes(512), ("zero bytes",)),
    "an open quote": ("csv", CSV + b'"d,1,1,1,1,1\n', ("line 5", "unterminated quote")),
    "Latin-1 in an id": ("csv", CSV + b"\xe9,1,1,1,1,1\n", ("line 5", "Invalid unicode")),
    "Latin-1 in the header": ("csv", b"\xe9," + CSV, ("not a text table in UTF-8", "first line")),
    "UTF-16": ("csv", CSV.decode().encode("utf-16"), ("not a text table in UTF-8",)),
    "mixed line ends": ("csv", CSV + b"d,1,1,1,1,1\r\n", ("\\r\\n", "others in \\n")),
    "a header only": ("csv", HEADER, ("p.csv has no rows",)),
    "no header": ("csv", FIRST + SECOND + THIRD, ("p.csv", "'1.0', '2.0'", "names missing")),
    "a column twice": ("csv", TWICE, ("more than one column called 'bar_no'",)),
    "text for a number": ("csv", CSV + b"d,1,x,1,1,y\n", ("'shape_disk'", "1 of its", "'x'")),
    "a list among numbers": ("csv", CSV + b'd,1,"[1, 2]",1,1,1\n', ("'shape_disk'", "'[1, 2]'")),
    "a number among lists": ("csv", csv_of(in_lists(GOOD)) + b"d,[1],[1],1,[1],[1]\n", ("'1'",)),
    "ragged lists": ("csv", csv_of(in_lists(GOOD)) + b'a,[1],[1],"[1,2]",[1],[1]\n', ("passes",)),
    "gzip cut short": ("csv.gz", cut(gzip.compress(MANY), 100), ("gzip", "Truncated")),
    "gzip without its end": ("csv.gz", cut(gzip.compress(CSV), 8), ("gzip", "Truncated")),
    "gzip's checksum": ("csv.gz", with_byte(gzip.compress(CSV), -7, 0), ("gzip", "data check")),
    "zstd cut short": (
        "csv.zst",
        cut(pa.compress(MANY, "zstd", asbytes=True), 9),
        ("zstd", "Trunc"),
    ),
    "an empty file": ("csv", b"", ("is empty (0 bytes)",)),
    "blank lines": ("csv", b"\n\n\n", ("no header line",)),
    # Parquet and Arrow
    "Parquet cut short": ("parquet", cut(PARQUET, 20), ("cannot be read as Parquet",)),
    "Parquet of 4 bytes": ("parquet", PARQUET[:4], ("cannot be read as Parquet",)),
    "a footer too long": ("parquet", with_byte(PARQUET, -5, 127), ("cannot be read as Parquet",)),
    "a footer of zeros": ("parquet", PARQUET[:-200] + bytes(192) + PARQUET[-8:], ("Parquet",)),
    "pages of zeros": ("parquet", PARQUET[:4] + bytes(200) + PARQUET[204:], ("Parquet",)),
    "encrypted Parquet": ("parquet", encrypted, ("is encrypted",)),
    "Parquet without rows": ("parquet", parquet_of(pa.table(GOOD)[:0]), ("p.parquet has no rows",)),
    "text that is not UTF-8": ("parquet", bad_text, ("not UTF-8",)),
    "Arrow cut short": ("feather", cut(arrow_of(GOOD), 30), ("Arrow file or stream",)),
    "booleans": ("parquet", changed(bar_no=[True, False, True]), ("'bar_no'", "bool")),
    "dates for numbers": ("parquet", changed(bar_no=pa.array([1, 2, 3], pa.date32())), ("date32",)),
    "structures": ("parquet", changed(bar_no=[{"x": 1}] * 3), ("'bar_no'", "struct")),
    # Ids
    "dates as ids": ("parquet", changed(id=pa.array([1, 2, 3], pa.date32())), ("'id'", "date32")),
    "times as ids": ("parquet", changed(id=pa.array([1, 2, 3], pa.timestamp("s"))), ("timestamp",)),
    "booleans as ids": ("parquet", changed(id=[True, False, True]), ("'id'", "bool")),
    "null ids": ("parquet", changed(id=["a", None, None]), ("no id in 2 of", "row 2")),
    "empty ids": ("parquet", changed(id=["a", "b", ""]), ("no id in 1 of", "row 3")),
    "NaN ids": ("parquet", changed(id=[1.0, math.nan, 3.0]), ("'id'", "floats")),
    "empty ids in CSV": ("csv", CSV + b",1,1,1,1,1\n", ("no id in 1 of", "row 4")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(folder: Path, what: str) -> None:
    ending, content, words = REFUSED[what]
    (folder / f"p.{ending}").write_bytes(content if isinstance(content, bytes) else content())
    before = contents(folder)
    done = run("score", f"p.{ending}", "v.parquet", "-s", "tree.yaml", "-o", "scores.parquet")
    assert_refused(done, 3, words)
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("votes", "words"),
    [
        ({"bar_yes": [2**31, 1, 1]}, ("1 galaxy", "2,147,483,647", "'a'")),
        ({"bar_yes": [2**31 - 1, 1, 1]}, ("totals", "2,147,483,647", "'bar'")),
        (
            {"bar_yes": pa.array([2**64 - 1, 1, 1], pa.uint64())},
            ("1 galaxy", "2,147,483,647"),
        ),
        ({"bar_yes": [True, False, True]}, ("'bar_yes'", "bool")),
        ({"bar_yes": ["[1]", "[2]", "[3]"]}, ("'bar_yes'", "list")),
    ],
    ids=["2^31", "their sum", "2^64", "booleans", "lists"],
)
def test_votes_that_are_refused(
    folder: Path, votes: dict[str, Any], words: tuple[str, ...]
) -> None:
    (folder / "p.parquet").write_bytes(PARQUET)
    write(folder / "v.parquet", small_votes(IDS) | votes)
    before = contents(folder)
    done = run("score", "p.parquet", "v.parquet", "-s", "tree.yaml", "-o", "scores.parquet")
    assert_refused(done, 3, words)
    assert contents(folder) == before


def test_lists_are_passes_in_every_format(folder: Path) -> None:
    lists = {
        name: [[value, value + 1.0] for value in values] if name != "id" else values
        for name, values in GOOD.items()
    }
    texts = {
        name: [str(value) if name != "id" else value for value in values]
        for name, values in lists.items()
    }
    (folder / "lists.parquet").write_bytes(parquet_of(lists))
    (folder / "texts.parquet").write_bytes(parquet_of(texts))
    (folder / "texts.csv").write_bytes(csv_of(texts, ";"))
    expected = scores(folder, "lists.parquet")
    assert scores(folder, "texts.parquet") == scores(folder, "texts.csv") == expected


def read_all(path: Path) -> None:
    """Reads everything in a file; nothing but a ZoocliError may come of it."""
    try:
        table = open_table(path, RESOURCES)
        assert table.metadata is None or isinstance(table.metadata, dict)
        for batch in table.batches(table.column_names, {"n": pa.float64()}):
            batch.validate(full=True)
    except ZoocliError as error:
        assert str(error)


QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TABLE = {
    "id": ["a", "bb", None, "é"] * 5,
    "n": ["1", "", "2.5", "[3]"] * 5,
    "d": pa.array(["x", "y", "x", None] * 5).dictionary_encode(),
    "name_to_break": [1, 2, 3, 4] * 5,
    "l": [[1.0], [], None, [2.0, 3.0]] * 5,
}
WHOLE = {
    "parquet": parquet_of(TABLE, row_group_size=7),
    "feather": arrow_of(TABLE),
    "csv.gz": gzip.compress(b"id,n\n" + b"a,1\nb,2\n" * 50, mtime=0),
    "csv": b'id,n\n"a ""b""",1\n"b\nc",2\n' * 3,
}


@QUIET
@given(
    content=st.binary(max_size=300),
    start=st.sampled_from(
        [b"", b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"\x1f\x8b\x08", b"n,"]
    ),
    ending=st.sampled_from(["", ".csv", ".parquet", ".arrow"]),
)
def test_random_bytes(tmp_path: Path, content: bytes, start: bytes, ending: str) -> None:
    path = tmp_path / f"t{ending}"
    path.write_bytes(start + content)
    read_all(path)


@QUIET
@given(text=st.text('ab,;\t|"\r\n[]0.1 é\0\ufeff', max_size=60), packed=st.booleans())
def test_random_text(tmp_path: Path, text: str, packed: bool) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    read_all(path)


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    for ending in ("parquet", "feather"):
        path = tmp_path / f"t.{ending}"
        path.write_bytes(WHOLE[ending].replace(b"name_to_break", b"name_to_\xf0reak"))
        with pytest.raises(ZoocliError, match=r"UTF-8|utf-8"):
            open_table(path, RESOURCES)


@QUIET
@given(ending=st.sampled_from(sorted(WHOLE)), seed=st.integers(0, 2**32))
def test_files_with_damage(tmp_path: Path, ending: str, seed: int) -> None:
    content, chance = bytearray(WHOLE[ending]), random.Random(seed)
    for _ in range(chance.choice([1, 1, 2, 8])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    if chance.random() < 0.2:
        del content[chance.randrange(len(content)) :]
    path = tmp_path / f"t.{ending}"
    path.write_bytes(content)
    read_all(path)
