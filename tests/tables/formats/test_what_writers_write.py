"""Text as programs write it: what stands before the names, what means missing, what is no table."""

from __future__ import annotations

import bz2
import lzma
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from zoocli.errors import DataError
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table
from zoocli.tables.formats.delimited.header import Header, read_header

RESOURCES = Resources(threads=2, memory=10**9)
ROWS = [("a", 1.0), ("b", 2.0)]

BEFORE = {
    "plain": "id,n\na,1\nb,2\n",
    "excel": "sep=;\nid;n\na;1\nb;2\n",
    "comments": "# made on a Monday\n\n#by me\nid,n\na,1\nb,2\n",
    "names in a comment": "# of ours\n# id,n\na,1\nb,2\n",
    "names in the only comment": "#id\tn\na\t1\nb\t2\n",
    "skyserver": "#Table1\nid,n\na,1\nb,2\n",
    "vizier": "#RESOURCE\n#Name: x\nid\tn\n\tmag\n----\t---\na\t1\nb\t2\n",
    "padded": "id , n\na , 1\nb , 2 \n",
    "savetxt": "# id n\na 1\nb 2\n",
    "aligned": "id    n\na     1\nb     2\n",
    "old line ends": "id,n\ra,1\rb,2\r",
    "windows": "# x\r\nid,n\r\na,1\r\nb,2\r\n",
    "byte order mark": "\ufeffid,n\na,1\nb,2\n",
}


def read(path: Path) -> list[tuple[str, float | None]]:
    table = open_table(path, RESOURCES)
    batches = table.batches(["id", "n"], {"n": pa.float64()})
    return [row for one in batches for row in zip(*one.to_pydict().values(), strict=True)]


@pytest.mark.parametrize("text", BEFORE.values(), ids=BEFORE.keys())
def test_what_stands_before_and_around(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode())
    assert read(path) == ROWS


@pytest.mark.parametrize(
    ("lines", "header"),
    [
        (["a,b", "1,2"], Header(["a", "b"], ",", 1)),
        (["# 3,4", "5,6"], Header(["5", "6"], ",", 2)),
        (["# x,y", "id,label", "7,spiral"], Header(["id", "label"], ",", 2)),
        (["# id,label", "a,spiral", "b,disk"], Header(["id", "label"], ",", 1)),
        (["# only a remark", "id", "7"], Header(["id"], ",", 2)),
        (["id ,id", "1,2"], Header(["id ", "id"], ",", 1)),
    ],
)
def test_which_line_has_the_names(lines: list[str], header: Header) -> None:
    assert read_header(lines) == header


@pytest.mark.parametrize(
    "word",
    ["NA", "N/A", "null", "NULL", "None", "<NA>", "\\N", "missing", "--", "#N/A", "   ", '" "'],
)
def test_words_for_missing(tmp_path: Path, word: str) -> None:
    path = tmp_path / "table.csv"
    for rows in (3, 50_000):  # in what is seen at first, and far behind that
        lines = [f"g{row},{row}" for row in range(rows)]
        path.write_text("id,n\n" + "\n".join([*lines, f"last,{word}"]) + "\n")
        found = read(path)
        assert found[-1] == ("last", None) and len(found) == rows + 1
        assert found[rows - 1] == (f"g{rows - 1}", rows - 1.0)
    json_lines = tmp_path / "table.jsonl"
    if word.isalpha():
        json_lines.write_text(f'{{"id": "a", "n": "{word}"}}\n')
        assert read(json_lines) == [("a", None)]


