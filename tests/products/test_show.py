"""`zoocli show`: one galaxy, question by question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom, dirichlet_multinomial

import zoocli
from tests.command import ANSWERS, done_well, run, small_predictions, small_votes, write, write_tree
from tests.conftest import ROOT

TREE = {"shape": ["_round", "_flat"], "bar": ["_strong", "_weak", "_no"]}
SCHEMA = zoocli.Schema(TREE, {"shape": None, "bar": "shape_flat"}, name="small")
A = {"shape_round": 3.0, "shape_flat": 2.0, "bar_strong": 1.5, "bar_weak": 0.5, "bar_no": 4.0}
K = {"shape_round": 4, "shape_flat": 9, "bar_strong": 7, "bar_weak": 0, "bar_no": 2}


def tables(**changed: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    ids = ["x", "y", "z"]
    predictions = pd.DataFrame({"id": ids} | {name: [1.0, value, 9.0] for name, value in A.items()})
    votes = pd.DataFrame({"id": ids} | {name: [0, value, 1] for name, value in K.items()})
    for name, value in changed.items():
        predictions.loc[1, name] = value
    return predictions, votes


def test_numbers_are_those_of_scipy() -> None:
    found = zoocli.show("y", *tables(), SCHEMA)
    shape, bar = found.questions
    a, k = np.array(list(A.values())), np.array(list(K.values()))
    losses = [
        -dirichlet_multinomial.logpmf(k[:2], a[:2], 13),
        -dirichlet_multinomial.logpmf(k[2:], a[2:], 9),
    ]
    assert [shape.loss, bar.loss] == pytest.approx(losses, rel=1e-12)
    assert found.loss == pytest.approx(sum(losses), rel=1e-12)
    outcomes = betabinom.logpmf(np.arange(14), 13, *a[:2])
    likely = np.exp(outcomes)
    error = 4 * np.sqrt(likely @ outcomes**2 - (likely @ outcomes) ** 2) / np.sqrt(2000)
    assert shape.expected == pytest.approx(-(likely @ outcomes), abs=error)
    share = likely[-outcomes >= losses[0] - 1e-9].sum()
    assert shape.share == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 2000))
    assert [one.votes for one in bar.answers] == [7, 0, 2]
    assert [one.predicted for one in bar.answers] == pytest.approx(a[2:] / 6, rel=1e-14)
    catalog = zoocli.catalog(tables()[0], SCHEMA, advanced=True).to_pandas().iloc[1]
    for one in (*shape.answers, *bar.answers):
        ends = catalog[f"{one.name}_90pc-lower"], catalog[f"{one.name}_90pc-upper"]
        assert (one.low, one.high) == pytest.approx(ends, rel=1e-12)
    assert (shape.depth, bar.depth) == (0, 1) and bar.asked_after == ("shape_flat",)
    assert found.worst in (shape, bar)


def test_the_loss_is_that_of_score_also_of_passes() -> None:
    predictions, votes = tables()
    for name in A:
        predictions[name] = [[value, value + 1.0] for value in predictions[name]]
    scores = zoocli.score(predictions, votes, SCHEMA).to_pandas().set_index("id")
    for galaxy in "xyz":
        found = zoocli.show(galaxy, predictions, votes, SCHEMA)
        assert found.loss == scores.loc[galaxy, "loss"]
        for question in found.questions:
            assert question.loss == scores.loc[galaxy, f"{question.name}_loss"]
    assert zoocli.show("x", predictions, votes, SCHEMA).worst is None  # it has no votes
    again = zoocli.show("y", predictions, votes, SCHEMA)
    assert again == zoocli.show("y", predictions, votes, SCHEMA)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_question_without_a_likelihood(bad: float) -> None:
    with pytest.raises(zoocli.DataError, match="bar_weak"):
        zoocli.show("y", *tables(bar_weak=bad), SCHEMA)
    with pytest.warns(zoocli.ZoocliWarning, match="null loss"):
        found = zoocli.show("y", *tables(bar_weak=bad), SCHEMA, on_invalid="null")
    shape, bar = found.questions
    assert found.loss is bar.loss is bar.expected is bar.share is bar.answers[0].predicted is None
    assert shape.loss is not None and shape.share is not None


def test_questions_follow_what_leads_to_them() -> None:
    sample = ROOT / "sample_data"
    files = (sample / "predictions.parquet", sample / "votes.parquet")
    found = zoocli.show("300000_617", *files)
    names = [one.name for one in found.questions]
    assert len(names) == len(set(names)) == 10
    for question in found.questions:
        before = names[: names.index(question.name)]
        for answer in question.asked_after:
            assert any(answer.startswith(name) for name in before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tree(tmp_path)
    write(tmp_path / "p.csv", small_predictions(("a", "b", "a1")))
    write(tmp_path / "v.csv", small_votes(("a", "b", "c")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


FILES = ("p.csv", "v.csv", "-s", "tree.yaml")


@pytest.mark.parametrize("format", ["table", "markdown", "latex"])
def test_what_is_shown(folder: Path, format: str) -> None:
    text = done_well("show", "b", *FILES, "-f", format).out
    for answer in ANSWERS:
        assert answer.partition("_")[2] in text
    assert "adds most above what the prediction expects" in text
    shown = json.loads(done_well("show", "b", *FILES, "-f", "json").out)
    assert shown["id"] == "b" and {"loss", "schema", "questions"} <= shown.keys()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("q", *FILES), 3, "There is no galaxy 'q' in the votes"),
        (("c", *FILES), 3, "There is no galaxy 'c' in p.csv. Ids are compared as exact text; the"),
        (("a1", *FILES), 3, "There is no galaxy 'a1' in the votes"),
        (("a", *FILES, "-l", "mse"), 2, "has none"),
        (("a", *FILES, "--only", "v.csv"), 2, "Leave out --only"),
        (("a", "p.csv", "p.csv", "v.csv", "-s", "tree.yaml"), 3, "'a'"),
        (("a", "p.csv"), 2, "Give at least two tables"),
    ],
)
def test_what_is_refused(folder: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run("show", *arguments)
    assert done.code == code and said in done.err and done.out == ""
