"""FITS tables: values against astropy's and bytes made by hand; what is written reads back."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table as AstropyTable
from hypothesis import given, settings
from hypothesis import strategies as st

import zoocli
from tests.conftest import ROOT, SHARED_DATA
from zoocli.errors import DataError, MachineError
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table
from zoocli.tables.writing.sinks import FileSink

RESOURCES = Resources(2, 10**9)
BLOCK = 2880


def card(key: str, value: object) -> str:
    shown = f"'{value}'" if isinstance(value, str) else {True: "T"}.get(value, value)
    return f"{key:8}= {shown:>20}".ljust(80)


def header(**cards: object) -> bytes:
    text = "".join(card(key, value) for key, value in cards.items()) + "END".ljust(80)
    return text.ljust(-(-len(text) // BLOCK) * BLOCK).encode()


def by_hand(columns: dict[str, object], row_bytes: int, rows: bytes, **more: object) -> bytes:
    """A binary table, its bytes put together here."""
    count = len(rows) // row_bytes
    number = sum(key.startswith("TFORM") for key in columns)
    table = header(
        XTENSION="BINTABLE", BITPIX=8, NAXIS=2, NAXIS1=row_bytes, NAXIS2=count, PCOUNT=0, GCOUNT=1,
        TFIELDS=number, **columns, **more,
    )  # fmt: skip
    start = header(SIMPLE=True, BITPIX=8, NAXIS=0, EXTEND=True)
    return start + table + rows + bytes(-len(rows) % BLOCK)


def read(path: Path, columns: list[str] | None = None, rows: int = 2) -> dict[str, list[Any]]:
    table = open_table(path, RESOURCES)
    names = columns or table.column_names
    batches = list(table.batches(names, batch_rows=rows))
    assert all(batch.num_rows <= rows for batch in batches)
    return {name: [cell for batch in batches for cell in batch[name].to_pylist()] for name in names}


def write(path: Path, *columns: fits.Column) -> Path:
    tables = fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(list(columns))])
    tables.writeto(path)
    return path


def save(table: pa.Table, path: Path, metadata: dict[str, Any] | None = None) -> Path:
    with FileSink(path) as sink:
        sink.open(table.schema)
        for batch in table.to_batches():
            sink.write(batch)
        sink.commit(metadata or {})
    return path


def test_bytes_made_by_hand(tmp_path: Path) -> None:
    columns = {"TTYPE1": "id", "TFORM1": "4A", "TTYPE2": "k", "TFORM2": "K", "TNULL2": -1}
    columns |= {"TTYPE3": "x", "TFORM3": "E", "TFORM4": "L"}
    rows = b"".join(
        text + number.to_bytes(8, "big", signed=True) + np.array(x, ">f4").tobytes() + truth
        for text, number, x, truth in [
            (b"ab  ", 2**53 + 1, 1.5, b"T"),
            (b"c\0\0\0", -1, np.nan, b"F"),
            (b" d e", -(2**63), -0.0, b"\0"),
        ]
    )
    path = tmp_path / "t.fits"
    path.write_bytes(by_hand(columns, 17, rows))
    got = read(path)
    assert got["id"] == ["ab", "c", " d e"]
    assert got["k"] == [2**53 + 1, None, -(2**63)]
    assert got["x"][0] == 1.5 and np.isnan(got["x"][1])
    assert got["col4"] == [True, False, None]
    assert open_table(path, RESOURCES).schema.types == [
        pa.string(),
        pa.int64(),
        pa.float32(),
        pa.bool_(),
    ]


INTEGERS = [
    ("B", 0, np.uint8, [0, 3, 255]),
    ("B", -(2**7), np.int8, [-128, 0, 127]),
    ("I", 0, np.int16, [-(2**15), 0, 2**15 - 1]),
    ("I", 2**15, np.uint16, [0, 1, 2**16 - 1]),
    ("J", 0, np.int32, [-(2**31), 0, 2**31 - 1]),
    ("J", 2**31, np.uint32, [0, 1, 2**32 - 1]),
    ("K", 0, np.int64, [-(2**63), 2**53 + 1, 2**63 - 1]),
    ("K", 2**63, np.uint64, [0, 2**53 + 1, 2**64 - 1]),
]


@pytest.mark.parametrize("letter, zero, kind, values", INTEGERS)
def test_whole_numbers_of_every_size_are_exact(
    tmp_path: Path, letter: str, zero: int, kind: type, values: list[int]
) -> None:
    shift = {"bzero": zero} if zero else {}
    column = fits.Column("n", letter, array=np.array(values, kind), **shift)
    pairs = fits.Column("v", f"2{letter}", array=np.array([values, values], kind).T, **shift)
    path = write(tmp_path / "t.fits", column, pairs)
    assert read(path) == {"n": values, "v": [[value, value] for value in values]}
    assert open_table(path, RESOURCES).type_of("n") == pa.from_numpy_dtype(kind)


def test_a_shift_or_a_scale_makes_floats(tmp_path: Path) -> None:
    columns = {"TTYPE1": "a", "TFORM1": "I", "TSCAL1": 0.5, "TZERO1": 10, "TNULL1": 4}
    columns |= {"TTYPE2": "b", "TFORM2": "I", "TZERO2": 1000}
    path = tmp_path / "t.fits"
    path.write_bytes(by_hand(columns, 4, np.array([[1, -2], [4, 5]], ">i2").tobytes()))
    assert read(path) == {"a": [10.5, None], "b": [998.0, 1005.0]}


def test_nulls_within_vectors(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.fits",
        fits.Column("v", "2K", null=7, array=np.array([[1, 7], [2**53 + 1, 3]])),
        fits.Column("w", "3D", array=np.arange(6.0).reshape(2, 3)),
        fits.Column("one", "1D", dim="(1)", array=np.arange(2.0)),
    )
    assert read(path) == {
        "v": [[1, None], [2**53 + 1, 3]],
        "w": [[0, 1, 2], [3, 4, 5]],
        "one": [0, 1],
    }
    assert open_table(path, RESOURCES).type_of("w") == pa.list_(pa.float64(), 3)


@pytest.mark.parametrize(
    "column, what",
    [
        (fits.Column("bad", "PE()", array=np.array([[1.0], [2.0, 3.0]], object)), "varying length"),
        (fits.Column("bad", "C", array=np.ones(2)), "complex numbers"),
        (fits.Column("bad", "12X", array=np.ones((2, 12), bool)), "bits"),
        (fits.Column("bad", "6D", dim="(2,3)", array=np.ones((2, 3, 2))), r"shape \(2,3\)"),
        (fits.Column("bad", "6A", dim="(3,2)", array=np.array([["a", "b"]] * 2)), "texts"),
    ],
    ids=lambda part: getattr(part, "format", ""),
)
def test_columns_that_are_refused_do_not_hurt_others(
    tmp_path: Path, column: fits.Column, what: str
) -> None:
    last = fits.Column("last", "J", array=np.array([7, 8]))
    path = write(tmp_path / "t.fits", fits.Column("id", "2A", array=["a", "b"]), column, last)
    assert read(path, ["last", "id"]) == {"last": [7, 8], "id": ["a", "b"]}
    with pytest.raises(DataError, match=f"column 'bad' holds .*{what}"):
        read(path, ["id", "bad"])


def test_ascii_tables(tmp_path: Path) -> None:
    columns = [
        fits.Column("id", "A6", array=["a", "bb", " c"], ascii=True),
        fits.Column("n", "I20", null="-99", array=np.array([2**53 + 1, -99, 3]), ascii=True),
        fits.Column("d", "D25.17", array=np.array([1e300, np.pi, -3.0]), ascii=True),
    ]
    path = tmp_path / "t.fits"
    table = fits.TableHDU.from_columns(columns)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    assert read(path) == {
        "id": ["a", "bb", " c"],
        "n": [2**53 + 1, None, 3],
        "d": [1e300, np.pi, -3.0],
    }
    content = bytearray(path.read_bytes())
    content[-BLOCK + 6 : -BLOCK + 12] = b"oh no!"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"column 'n' cannot be read: .*oh no!"):
        read(path)


def test_the_first_table_among_others(tmp_path: Path) -> None:
    tables = [
        fits.BinTableHDU.from_columns([fits.Column("n", "J", array=np.array([number]))])
        for number in (1, 2)
    ]
    images = [fits.PrimaryHDU(np.ones((3, 3))), fits.ImageHDU(np.ones(2))]
    fits.HDUList([*images, *tables]).writeto(tmp_path / "t.fits")
    assert read(tmp_path / "t.fits") == {"n": [1]}


def test_wide_rows_come_in_small_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoocli.tables.formats.fits.reading.SLICE_BYTES", 100)
    path = write(tmp_path / "t.fits", fits.Column("v", "4D", array=np.ones((10, 4))))
    sizes = [batch.num_rows for batch in open_table(path, RESOURCES).batches(["v"])]
    assert sizes == [3, 3, 3, 1]


def test_no_table(tmp_path: Path) -> None:
    image = fits.CompImageHDU(np.ones((30, 30), np.float32))
    fits.HDUList([fits.PrimaryHDU(np.ones(3)), image]).writeto(tmp_path / "t.fits")
    with pytest.raises(DataError, match="without a table: it holds only images"):
        open_table(tmp_path / "t.fits", RESOURCES)


def test_repeated_names(tmp_path: Path) -> None:
    columns = {"TTYPE1": "a", "TFORM1": "J", "TTYPE2": "a", "TFORM2": "J", "TTYPE3": "b"}
    path = tmp_path / "t.fits"
    path.write_bytes(by_hand(columns | {"TFORM3": "J"}, 12, np.arange(6, dtype=">i4").tobytes()))
    assert read(path, ["b"]) == {"b": [2, 5]}
    with pytest.raises(DataError, match="more than one column called 'a'"):
        read(path, ["a"])


@pytest.mark.parametrize("codec", [None, "gzip", "zstd"])
def test_cut_short(tmp_path: Path, codec: str | None) -> None:
    columns = {"TTYPE1": "a", "TFORM1": "J"}
    numbers = np.random.default_rng(1).integers(0, 2**31, 20_000)
    content = by_hand(columns, 4, numbers.astype(">i4").tobytes())
    endings = {None: "fits", "gzip": "fits.gz", "zstd": "fits.zst"}
    whole = content if codec is None else pa.compress(content, codec, asbytes=True)
    path = tmp_path / f"t.{endings[codec]}"
    path.write_bytes(whole)
    assert read(path, rows=10**6)["a"] == numbers.tolist()
    for size in (len(whole) // 2, 5000, 3000, 2000, 100):
        path.write_bytes(whole[:size])
        with pytest.raises(
            DataError, match=r"cannot be (read as FITS|decompressed)|without a table"
        ):
            read(path, rows=10**6)


def test_a_gzipped_file_whose_checksum_is_wrong(tmp_path: Path) -> None:
    content = by_hand({"TTYPE1": "a", "TFORM1": "J"}, 4, bytes(400))
    path = tmp_path / "t.fits.gz"
    path.write_bytes(gzip.compress(content)[:-8] + b"damaged!")
    with pytest.raises(DataError, match=r"CRC|data check"):
        read(path)


@pytest.mark.parametrize(
    "cards, why",
    [
        ({"TFORM1": "Z"}, "the format 'Z', which FITS does not have"),
        ({"TFORM1": "9J"}, "wider than its rows"),
        ({"TFORM1": "J", "TDIM1": "(9,9)"}, "larger by its TDIM"),
        ({"TFORM1": "J", "TNULL1": "no"}, "TNULL is 'no'"),
        ({"TFORM1": "J", "TSCAL1": "no"}, "TSCAL or TZERO is 'no'"),
        ({"TTYPE1": "a"}, "TFORM1"),
    ],
)
def test_headers_without_sense(tmp_path: Path, cards: dict[str, object], why: str) -> None:
    path = tmp_path / "t.fits"
    path.write_bytes(by_hand(cards | {"TFORM2": "J"}, 8, bytes(40)))
    with pytest.raises(DataError, match=f"its header is invalid: .*{why}"):
        open_table(path, RESOURCES)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_anywhere_is_a_data_error_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    columns = {"TTYPE1": "id", "TFORM1": "4A", "TNULL2": 3, "TTYPE2": "n", "TFORM2": "2J"}
    content = bytearray(by_hand(columns, 12, bytes(range(120))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.fits"
    path.write_bytes(content)
    try:
        rows = read(path, rows=100)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert all(len(cells) <= 10**6 for cells in rows.values())


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "t.fits"
    path.write_bytes(by_hand({"TTYPE1": "id", "TFORM1": "2A"}, 2, b"\xff\xfe"))
    with pytest.raises(DataError, match="'id' cannot be read: some bytes are not text in UTF-8"):
        read(path)


def test_without_astropy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "t.fits", fits.Column("a", "J", array=np.array([1])))
    monkeypatch.setitem(sys.modules, "astropy.io.fits", None)
    with pytest.raises(MachineError, match=r"needs the package astropy.*pip install 'zoocli\[as"):
        open_table(path, RESOURCES)
    with pytest.raises(MachineError, match="Writing FITS needs the package astropy"):
        save(pa.table({"a": [1]}), tmp_path / "new.fits")
    assert [one.name for one in tmp_path.iterdir()] == ["t.fits"]


MIXED = pa.table(
    {
        "id": ["a", None, "it's"],
        "d": pa.array([1.5, None, -0.0]),
        "f": pa.array([0.1, None, 3.0], pa.float32()),
        "h": pa.array([1.5, 2.0, 65504.0], pa.float16()),
        "k": pa.array([2**53 + 1, None, -(2**63)]),
        "i": pa.array([2**31 - 1, None, -(2**31) + 1], pa.int32()),
        "b1": pa.array([255, None, 0], pa.uint8()),
        "s1": pa.array([-128, None, 127], pa.int8()),
        "u4": pa.array([2**32 - 1, None, 0], pa.uint32()),
        "u8": pa.array([2**64 - 1, 2**63, 2**53 + 1], pa.uint64()),
        "n8": pa.array([2**63 - 1, None, 0], pa.uint64()),
        "b": [True, None, False],
        "smooth-or-featured_total-votes": pa.array([5, 6, 7], pa.int32()),
    }
)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    path = save(MIXED, tmp_path / "t.fits")
    got, expected = read(path), MIXED.to_pydict()
    for name in ("d", "f"):  # null is NaN
        assert np.isnan(got[name][1])
        got[name][1] = None
    expected["id"][1] = ""
    assert got == expected
    assert str(got["d"][2]) == "-0.0"


def test_astropy_reads_what_is_written(tmp_path: Path) -> None:
    path = save(MIXED.drop_columns(["b"]), tmp_path / "t.fits")
    assert path.stat().st_size % BLOCK == 0
    with fits.open(path) as parts:
        parts.verify("exception")
    table = AstropyTable.read(path)
    assert table.colnames == MIXED.drop_columns(["b"]).column_names
    for name in table.colnames:
        cells = [cell.as_py() for cell in MIXED[name]]
        got = [None if value is np.ma.masked else value for value in table[name]]
        assert got == [cell.item() if hasattr(cell, "item") else cell for cell in cells], name


def test_the_metadata_in_the_header(tmp_path: Path) -> None:
    metadata = {
        "signature": "it's 100 % | sound & é ☃ " + "word  " * 300,
        "groups": {"questions": [f"question-{number}" for number in range(200)]},
        "nothing": None,
    }
    path = save(pa.table({"a": [1]}), tmp_path / "t.fits", metadata)
    assert open_table(path, RESOURCES).metadata == metadata
    with fits.open(path) as parts:
        assert json.loads(parts[1].header["ZOOCLI"]) == metadata


def test_the_same_bytes_again(tmp_path: Path) -> None:
    paths = [save(MIXED, tmp_path / name, {"a": 1}) for name in ("a.fits", "b.fits")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_no_rows(tmp_path: Path) -> None:
    path = save(MIXED[:0], tmp_path / "t.fits")
    assert read(path) == {name: [] for name in MIXED.column_names}
    assert len(AstropyTable.read(path)) == 0


@pytest.mark.parametrize(
    "table, why",
    [
        (pa.table({"v": [[1.0]]}), "column 'v' holds list"),
        (pa.table({"id": ["é"]}), "ASCII"),
        (pa.table({"id": ["a "]}), "without a trailing blank"),
        (pa.table({"id": ["a\nb"]}), "ASCII"),
        (pa.table({"é": [1]}), "ASCII"),
        (pa.table({"n" * 69: [1]}), "more than 68 characters"),
        (pa.table({f"n{number}": [1] for number in range(1000)}), "at most 999"),
        (pa.table({"u": pa.array([2**64 - 1, None, 0], pa.uint64())}), "no number is left"),
    ],
    ids=["list", "accent", "blank", "line", "name", "long name", "columns", "nulls"],
)
def test_what_cannot_be_stored(tmp_path: Path, table: pa.Table, why: str) -> None:
    with pytest.raises(DataError, match=f"cannot be written as fits: .*{why}"):
        save(table, tmp_path / "t.fits")
    assert not list(tmp_path.iterdir())


MEASURE = """
import resource, sys
import numpy as np, pyarrow as pa
from pathlib import Path
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table
from zoocli.tables.writing.sinks import FileSink

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

