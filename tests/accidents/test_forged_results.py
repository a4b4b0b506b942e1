"""Results with one field or one array forged are refused, or read as what they then say."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.command import done_well, run
from zoocli.errors import DataError
from zoocli.evaluating.evaluation import merge_evaluations
from zoocli.evaluating.sums_file import read_sums

KEY = b"zoocli"
WRONG = ("x", -1, [None], {"a": 1})
GALAXIES = 40


def tree(random: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    votes = {
        "ring_yes": random.integers(0, 20, GALAXIES),
        "ring_no": random.integers(1, 9, GALAXIES),
    }
    votes["z"] = random.random(GALAXIES)
    predicted = {
        "ring_yes": random.uniform(1, 9, GALAXIES),
        "ring_no": random.uniform(1, 9, GALAXIES),
    }
    return predicted, votes, ["--schema", "gz-rings"]


def classes(random: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    shares = random.dirichlet([1, 1, 1], GALAXIES)
    labels = {"kind": random.choice(["a", "b", "c"], GALAXIES), "z": random.random(GALAXIES)}
    options = ["-l", "ce", "--label", "kind", "--scale", "probabilities"]
    return dict(zip("abc", shares.T, strict=True)), labels, options


def values(random: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    predicted = {"redshift": random.random(GALAXIES)}
    true = {"redshift": random.random(GALAXIES), "z": random.random(GALAXIES)}
    return predicted, true, ["-l", "mse", "--label", "redshift"]


@pytest.fixture(params=[tree, classes, values])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder with predictions.csv and votes.csv, and the options to score them with."""
    predicted, votes, options = request.param(np.random.default_rng(7))
    ids = {"id": [f"galaxy {number}" for number in range(GALAXIES)]}
    pd.DataFrame(ids | predicted).to_csv(tmp_path / "predictions.csv", index=False)
    pd.DataFrame(ids | votes).to_csv(tmp_path / "votes.csv", index=False)
    return tmp_path, options


def sums_of(made: tuple[Path, list[str]]) -> Path:
    folder, options = made
    tables = folder / "predictions.csv", folder / "votes.csv"
    more = ["--residual", "redshift"] if "mse" in options else []
    done_well("evaluate", *tables, *options, *more, "--by", "z:2", "-o", folder / "out", "-q")
    return folder / "out" / "sums.parquet"


def places(content: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each field stands; of lists the first items."""
    if place:
        yield place
    items = content.items() if isinstance(content, dict) else ()
    items = [*enumerate(content)][:1] if isinstance(content, list) else items
    for name, item in items:
        yield from places(item, (*place, name))


def forged(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(content)
    inner = changed
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return changed


def assert_refused_or_read(*command: Any, forged: Any) -> None:
    done = run(*command)
    assert done.code in (0, 3), (forged, done.err)
    if done.code == 0:
        json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} {forged}"))
    else:
        assert "Traceback" not in done.err


def test_each_field_of_sums(made: tuple[Path, list[str]]) -> None:
    path = sums_of(made)
    table = pq.read_table(path)
    content = json.loads(table.schema.metadata[KEY])
    own = [place for place in places(content) if place[0] != "schema_content"]
    assert {("settings", "seed"), ("matching", "matched"), ("settings", "by", 0)} <= {*own}
    for number, place in enumerate(own):
        value = WRONG[number % len(WRONG)]
        metadata = {KEY: json.dumps(forged(content, place, value))}
        pq.write_table(table.replace_schema_metadata(metadata), path)
        assert_refused_or_read("merge", path.parent, "--format", "json", forged=(place, value))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("seed", "0"),
        ("votes_rows", -1),
        ("intervals", 3),
        ("by", [{"column": "z", "bins": [{"label": 1, "low": 0, "high": 1, "value": None}] * 3}]),
        (
            "by",
            [{"column": "z", "bins": [{"label": "", "low": "0", "high": 1, "value": None}] * 3}],
        ),
    ],
)
def test_a_setting_of_another_type_is_refused(
    made: tuple[Path, list[str]], setting: str, value: Any
) -> None:
    path = sums_of(made)
    table = pq.read_table(path)
    content = forged(json.loads(table.schema.metadata[KEY]), ("settings", setting), value)
    pq.write_table(table.replace_schema_metadata({KEY: json.dumps(content)}), path)
    done = run("merge", path.parent)
    assert done.code == 3 and "damaged" in done.err


def test_each_array_of_sums(made: tuple[Path, list[str]]) -> None:
    path = sums_of(made)
    table = pq.read_table(path)
    rows = table.to_pylist()
    for number, row in enumerate(rows):
        kind = "floats" if row["integers"] is None else "integers"
        length = len(row[kind])
        for field, value in [
            ("name", None),
            (kind, None),
            (kind, [None] * length),
            (kind, [-5] * length),
            (kind, [1e308 if kind == "floats" else 2**62] * length),
            ("shape", [length, 1, 1]),
        ][number % 2 :: 2]:
            changed = [*rows[:number], row | {field: value}, *rows[number + 1 :]]
            pq.write_table(pa.Table.from_pylist(changed, table.schema), path)
            about = (row["name"], field, str(value)[:20])
            assert_refused_or_read("merge", path.parent, "--format", "json", forged=about)


def test_parts_whose_sums_have_other_shapes_are_not_added_up(made: tuple[Path, list[str]]) -> None:
    part = read_sums(sums_of(made).parent)
    name = next(name for name in part.sums if not name.startswith("buckets/"))
    other = replace(part, sums=part.sums | {name: part.sums[name][np.newaxis]})
    with pytest.raises(DataError, match=re.escape(f"'{name}' have the shapes")):
        merge_evaluations([part, other])


def test_each_field_of_a_scores_table(made: tuple[Path, list[str]]) -> None:
    folder, options = made
    path = folder / "scores.parquet"
    tables = folder / "predictions.csv", folder / "votes.csv"
    done_well("score", *tables, *options, "-o", path, "-q")
    table = pq.read_table(path)
    content = json.loads(pq.read_metadata(path).metadata[KEY])
    for number, place in enumerate(places(content)):
        value = WRONG[number % len(WRONG)]
        metadata = {KEY: json.dumps(forged(content, place, value))}
        pq.write_table(table.replace_schema_metadata(metadata), path)
        assert_refused_or_read("summarize", path, "--format", "json", forged=(place, value))
