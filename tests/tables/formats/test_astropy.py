"""Astropy's tables, in memory and from VOTable and ECSV files, against astropy itself."""

from __future__ import annotations

import gzip
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.table import MaskedColumn, QTable
from astropy.table import Table as AstropyTable
from astropy.time import Time
from astropy.utils.data import conf
from astropy.utils.masked import Masked
from hypothesis import given, settings
from hypothesis import strategies as st

import zoocli
from tests.command import small_predictions, small_votes, write_tree
from tests.conftest import ROOT
from zoocli.errors import DataError, MachineError
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table
from zoocli.tables.writing.sinks import FileSink

RESOURCES = Resources(2, 10**9)
ENDINGS = {"votable": "vot", "ascii.ecsv": "ecsv"}


def read(source: Any, columns: list[str] | None = None, rows: int = 2) -> dict[str, list[Any]]:
    table = open_table(source, RESOURCES)
    names = columns or table.column_names
    batches = list(table.batches(names, batch_rows=rows))
    assert all(batch.num_rows <= rows for batch in batches)
    return {name: [cell for batch in batches for cell in batch[name].to_pylist()] for name in names}


def sample() -> AstropyTable:
    return AstropyTable(
        {
            "id": MaskedColumn([2**53 + 1, 2, -(2**62) - 1], mask=[False, True, False]),
            "text": ["a", "é", "z"],
            "x": MaskedColumn([1.5, 2.5, -0.0], mask=[True, False, False]),
            "f": np.array([0.1, np.inf, 3.0], ">f4"),
            "passes": np.arange(6.0).reshape(3, 2),
            "truth": [True, False, True],
        }
    )


CELLS = {
    "id": [2**53 + 1, None, -(2**62) - 1],
    "text": ["a", "é", "z"],
    "x": [None, 2.5, 0.0],
    "f": [np.float32(0.1), np.inf, 3.0],
    "passes": [[0, 1], [2, 3], [4, 5]],
    "truth": [True, False, True],
}


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_a_table_in_memory(rows: int) -> None:
    assert read(sample(), rows=rows) == CELLS
    table = open_table(sample(), RESOURCES, "mine")
    assert (table.rows, table.name) == (3, "mine")
    assert table.type_of("id") == pa.int64()
    assert table.type_of("passes") == pa.list_(pa.float64(), 2)


@pytest.mark.parametrize("format, ending", ENDINGS.items())
@pytest.mark.parametrize("codec", [None, "gzip", "zstd"])
def test_files(tmp_path: Path, format: str, ending: str, codec: str | None) -> None:
    path = tmp_path / f"t.{ending}"
    sample().write(path, format=format)
    if codec is not None:
        content = pa.compress(path.read_bytes(), codec, asbytes=True)
        path = path.with_name(f"{path.name}.{'gz' if codec == 'gzip' else 'zst'}")
        path.write_bytes(content)
    assert read(path) == CELLS
    table = open_table(path, RESOURCES)
    assert table.type_of("id") == pa.int64() and table.rows == 3
    with pytest.raises(DataError, match="has no column 'no'"):
        read(path, ["no"])


