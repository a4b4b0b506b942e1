"""What version 0.1.0 wrote is still read."""

from __future__ import annotations

import json

import pytest

from tests.command import done_well
from tests.conftest import ROOT

OLD = ROOT / "tests" / "reference" / "0.1.0"
WHOLE = json.loads((OLD / "summary.json").read_text())


@pytest.mark.parametrize("name", ["scores.parquet", "summary.json"])
def test_scores_tables_and_summaries(name: str) -> None:
    found = json.loads(done_well("summarize", OLD / name, "--format", "json").out)
    for key in ("signature", "version", "loss", "schema", "matching"):
        assert found[key] == WHOLE[key]
    assert found["version"] == "0.1.0"
    assert found["overall"] == pytest.approx(WHOLE["overall"])
    assert found["questions"]["ring"] == pytest.approx(WHOLE["questions"]["ring"])


def test_shards_are_merged() -> None:
    shards = [OLD / f"shard-{number}.json" for number in (1, 2)]
    found = json.loads(done_well("merge", *shards).out)
    assert found["overall"] == pytest.approx(WHOLE["overall"])
    assert found["matching"] == WHOLE["matching"]


def test_scores_tables_are_compared() -> None:
    tables = [OLD / f"{name}.parquet" for name in ("scores", "blurred")]
    found = json.loads(done_well("compare", *tables, "--format", "json").out)
    overall = found["systems"][0]["overall"]
    assert overall["mean_baseline"] == pytest.approx(WHOLE["overall"]["mean"])
    assert overall["difference"] > 0 and overall["galaxies"] == 60
