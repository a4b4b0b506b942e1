"""Every JSON output is what `outputs.schema.json` says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.command import done_well, run
from tests.conftest import ROOT

CONTRACT = json.loads((ROOT / "zoocli" / "report" / "outputs.schema.json").read_text())
SAMPLE = ROOT / "sample_data"
TREE = (SAMPLE / "predictions.parquet", SAMPLE / "votes.parquet")
CLASSES = (
    *(SAMPLE / "class-predictions.csv", SAMPLE / "class-labels.csv"),
    *("-l", "ce", "--scale", "logits"),
)
VALUES = (SAMPLE / "value-predictions.csv", SAMPLE / "value-labels.csv", "-l", "mse")


def conforms(content: Any, name: str) -> None:
    jsonschema.validate(content, CONTRACT | {"$ref": f"#/$defs/{name}"})
    assert content["schema_version"] == 1


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(CONTRACT)


@pytest.mark.parametrize("inputs", [TREE, CLASSES, VALUES], ids=["tree", "classes", "values"])
@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("score", "--summary", "-"), "summary"),
        (("evaluate", "-f", "json"), "evaluation"),
        (("check", "-f", "json"), "check"),
    ],
)
def test_of_one_model(command: tuple[str, ...], name: str, inputs: tuple[Any, ...]) -> None:
    first, *rest = command
    conforms(json.loads(done_well(first, *inputs, *rest).out), name)


@pytest.mark.parametrize("inputs", [TREE, CLASSES, VALUES], ids=["tree", "classes", "values"])
def test_of_several_models(tmp_path: Path, inputs: tuple[Any, ...]) -> None:
    models = [f"{name}={inputs[0]}" for name in ("one", "other")]
    conforms(json.loads(done_well("rank", *models, *inputs[1:], "-f", "json").out), "ranking")
    scores = [tmp_path / f"{name}.parquet" for name in ("one", "other")]
    for table in scores:
        done_well("score", *inputs, "-o", table)
    conforms(json.loads(done_well("compare", *scores, "--format", "json").out), "comparison")
    for one in json.loads(done_well("summarize", *scores, "--format", "json").out):
        conforms(one, "summary")


def test_of_shards_bins_conditions_and_text(tmp_path: Path) -> None:
    parts = []
    for part in (1, 2):
        parts.append(tmp_path / f"{part}.json")
        done_well("score", *TREE, "--summary", parts[-1], "--shard", f"{part}/2")
        conforms(json.loads(parts[-1].read_text()), "summary")
    conforms(json.loads(done_well("merge", *parts).out), "summary")
    table = tmp_path / "scores.csv"
    done_well("score", *TREE, "-o", table, "--where", "votes.`bar-dr5_no` > 3")
    for by in ("bar-dr5_total-votes:3", "bar-dr5_total-votes:1,5"):
        shown = done_well("summarize", table, "--by", by, "--format", "json").out
        conforms(json.loads(shown), "summary")
    done_well("evaluate", *TREE, "-o", tmp_path / "evaluation", "--no-report")
    conforms(json.loads((tmp_path / "evaluation" / "metrics.json").read_text()), "evaluation")
    by = ("--by", "bar-dr5_no:2,5", "-f", "json")
    conforms(json.loads(done_well("evaluate", *TREE, *by).out), "evaluation")
    where = ("--where", "votes.`bar-dr5_no` > 3", "-f", "json")
    conforms(json.loads(done_well("evaluate", *TREE, *where).out), "evaluation")
    conforms(json.loads(done_well("show", "300000_617", *TREE, "-f", "json").out), "galaxy")


def test_of_what_is_wrong(tmp_path: Path) -> None:
    absent = run("check", tmp_path / "absent.csv", TREE[1], "-f", "json")
    conforms(json.loads(absent.out), "check")
    conforms(json.loads(run("check", TREE[1], TREE[0], "-f", "json").out), "check")


def test_what_an_earlier_version_wrote_is_read(tmp_path: Path) -> None:
    """Version 0.1 had neither `schema_version` nor `predictions`."""
    path = tmp_path / "old.json"
    content = json.loads(done_well("score", *TREE, "--summary", "-").out)
    del content["schema_version"], content["predictions"]
    path.write_text(json.dumps(content))
    shown = json.loads(done_well("summarize", path, "--format", "json").out)
    assert shown["overall"] == content["overall"]
    conforms(shown, "summary")