@pytest.mark.parametrize("encoding", ["tabledata", "binary2"])
def test_votable_in_every_encoding_told_by_its_content(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "votes"
    sample().write(path, format="votable", tabledata_format=encoding)
    assert read(path) == CELLS


def test_quantities_lose_their_units_and_keep_their_masks() -> None:
    table = QTable({"flux": [1.0, 2.0] * u.Jy, "id": [1, 2]})
    table["masked"] = Masked([1.0, 2.0] * u.km, mask=[True, False])
    table["when"] = Time([1.0, 2.0], format="mjd")
    assert read(table, ["masked", "flux"]) == {"masked": [None, 2.0], "flux": [1.0, 2.0]}
    with pytest.raises(DataError, match="column 'when' holds objects of the type Time"):
        read(table, ["id", "when"])


def test_bytes_lose_blanks_at_their_end_and_text_keeps_them() -> None:
    table = AstropyTable({"b": np.array([b"a  ", b" b", b""]), "t": ["a  ", " b", ""]})
    assert read(table) == {"b": ["a", " b", ""], "t": ["a  ", " b", ""]}


@pytest.mark.parametrize(
    "column, what",
    [
        (np.ones(2, complex), "complex128"),
        (np.ones((2, 3, 4)), r"shape \(3, 4\)"),
        (np.array([["a", "b"]] * 2), r"shape \(2,\)"),
        (np.ones(2, np.longdouble), "values"),
        (np.array(["2020-01-01"] * 2, "M8[D]"), "datetime64"),
    ],
    ids=str,
)
def test_columns_that_are_refused_when_they_are_read(column: Any, what: str) -> None:
    table = AstropyTable({"id": [1, 2], "bad": column})
    assert read(table, ["id"]) == {"id": [1, 2]}
    with pytest.raises(DataError, match=f"column 'bad' holds .*{what}"):
        read(table, ["bad"])


def test_objects_that_are_no_text() -> None:
    table = AstropyTable({"o": np.array(["a", None, 3], object)})
    with pytest.raises(DataError, match="'o' cannot be read: a cell is a int, not text"):
        read(table, rows=3)


def test_scoring_from_python(tmp_path: Path) -> None:
    """An astropy Table scores like the same numbers in an Arrow table."""
    predictions, votes, tree = small_predictions(), small_votes(), write_tree(tmp_path)
    expected = zoocli.score(pa.table(predictions), pa.table(votes), tree)
    assert zoocli.score(AstropyTable(predictions), AstropyTable(votes), tree).equals(expected)


NETWORKED = """<?xml version="1.0"?>
<VOTABLE version="1.3"><RESOURCE><TABLE><FIELD name="a" datatype="int"/>
<DATA><BINARY><STREAM {attributes} /></BINARY></DATA></TABLE></RESOURCE></VOTABLE>
"""


@pytest.mark.parametrize(
    "content",
    [
        NETWORKED.format(attributes='href="http://localhost:9/x"'),
        NETWORKED.format(attributes='\n encoding="a>b"\thref = "file:///etc/hostname"'),
        NETWORKED.replace("<VOTABLE", '<!DOCTYPE v [<!ENTITY a "b">]><VOTABLE'),
        NETWORKED.replace(
            "<VOTABLE", '<!DOCTYPE v [<!ATTLIST STREAM href CDATA "http://localhost:9">]><VOTABLE'
        ),
        NETWORKED.format(attributes='href="x"').replace("STREAM", "v:STREAM"),
        NETWORKED.format(attributes='xlink:href="x"').replace('"?>', '" encoding="latin-1"?>'),
        NETWORKED.format(attributes='hr&#101;f="x" href="é"').replace("hr&#101;f", "other"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "gzip"])
def test_nothing_is_fetched(
    tmp_path: Path, content: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    path = tmp_path / "t.vot"
    if encoding.startswith("utf-16"):
        content = content.replace('"?>', '" encoding="utf-16"?>').replace('encoding="latin-1" ', "")
        if encoding == "utf-16-be":
            content = "\ufeff" + content
    elif "latin-1" in content:
        encoding = "latin-1"
    path.write_bytes(
        gzip.compress(content.encode()) if encoding == "gzip" else content.encode(encoding)
    )
    with pytest.raises(DataError, match="refers to rows stored elsewhere"):
        open_table(path, RESOURCES)
    assert conf.allow_internet  # as it was


ONE_ROW = """<?xml version="1.0"?><VOTABLE version="1.3"><RESOURCE><TABLE>
<FIELD name="id" datatype="{id}"/><FIELD name="{name}" datatype="{type}"/>
<FIELD name="b" datatype="int"/>
<DATA><TABLEDATA><TR><TD>1</TD><TD>{value}</TD><TD>1</TD></TR>
</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
"""


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "short", "value": "99999"},
        {"type": "unsignedByte", "value": "300"},
        {"type": "int", "value": "-3000000000"},
        {"type": "char", "value": "12"},
        {"name": "b"},
    ],
    ids=str,
)
def test_values_that_their_type_does_not_hold_are_refused(tmp_path: Path, wrong: Any) -> None:
    path = tmp_path / "t.vot"
    right = {"id": "int", "name": "a", "type": "int", "value": "7"}
    path.write_text(ONE_ROW.format(**right))
    assert open_table(path, RESOURCES).column_names == ["id", "a", "b"]
    path.write_text(ONE_ROW.format(**right | wrong))
    with pytest.raises(DataError, match=re.escape(str(path))):
        open_table(path, RESOURCES)