def test_words_and_numbers_that_the_user_names(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("id,n\na,unknown\nb,-999\nc,3\n")
    with pytest.raises(DataError, match=r"'unknown'.*null_value="):
        read(path)
    table = open_table(path, RESOURCES)
    table.treat_as_missing(["Unknown", -999])
    (batch,) = table.batches(["n"], {"n": pa.float64()})
    assert batch.column(0).to_pylist() == [None, None, 3.0]


@pytest.mark.parametrize(
    ("cell", "said"), [("1,5", "decimal commas"), ("1,234", "thousands"), ("1,234.5", "thousands")]
)
def test_commas_in_numbers_are_named(tmp_path: Path, cell: str, said: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"id;n\na;{cell}\n")
    with pytest.raises(DataError, match=said):
        read(path)


def test_quoted_line_ends_in_a_large_file(tmp_path: Path) -> None:
    """DuckDB's threads cannot divide such a file."""
    path, cell = tmp_path / "table.csv", '"{""a"": ""one\n' + "x" * 190 + '""}"'
    with path.open("w") as file:
        file.write("id,note,n\n")
        file.writelines(f"g{row},{cell},{row % 7}\n" for row in range(200_000))
    found = read(path)
    assert len(found) == 200_000 and found[-1] == ("g199999", 199_999 % 7)


STRANGERS = {
    "zip": b"PK\x03\x04xl/workbook.xml",
    "pickle": pickle.dumps({"id": [1]}, protocol=4),
    "web page": b"\n<!DOCTYPE html><html><body>404</body></html>",
    "JSON array": b'[\n {"id": 1}\n]',
    "one JSON object": b'{\n "id": [1]\n}',
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
    "LaTeX": b"\\begin{tabular}{ll}\n",
    "numpy": b"\x93NUMPY\x01\x00",
    "raw export": b"classification_id,annotations,subject_data\n1,x,y\n",
}


@pytest.mark.parametrize("said", STRANGERS)
def test_what_is_no_table_says_what_it_is(tmp_path: Path, said: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(STRANGERS[said])
    with pytest.raises(DataError, match=said):
        open_table(path, RESOURCES)


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_bzip2_and_xz_are_read_to_their_end(tmp_path: Path, compress) -> None:
    path = tmp_path / "table.csv.packed"
    content = compress(BEFORE["plain"].encode())
    path.write_bytes(content)
    assert read(path) == ROWS
    path.write_bytes(content[:-4])
    with pytest.raises(DataError, match="truncated or damaged"):
        read(path)


def test_one_of_several_tables_in_a_file(tmp_path: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    path = tmp_path / "two.fits"
    about = fits.BinTableHDU.from_columns([fits.Column("KEY", "3A", array=["x"])], name="ABOUT")
    columns = [
        fits.Column("id", "1A", array=["a", "b"]),
        fits.Column("n", "D", array=np.array([1.0, 2.0])),
    ]
    rows = fits.BinTableHDU.from_columns(columns, name="CATALOG")
    fits.HDUList([fits.PrimaryHDU(), about, rows]).writeto(path)
    for chosen in ("", "[2]", "[catalog]"):
        assert read(Path(f"{path}{chosen}")) == ROWS
    assert open_table(f"{path}[1]", RESOURCES).column_names == ["KEY"]
    with pytest.raises(DataError, match=r"\[1\] 'ABOUT' with 1 columns, \[2\] 'CATALOG'"):
        open_table(f"{path}[3]", RESOURCES)
    with pytest.raises(DataError, match="CSV files have one"):
        (tmp_path / "t.csv").write_text(BEFORE["plain"])
        open_table(f"{tmp_path / 't.csv'}[2]", RESOURCES)


def test_what_is_masked_is_null() -> None:
    table = pa.table(
        {"id": ["a", "b"], "n": [1, 2], "n.mask": [False, True], "id.mask": [None, None]}
    )
    opened = open_table(table)
    assert opened.column_names == ["id", "n", "id.mask"]
    (batch,) = opened.batches(["n", "id"], {"n": pa.float64()})
    assert batch.to_pydict() == {"n": [1, None], "id": ["a", "b"]}


def test_streams_and_named_indices_are_tables() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"id": ["a", "b"], "n": [1.0, 2.0]})

    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.Table.from_pandas(frame).__arrow_c_stream__(requested_schema)

    assert open_table(frame.set_index("id")).column_names == ["id", "n"]
    assert open_table(Stream()).column_names == ["id", "n"]
