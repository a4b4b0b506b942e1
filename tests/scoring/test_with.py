"""`--with`: columns of a further table, joined by id."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zoocli
from tests.command import done_well, read, run, small_predictions, small_votes, write, write_tree

IDS = [f"g{number}" for number in range(8)]
TABLES = ("p.csv", "v.csv", "-s", "tree.yaml")


pytestmark = pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tree(tmp_path)
    write(tmp_path / "p.csv", small_predictions(IDS))
    write(tmp_path / "v.csv", small_votes(IDS))
    mixed = [*reversed(IDS[:6]), "unknown"]
    z = [0.1 * int(one[1]) if one in IDS else 9.0 for one in mixed]
    write(tmp_path / "z.csv", {"id": mixed, "z": z, "survey": [f"s{one}" for one in mixed]})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_kept_columns_are_those_of_the_same_galaxy(folder: Path) -> None:
    keep = ("--keep", "survey", "--keep", "z")
    done_well("score", *TABLES, "--with", "z.csv", *keep, "-o", "out.parquet")
    table = read(folder / "out.parquet")
    assert table.column_names[:3] == ["id", "survey", "z"]
    assert table["survey"].to_pylist() == [f"s{one}" for one in IDS[:6]] + [None, None]
    done_well("score", *TABLES, "-o", "plain.parquet")
    assert table["loss"].equals(read(folder / "plain.parquet")["loss"])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_conditions_and_bins(folder: Path, suffix: str) -> None:
    write(folder / f"z.{suffix}", read_columns(folder))
    given = ("--with", f"z.{suffix}", "--where", "z > 0.15 and survey != 'sg4'")
    done_well("score", *TABLES, *given, "--keep", "z", "-o", "out.parquet")
    assert read(folder / "out.parquet")["id"].to_pylist() == ["g2", "g3", "g5"]
    shown = json.loads(done_well("evaluate", *TABLES, *given, "-f", "json").out)
    assert shown["matching"]["matched"] == 3 and shown["matching"]["excluded"] == 5
    done = done_well("rank", "a=p.csv", "b=p.csv", "v.csv", "-s", "tree.yaml", *given, "-f", "json")
    assert json.loads(done.out)["galaxies"] == 3
    assert done_well("check", *TABLES, *given)


def read_columns(folder: Path) -> dict[str, list[object]]:
    table = zoocli.score("p.csv", "v.csv", "tree.yaml", with_="z.csv", keep=["z", "survey"])
    chosen = table.select(["id", "z", "survey"]).to_pydict()
    chosen["z"] = [None if one is None else float(one) for one in chosen["z"]]
    return chosen


def test_several_tables_and_data_frames(folder: Path) -> None:
    first = pa.table({"name": ["g1", "g0"], "mass": [1.5, 2.5]}).rename_columns(["id", "mass"])
    second = pa.table({"id": IDS, "flag": list(range(8))})
    found = zoocli.score(
        "p.csv", "v.csv", "tree.yaml", with_=[first, second], where="mass > 2 or flag == 7"
    )
    assert found["id"].to_pylist() == ["g0", "g7"]  # of g7 the mass is not known
    only_votes = zoocli.score("p.csv", "v.csv", "tree.yaml", with_=second, where="flag >= 6")
    assert only_votes["id"].to_pylist() == ["g6", "g7"]


def test_nothing_else_of_it_is_used(folder: Path) -> None:
    """Not even columns that are called like answers."""
    write(folder / "other.csv", small_votes(IDS) | {"z": list(range(8))})
    done_well("score", *TABLES, "--with", "other.csv", "--keep", "z", "-o", "out.parquet")
    done_well("score", *TABLES, "-o", "plain.parquet")
    table = read(folder / "out.parquet")
    assert table.drop_columns(["z"]).equals(
        read(folder / "plain.parquet").replace_schema_metadata(table.schema.metadata)
    )


def test_on_a_cluster_and_in_shards(folder: Path) -> None:
    given = (*TABLES, "--with", "z.csv", "--keep", "z", "--where", "z > 0.05")
    done_well("score", *given, "-o", "whole.parquet")
    whole = read(folder / "whole.parquet")
    parts = []
    for part in (1, 2):
        done_well("score", *given, "-o", f"{part}.parquet", "--shard", f"{part}/2")
        parts.append(read(folder / f"{part}.parquet"))
    assert pa.concat_tables(parts)["id"].to_pylist() == whole["id"].to_pylist()
    done_well("score", *given, "-o", "dask", "--engine", "dask", "--partitions", "2")
    assert pq.read_table(folder / "dask")["z"].to_pylist() == whole["z"].to_pylist()


@pytest.mark.parametrize(
    ("content", "options", "code", "said"),
    [
        ({"id": ["g1", "g1"], "z": [1, 2]}, ("--keep", "z"), 3, "such as 'g1'"),
        ({"id": [], "z": []}, ("--keep", "z"), 3, "has no rows"),
        ({"a": [1], "z": [2]}, ("--keep", "z"), 3, "id"),
        ({"id": ["g1"], "z": [2]}, ("--keep", "y"), 3, "'y'"),
        ({"id": ["g1"], "z": [2]}, (), 2, "--with is for columns that --keep, --by, --link or"),
    ],
)
def test_what_is_refused(
    folder: Path, content: dict[str, list[object]], options: tuple[str, ...], code: int, said: str
) -> None:
    write(folder / "z.csv", content)
    done = run("score", *TABLES, "--with", "z.csv", *options, "-o", "out.csv")
    assert done.code == code and said in done.err
    assert not (folder / "out.csv").exists()


def test_it_is_an_input(folder: Path) -> None:
    done = run("score", *TABLES, "--with", "z.csv", "--keep", "z", "-o", "z.csv")
    assert done.code == 2 and "also an input" in done.err