@pytest.mark.parametrize("format, ending", ENDINGS.items())
def test_damage(tmp_path: Path, format: str, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    sample().write(path, format=format)
    whole = path.read_bytes()
    for content in (whole[:60], b"\xff" + whole, b"", whole.replace(b"9007199254740993", b"oh no")):
        path.write_bytes(content)
        with pytest.raises(DataError):
            open_table(path, RESOURCES)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damage_anywhere_is_a_data_error_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    format, ending = data.draw(st.sampled_from(list(ENDINGS.items())))
    path = tmp_path_factory.getbasetemp() / f"damaged.{ending}"
    sample().write(path, format=format, overwrite=True)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        rows = read(path)
    except DataError as error:
        assert path.name in str(error)
    else:
        assert all(len(cells) <= 4 for cells in rows.values())


@pytest.mark.parametrize("name", ["t.ecsv", "t.vot"])
def test_without_astropy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).write_text("x")
    monkeypatch.setitem(sys.modules, "astropy.table", None)
    monkeypatch.setitem(sys.modules, "astropy.io.votable", None)
    with pytest.raises(MachineError, match=r"needs the package astropy"):
        open_table(tmp_path / name, RESOURCES)


def test_astropy_is_imported_for_its_formats_alone(tmp_path: Path) -> None:
    code = """
import sys, pyarrow as pa
from zoocli.tables import open_table
table = open_table(pa.table({"a": [1]}))
assert list(table.batches(["a"]))
print(*[name for name in ("astropy", "h5py") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == ""


def save(table: pa.Table, path: Path) -> Path:
    with FileSink(path) as sink:
        sink.open(table.schema)
        for batch in table.to_batches():
            sink.write(batch)
        sink.commit({"signature": "not kept"})
    return path


WRITTEN = pa.table(
    {
        "id": ["a", None, 'it\'s, "so"'],
        "d": pa.array([0.1, None, float("-inf")]),
        "f": pa.array([0.1, None, 3.0], pa.float32()),
        "k": pa.array([2**63 - 1, None, -(2**63)]),
        "u8": pa.array([2**64 - 1, None, 0], pa.uint64()),
        "truth": [True, None, False],
        "a: {b}, #c-d": pa.array([1, 2, 3], pa.int32()),
    }
)


def test_astropy_reads_the_ecsv_that_is_written(tmp_path: Path) -> None:
    path = save(WRITTEN, tmp_path / "t.ecsv")
    table = AstropyTable.read(path)
    assert table.colnames == WRITTEN.column_names
    for name in table.colnames:
        got = [None if cell is np.ma.masked else cell for cell in table[name]]
        expected = np.array(WRITTEN[name].to_pylist(), object)
        if name == "f":
            expected[0] = np.float32(0.1)
        assert got == expected.tolist(), name
    kinds = [table[name].dtype.name for name in ("d", "f", "k", "u8", "truth", "a: {b}, #c-d")]
    assert kinds == ["float64", "float32", "int64", "uint64", "bool", "int32"]


def test_ecsv_reads_back(tmp_path: Path) -> None:
    path = save(WRITTEN, tmp_path / "t.ecsv")
    assert read(path) == WRITTEN.to_pydict()
    assert open_table(path, RESOURCES).schema.types == WRITTEN.schema.types
    assert path.read_text().startswith("# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n# - {na")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_floats_in_ecsv_read_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    table = pa.table({"x": values, "n": [0] * len(values)})
    path = save(table, tmp_path_factory.getbasetemp() / "floats.ecsv")
    got = np.array(read(path)["x"], float)
    np.testing.assert_array_equal(got.view(np.int64), _one_nan(np.array(values)).view(np.int64))


def _one_nan(values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), np.nan, values)


@pytest.mark.parametrize(
    "table, why",
    [
        (pa.table({"v": [[1.0]]}), "column 'v' holds list"),
        (pa.table({"id": ["a "]}), "begins or ends in a blank, such as 'a '"),
        (pa.table({"id": ["\ta"]}), "begins or ends in a blank"),
    ],
    ids=["list", "blank", "tab"],
)
def test_what_ecsv_cannot_hold(tmp_path: Path, table: pa.Table, why: str) -> None:
    with pytest.raises(DataError, match=f"cannot be written as ecsv: .*{why}"):
        save(table, tmp_path / "t.ecsv")
    assert not list(tmp_path.iterdir())
