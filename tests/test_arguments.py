"""The types of the public functions: equal to the options that are checked, and of use to mypy."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pandas as pd
import pyarrow as pa
import pytest

import zoocli
from tests.conftest import ROOT
from zoocli import api
from zoocli.heads.activations import ACTIVATIONS
from zoocli.runs.options.choices import Activation
from zoocli.runs.options.generate import FILE, generated
from zoocli.schema import Schema
from zoocli.tables import sources


def test_the_keywords_are_those_of_the_options() -> None:
    """If not: python -m zoocli.runs.options.generate."""
    assert FILE.read_text() == generated()


@pytest.mark.parametrize("function", [api.score, api.evaluate, api.catalog, api.predict, api.fit])
def test_hints_can_be_read_at_run_time(function: Any) -> None:
    hints = get_type_hints(function, localns={"Fit": zoocli.Fit})
    assert hints["schema"] == str | Path | Schema | None
    assert "options" in hints


def test_the_activations_are_those_that_there_are() -> None:
    assert get_args(Activation) == tuple(ACTIVATIONS)


@pytest.mark.parametrize(
    ("protocol", "table"),
    [
        (sources.DataFrame, pd.DataFrame({"id": ["a"]})),
        (sources.ArrowData, pa.table({"id": ["a"]})),
        (sources.ArrowData, pa.record_batch({"id": ["a"]})),
        (sources.AstropyTable, pytest.importorskip("astropy.table").Table({"id": ["a"]})),
    ],
)
def test_the_tables_have_what_their_protocols_say(protocol: type, table: Any) -> None:
    members = [
        name
        for name, value in vars(protocol).items()
        if isinstance(value, property) or name == "__arrow_c_stream__"
    ]
    assert members
    assert all(hasattr(table, name) for name in members)


CALLS = """\
from pathlib import Path

from zoocli.api import catalog, check, detect_schema, evaluate, fit, merge, predict, score


class Frame:
    iloc = columns = None


score("p.parquet", Path("v.csv"), "gz-rings", keep="z", on_invalid="null", batch_size=10)
score(["p1.csv", Frame()], Frame(), loss="ce", class_weights=[1, 2.5], only=Path("ids.txt"))
score(Frame(), Frame(), output="scores.parquet", ensemble=["q.csv"], null_value=-999).overall
check("p.csv", "v.csv", null_value=[-1.5], threads=2)
evaluate("p.csv", "v.csv", profile="decals", missing_votes="zero", memory_limit="4GB")
catalog(Frame(), advanced=True, level=0.5, intervals="zoobot", output=Path("c.fits"))
predict(["f.csv"], "head.pt", classes=["a", "b"], activation="softmax", samples=3)
fit("f.csv", "v.csv", "head.safetensors", "gz-rings", feature="x_*", hold_out=0.1).head
detect_schema("p.csv", Frame())
merge(["part-1.json", Path("part-2.json")])

score("p.csv")  # wrong
score("p.csv", 7)  # wrong
score({"id": ["a"]}, "v.csv")  # wrong
score("p.csv", "v.csv", batchsize=10)  # wrong
score("p.csv", "v.csv", on_invalid="ignore")  # wrong
score("p.csv", "v.csv", output=7)  # wrong
check("p.csv", "v.csv", threads="two")  # wrong
check("p.csv", "v.csv", output="c.csv")  # wrong
evaluate("p.csv", "v.csv", min_vote=3)  # wrong
evaluate("p.csv", "v.csv", "gz-rings", 1000)  # wrong
catalog(Frame(), intervals="median")  # wrong
predict("f.csv", Frame())  # wrong
fit("f.csv", "v.csv")  # wrong
fit("f.csv", "v.csv", "head.safetensors", learning_rate="fast")  # wrong
detect_schema(["id", "ring_yes"], 7)  # wrong
"""


def test_wrong_calls_are_seen_by_a_type_checker(tmp_path: Path) -> None:
    """Of zoocli, mypy looks at a few modules alone: all that they import would take it minutes."""
    pytest.importorskip("mypy")
    calls = tmp_path / "calls.py"
    calls.write_text(CALLS)
    names = ("api.py", "runs/options/keywords.py", "runs/options/choices.py", "tables/sources.py")
    modules = [str(ROOT / "zoocli" / name) for name in names]
    options = ("--config-file", os.devnull, "--follow-imports", "skip", "--no-error-summary")
    cache = ("--cache-dir", str(tmp_path / "cache"))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *cache, str(calls), *modules],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    found = {int(line) for line in re.findall(r"calls\.py:(\d+): error:", done.stdout)}
    lines = enumerate(CALLS.splitlines(), start=1)
    assert found == {number for number, line in lines if line.endswith("# wrong")}, done.stdout