path, rows = Path(sys.argv[1]), int(sys.argv[2])
warm = path.with_name("warm.fits")
schema = pa.schema([("id", pa.int64())] + [(f"c{n}", pa.float64()) for n in range(9)])
def write(path, rows):
    with FileSink(path) as sink:
        sink.open(schema)
        for start in range(0, rows, 1 << 16):
            count = min(1 << 16, rows - start)
            cells = [np.arange(start, start + count)] + [np.full(count, float(n)) for n in range(9)]
            sink.write(pa.record_batch([pa.array(one) for one in cells], schema=schema))
        sink.commit({})
def read(path):
    table = open_table(path, Resources(1, 10**9))
    return sum(batch["id"][-1].as_py() - batch["id"][0].as_py() + 1
               for batch in table.batches(table.column_names))
write(warm, 600_000)
read(warm)
before = peak()
write(path, rows)
assert read(path) == rows
print(peak() - before)
"""


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """2 million rows of 80 bytes, 160 MB, are written and read after a smaller table."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "t.fits"), "2000000"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 40  # MB


PUBLISHED = [SHARED_DATA / f"gz2-stripe82.{ending}.gz" for ending in ("csv", "fits")]
needs_published = pytest.mark.skipif(
    not all(path.exists() for path in PUBLISHED), reason="the real GZ2 tables are not here"
)


