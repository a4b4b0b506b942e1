"""`zoocli catalog --where`."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zoocli
from tests.command import done_well, read, run, small_predictions, write, write_tree

IDS = [f"g{number}" for number in range(40)]
MAGNITUDES = [15.0 + number % 7 if number % 5 else None for number in range(40)]
BRIGHT = [one for one, mag in zip(IDS, MAGNITUDES, strict=True) if mag is not None and mag < 18]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tree(tmp_path)
    for name in ("p.csv", "p.parquet"):
        write(tmp_path / name, small_predictions(IDS) | {"mag": MAGNITUDES})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("options", [(), ("--batch-size", "7", "--threads", "2"), ("--advanced",)])
def test_rows_are_those_of_the_whole(folder: Path, suffix: str, options: tuple[str, ...]) -> None:
    given = (f"p.{suffix}", "-s", "tree.yaml", *options)
    done_well("catalog", *given, "-o", "whole.parquet")
    done = done_well("catalog", *given, "--where", "mag < 18", "-o", "bright.parquet")
    whole, bright = read(folder / "whole.parquet"), read(folder / "bright.parquet")
    assert bright["id"].to_pylist() == BRIGHT
    places = [IDS.index(one) for one in BRIGHT]
    assert bright.equals(whole.take(places))
    assert f"--where does not hold for {40 - len(BRIGHT)} galaxies" in done.err
    metadata = pq.read_metadata(folder / "bright.parquet").metadata
    assert b'"where": "mag < 18"' in metadata[b"zoocli"]


def test_shards_and_a_cluster(folder: Path) -> None:
    given = ("p.parquet", "-s", "tree.yaml", "--where", "mag < 18")
    parts = []
    for part in (1, 2, 3):
        done_well("catalog", *given, "-o", f"{part}.parquet", "--shard", f"{part}/3")
        parts.append(read(folder / f"{part}.parquet")["id"].to_pylist())
    assert [one for part in parts for one in part] == BRIGHT
    done_well("catalog", *given, "-o", "dask", "--engine", "dask", "--partitions", "2")
    assert pq.read_table(folder / "dask")["id"].to_pylist() == BRIGHT


def test_what_is_left_out_may_be_invalid(folder: Path) -> None:
    columns = small_predictions(IDS) | {"mag": MAGNITUDES}
    columns["bar_yes"] = [-1.0 if mag is None or mag >= 18 else 1.0 for mag in MAGNITUDES]
    table = pa.table(columns)
    with pytest.warns(zoocli.ZoocliWarning, match="where="):
        found = zoocli.catalog(table, "tree.yaml", where="mag < 18")
    assert found["id"].to_pylist() == BRIGHT
    with pytest.raises(zoocli.DataError, match="bar_yes"):
        zoocli.catalog(table, "tree.yaml", where="mag < 19")


@pytest.mark.parametrize(
    ("where", "code", "said"),
    [
        ("mag < 3", 3, "--where holds for none of the 40"),
        ("votes.mag < 3", 2, "there are no votes"),
        ("size < 3", 3, "'size'"),
        ("mag <", 2, "is no condition"),
    ],
)
def test_what_is_refused(folder: Path, where: str, code: int, said: str) -> None:
    done = run("catalog", "p.csv", "-s", "tree.yaml", "--where", where, "-o", "out.csv")
    assert done.code == code and said in done.err
    assert not (folder / "out.csv").exists()
