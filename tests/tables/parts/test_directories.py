"""Directories, partitions and patterns: which files are read, in which order."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from tests.command import ANSWERS, done_well, read, run, small_predictions, small_votes, write_tree
from tests.command import write as write_table
from tests.conftest import ROOT
from zoocli.errors import DataError
from zoocli.foundation.resources import Resources
from zoocli.tables import Table, open_table

RESOURCES = Resources(2, 10**9)


def put(folder: Path, *names: str) -> None:
    """Files in the formats of their endings, whose only row holds the file's own name."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({"x": [name]})
        if path.suffix in (".parquet", ".pq"):
            pq.write_table(table, path)
        elif path.suffix in (".arrow", ".feather"):
            pyarrow.feather.write_feather(table, path)
        elif path.suffix in (".csv", ".tsv"):
            pyarrow.csv.write_csv(table, path)
        else:
            path.write_text(f"{name}\n")


def rows(table: Table, columns: list[str]) -> list[dict[str, Any]]:
    return [row for batch in table.batches(columns) for row in batch.to_pylist()]


def files(source: Path | str) -> list[str]:
    return [row["x"] for row in rows(open_table(source, RESOURCES), ["x"])]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv"])
def test_numbers_in_names_count_as_numbers(tmp_path: Path, ending: str) -> None:
    names = ["a-2.", "a-10.", "a-10b.", "b/9.", "b/010.", "b/10.", "b/11/0.", "c."]
    names = [name + ending for name in names]
    put(tmp_path, *reversed(names), "README.txt", "_SUCCESS", "_metadata", ".crc.parquet")
    assert files(tmp_path) == names
    assert open_table(tmp_path, RESOURCES).name == str(tmp_path)


@pytest.mark.parametrize(
    "names", [("a.parquet", "b.csv"), ("a.feather", "b/c.parquet"), ("a.csv.gz", "b.arrow")]
)
def test_files_of_several_formats_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    put(tmp_path, *names)
    with pytest.raises(DataError, match="holds files of several formats: '") as caught:
        open_table(tmp_path, RESOURCES)
    assert all(name in str(caught.value) for name in names)


def test_links_are_followed_once(tmp_path: Path) -> None:
    put(tmp_path, "far/a.parquet", "near/b.parquet")
    (tmp_path / "near" / "link").symlink_to("../far")
    (tmp_path / "far" / "back").symlink_to("../near")
    assert files(tmp_path / "near") == ["near/b.parquet", "far/a.parquet"]
    (tmp_path / "far" / "gone.parquet").symlink_to("nowhere")
    with pytest.raises(DataError, match=r"no file '.*gone\.parquet'"):
        open_table(tmp_path / "far", RESOURCES)


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.parquet", "b/c.parquet")
    listed = os.scandir

    def refuse(path: str) -> Any:
        if str(path).endswith("b"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"b' cannot be read: Permission denied"):
        open_table(tmp_path, RESOURCES)


def test_keys_of_folders_are_columns(tmp_path: Path) -> None:
    put(
        tmp_path,
        "survey=dr8/n=2/tile=01/s%20=a%2Fb/0.parquet",
        "survey=dr5/n=10/tile=2/s%20=c=d/1.parquet",
        "survey=dr5/n=__HIVE_DEFAULT_PARTITION__/tile=2/s%20=/1.parquet",
    )
    table = open_table(tmp_path, RESOURCES)
    assert table.column_names == ["x", "survey", "n", "tile", "s "]
    assert table.schema.types == [pa.string(), pa.string(), pa.int64(), pa.string(), pa.string()]
    keys = [tuple(row.values()) for row in rows(table, ["n", "s ", "survey", "tile"])]
    assert keys == [(10, "c=d", "dr5", "2"), (None, "", "dr5", "2"), (2, "a/b", "dr8", "01")]
    assert [row["survey"] for row in rows(table, ["x", "survey"])] == ["dr5", "dr5", "dr8"]
    assert table.rows == 3


def test_a_column_goes_before_a_key_of_its_name(tmp_path: Path) -> None:
    put(tmp_path, "x=7/a.parquet")
    assert files(tmp_path) == ["x=7/a.parquet"]


def test_a_key_that_not_all_folders_have_is_no_column(tmp_path: Path) -> None:
    put(tmp_path, "n=1/a.parquet", "b.parquet")
    assert open_table(tmp_path, RESOURCES).column_names == ["x"]


def hats(folder: Path, data: str = "dataset/") -> list[str]:
    """A HATS catalogue, with all that lies in one beside the data."""
    names = [
        "Norder=0/Dir=0/Npix=2.parquet",
        "Norder=0/Dir=0/Npix=11.parquet",
        "Norder=2/Dir=0/Npix=9/part-0.parquet",
        "Norder=2/Dir=10000/Npix=10004.parquet",
        "Norder=10/Dir=0/Npix=3.parquet",
    ]
    names = [data + name for name in names]
    others = ["_metadata", "_common_metadata", "data_thumbnail.parquet", "margin/m.parquet"]
    put(folder, *reversed(names), *(data + name for name in others))
    put(folder, "partition_info.csv", "point_map.fits", "skymap.fits")
    (folder / "hats.properties").write_text("# made by hand\ndataproduct_type=object\n")
    return names