@needs_published
def test_the_published_tables_agree() -> None:
    """The same real table in two formats: ids above 2^53 and every count."""
    tables = [open_table(path, RESOURCES) for path in PUBLISHED]
    counts = [name for name in tables[0].column_names if name.endswith("_count")]
    got = []
    for table in tables:
        batches = list(table.batches(["objid", *counts], dict.fromkeys(counts, pa.float64())))
        whole = pa.Table.from_batches(batches)
        kinds = [("objid", pa.string()), *((name, pa.float64()) for name in counts)]
        got.append(whole.cast(pa.schema(kinds)))
    assert got[0].equals(got[1])
    assert len(counts) == 37 and min(map(int, got[0]["objid"].to_pylist())) > 2**53


@needs_published
def test_the_published_tables_score_alike() -> None:
    """Identical scores, account and fingerprint of the votes, through the columns of the schema."""
    batches = open_table(PUBLISHED[1]).batches(["objid"])
    ids = [one for batch in batches for one in batch["objid"].to_pylist()]
    random = np.random.default_rng(3)
    answers = zoocli.load_schema("gz2-ortho").label_cols
    predictions = pa.table(
        {"objid": ids, **{answer: random.uniform(1, 101, len(ids)) for answer in answers}}
    )
    with pytest.warns(zoocli.ZoocliWarning, match="as in the catalogue gz2"):
        scores = [zoocli.score(predictions, path) for path in PUBLISHED]
    assert scores[0].num_rows == len(ids)
    assert scores[0].equals(scores[1], check_metadata=True)
