"""The sentence for a paper, and tables that fit a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import zoocli
from tests.conftest import ROOT
from tests.report.terminal import Terminal
from zoocli.errors import UsageError
from zoocli.report.evaluation import render_evaluation
from zoocli.report.ranking import render_ranking

SAMPLE = ROOT / "sample_data"
EVALUATIONS: dict[str, tuple[tuple[Path, Path], dict[str, Any], dict[str, float]]] = {
    "tree": (
        (SAMPLE / "predictions.parquet", SAMPLE / "votes.parquet"),
        {},
        {"loss": 1, "deviance_explained": 100, "volunteers": 1, "accuracy": 100},
    ),
    "classes": (
        (SAMPLE / "class-predictions.csv", SAMPLE / "class-labels.csv"),
        {"loss": "ce", "scale": "logits"},
        {"loss": 1, "accuracy": 100, "balanced_accuracy": 100, "roc_auc": 1},
    ),
    "values": (
        (SAMPLE / "value-predictions.csv", SAMPLE / "value-labels.csv"),
        {"loss": "mse"},
        {"loss": 1, "rmse": 1, "bias": 1},
    ),
}
NUMBER = r"-?[0-9.]+"
pytestmark = pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")


@pytest.mark.parametrize("kind", EVALUATIONS)
def test_the_sentence_has_the_numbers_to_two_digits_of_their_intervals(kind: str) -> None:
    tables, options, told = EVALUATIONS[kind]
    evaluation = zoocli.evaluate(*tables, **options)
    sentence = render_evaluation(evaluation, "sentence")
    assert sentence.count("\n") == 1 and sentence.endswith(" (95 % intervals).\n")
    assert sentence.startswith(f"Over {evaluation.galaxies:,} galaxies the predictions have ")
    found = re.findall(rf"({NUMBER}) \(({NUMBER}) to ({NUMBER})\)", sentence)
    for numbers, (name, scale) in zip(found, told.items(), strict=True):
        metric = evaluation.by_name["overall", None, name]
        for shown, value in zip(numbers, (metric.value, metric.low, metric.high), strict=True):
            decimals = len(shown.partition(".")[2])
            assert float(shown) == pytest.approx(scale * value, abs=0.5001 * 10**-decimals)
            half = scale * (metric.high - metric.low) / 2
            assert 10 <= half * 10**decimals < 100 or (decimals == 0 and half >= 100)
    assert render_evaluation(evaluation, "table").splitlines()[-2] == sentence.rstrip()


def test_there_is_no_such_format() -> None:
    tables, options, _ = EVALUATIONS["values"]
    with pytest.raises(UsageError, match="no format 'prose'"):
        render_evaluation(zoocli.evaluate(*tables, **options), "prose")


@pytest.mark.parametrize("width", [60, 80, 100, 250])
def test_tables_fit_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    tables, _, _ = EVALUATIONS["tree"]
    evaluation = zoocli.evaluate(*tables)
    ranking = zoocli.rank({"first": tables[0], "second": tables[0]}, tables[1])
    for shown, names in (
        (render_evaluation(evaluation, stream=Terminal()), ["smooth-or-featured-dr5"]),
        (render_ranking(ranking, stream=Terminal()), ["first", "second"]),
    ):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
        table = plain.split("\n\n", 1)[1].rsplit("\n\n", 1)[0]
        if width >= 80:
            assert max(map(len, table.splitlines())) <= width
            assert all(re.search(rf"^{name} ", table, re.M) for name in names)
        assert "loss" in table
        assert ("Left out for the width" in plain) == (width < 250)


def test_wide_tables_have_all_columns_on_any_terminal() -> None:
    files = [str(SAMPLE / name) for name in ("predictions.parquet", "votes.parquet")]
    narrow, wide = (on_terminal("evaluate", *files, *more, "-q") for more in ((), ("--wide",)))
    assert "Left out for the width (--wide shows it): " in narrow
    assert "Left out for the width" not in wide
    assert "counted" in wide.splitlines()[2] and "counted" not in narrow.splitlines()[2]


def on_terminal(*arguments: str) -> str:
    """What the command shows on a terminal of 80 columns."""
    reading, writing = pty.openpty()
    variables = {"PYTHONPATH": str(ROOT), "COLUMNS": "80", "NO_COLOR": "1", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "zoocli", *arguments],
        stdout=writing,
        env=os.environ | variables,
    ) as process:
        os.close(writing)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that the other end was closed
            while part := os.read(reading, 4096):
                shown += part
        os.close(reading)
        assert process.wait() == 0
    return shown.decode().replace("\r\n", "\n")