@pytest.mark.parametrize("data", ["dataset/", ""])
def test_a_hats_catalogue(tmp_path: Path, data: str) -> None:
    assert hats(tmp_path, data) == files(tmp_path)
    table = open_table(tmp_path, RESOURCES)
    orders = [(row["Norder"], row["Dir"]) for row in rows(table, ["Norder", "Dir"])]
    assert orders == [(0, 0), (0, 0), (2, 0), (2, 10000), (10, 0)]


def test_a_hats_collection_and_its_margin(tmp_path: Path) -> None:
    names = hats(tmp_path / "galaxies")
    hats(tmp_path / "galaxies_5arcs")
    margin = tmp_path / "galaxies_5arcs" / "hats.properties"
    margin.write_text("obs_collection = x\ndataproduct_type = margin\n")
    (tmp_path / "collection.properties").write_text("hats_primary_table_url=galaxies\n")
    assert files(tmp_path) == names
    with pytest.raises(DataError, match="is the margin cache of a HATS catalogue"):
        open_table(margin.parent, RESOURCES)


def test_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["p/survey=dr5/a-2.parquet", "p/survey=dr5/a-10.parquet", "p/survey=dr8/b.parquet"]
    put(tmp_path, *names, "p/survey=dr5/_x.parquet", "p/survey=dr5/notes.txt")
    monkeypatch.chdir(tmp_path)
    assert files("p/survey=*/*.parquet") == names
    assert files("p/survey=*/a-?.parquet") == names[:1]
    assert files("p/survey=dr[58]/*.parquet") == names
    assert files("p/**/*.parquet") == files("p/survey=*") == files(tmp_path / "p*") == names
    table = open_table("p/*/*.parquet", RESOURCES)
    assert table.name == "p/*/*.parquet"
    assert [row["survey"] for row in rows(table, ["survey"])] == ["dr5", "dr5", "dr8"]
    assert open_table("p/survey=dr5/*.parquet", RESOURCES).column_names == ["x"]
    put(tmp_path, "q/[12]*.parquet", "q/1.parquet")
    assert files("q/[12]*.parquet") == ["q/[12]*.parquet"]
    for pattern in ("p/*.arrow", "nowhere/*.parquet", "p/survey=dr5/_*"):
        with pytest.raises(DataError, match="No file matches '"):
            open_table(pattern, RESOURCES)


@pytest.mark.parametrize(
    "address",
    ["s3://bucket/*.parquet", "hf://datasets/x/*.csv", "gs:/b/x.csv", "https://x.org/a?b=1"],
)
def test_remote_patterns(address: str) -> None:
    with pytest.raises(DataError, match="is a remote address"):
        open_table(address, RESOURCES)
    with pytest.raises(DataError, match="is a remote address"):
        open_table(Path(address), RESOURCES)


def test_scores_of_partitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the command line: keys are kept, and no part of a pattern is written over."""
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path)
    write_table(Path("v.csv"), small_votes(["a", "b", "c", "d"]))
    for survey, ids in (("dr8", ["c", "d"]), ("dr5", ["a", "b"])):
        Path(f"p/survey={survey}").mkdir(parents=True)
        write_table(Path(f"p/survey={survey}/part-0.parquet"), small_predictions(ids))
    options = ("v.csv", "-s", "tree.yaml", "--keep", "survey")
    for source in ("p", "p/*", "p/survey=*/part-*.parquet"):
        done_well("score", source, *options, "-o", "s.parquet")
        scores = read(Path("s.parquet"))
        assert scores["id"].to_pylist() == ["a", "b", "c", "d"]
        assert scores["survey"].to_pylist() == ["dr5", "dr5", "dr8", "dr8"]
        done = run("score", source, *options, "-o", "p/survey=dr5/part-0.parquet")
        assert done.code == 2 and "also an input" in done.err
    assert set(ANSWERS) < set(open_table("p", RESOURCES).column_names)


OPEN_PARTS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
from zoocli.tables import open_table
table = open_table(".")
assert len({id(part.schema) for part in table.parts}) == 1
print(sum(batch.num_rows for batch in table.batches(["x"])))
"""


@pytest.mark.parametrize(
    ("ending", "parts", "limit"), [("parquet", 300, 256), ("arrow", 300, 256), ("jsonl.gz", 70, 64)]
)
def test_more_parts_than_files_may_be_open(
    tmp_path: Path, ending: str, parts: int, limit: int
) -> None:
    first = tmp_path / f"part-0.{ending}"
    if ending == "jsonl.gz":
        first.write_bytes(gzip.compress(b'{"x": 1}\n'))
    else:
        write_table(first, {"x": [1]})
    for number in range(1, parts):
        os.link(first, tmp_path / f"part-{number}.{ending}")
    done = subprocess.run(
        [sys.executable, "-c", OPEN_PARTS, str(limit)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == (f"{parts}\n", "")


def test_compressed_files_are_told_by_what_they_hold(tmp_path: Path) -> None:
    line = b'{"x": "a"}\n'
    (tmp_path / "lines.txt").write_bytes(gzip.compress(line))
    table = open_table(tmp_path / "lines.txt", RESOURCES)
    assert table.format == "JSON lines" and rows(table, ["x"]) == [{"x": "a"}]
