"""What a report says in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import zoocli
from tests.command import done_well
from zoocli.report.findings import findings_of

TREE = {"shape": ["_round", "_flat"], "bar": ["_yes", "_no"]}
SCHEMA = zoocli.Schema(TREE, {"shape": None, "bar": "shape_flat"}, name="small")
pytestmark = pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")


def tables(
    sharpness: float = 1.0, bias: Mapping[str, float] | None = None, galaxies: int = 3000
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Votes from Dirichlet distributions, predicted with more or less confidence."""
    random = np.random.default_rng(5)
    ids = [f"g{number}" for number in range(galaxies)]
    predictions, votes = pd.DataFrame({"id": ids}), pd.DataFrame({"id": ids})
    for question, answers in TREE.items():
        mean = random.beta(1.0, 1.0, galaxies).clip(0.02, 0.98)
        concentrations = 8.0 * np.stack([mean, 1 - mean])
        truth = random.beta(*concentrations)
        first = random.binomial(20, truth)
        shift = (bias or {}).get(question, 0.0)
        predicted = np.stack([mean + shift, 1 - mean - shift]).clip(0.005, 0.995)
        for answer, alphas, counts in zip(answers, predicted, (first, 20 - first), strict=True):
            predictions[question + answer] = 8.0 * sharpness * alphas
            votes[question + answer] = counts
    return predictions, votes


def said(*given: object, **options: object) -> str:
    return " ".join(findings_of(zoocli.evaluate(*tables(*given, **options), SCHEMA)))


def test_a_true_model_is_as_confident_as_it_should_be() -> None:
    text = said()
    assert "As confident as it should be: the central 90 % intervals hold " in text
    assert "off most for" not in text and "Best on " in text and "worst on " in text


@pytest.mark.parametrize(("sharpness", "word"), [(8.0, "Overconfident"), (0.2, "Underconfident")])
def test_confidence(sharpness: float, word: str) -> None:
    assert f"{word}: the central 90 % intervals hold " in said(sharpness)


def test_biased_answers_and_the_worst_question() -> None:
    text = said(1.0, {"bar": 0.1})
    assert "off most for bar_" in text and "shape_" not in text.partition("off most for")[2]
    assert "worst on bar, " in text and "Best on shape, " in text


def test_of_no_galaxies_with_votes() -> None:
    predictions, votes = tables(galaxies=20)
    votes[votes.columns[1:]] = 0
    found = findings_of(zoocli.evaluate(predictions, votes, SCHEMA))
    assert len(found) == 1 and found[0].startswith("Over ")


def test_of_classes_and_values() -> None:
    random = np.random.default_rng(1)
    ids = [f"g{number}" for number in range(800)]
    labels = random.integers(0, 2, 800)
    logits = np.where(labels == 1, 1.0, -1.0) + random.normal(size=800)
    for factor, word in ((12.0, "Overconfident"), (0.1, "Underconfident")):
        predictions = pd.DataFrame({"id": ids, "a": -factor * logits, "b": factor * logits})
        found = zoocli.evaluate(
            predictions, pd.DataFrame({"id": ids, "label": labels}), loss="ce", scale="logits"
        )
        text = " ".join(findings_of(found))
        assert f"{word}: the most probable class has " in text and "Best at " in text
    true = pd.DataFrame({"id": ids, "z": random.normal(size=800)})
    predictions = pd.DataFrame({"id": ids, "p": true["z"] + 0.5, "s": 0.01})
    predictions["p"] += 0.1 * random.normal(size=800)
    found = zoocli.evaluate(predictions, true, loss="mse", label="z", sigma="s")
    text = " ".join(findings_of(found))
    assert "Predictions are too high: by 0.5" in text
    assert "The standard deviations are too small" in text


def test_the_report_begins_with_them(tmp_path: Path) -> None:
    for table, name in zip(tables(8.0), ("p.csv", "v.csv"), strict=True):
        table.to_csv(tmp_path / name, index=False)
    (tmp_path / "tree.yaml").write_text(
        "question_answer_pairs: {shape: [_round, _flat], bar: ['_yes', '_no']}\n"
        "dependencies: {shape: null, bar: shape_flat}\n"
    )
    inputs = [tmp_path / "p.csv", tmp_path / "v.csv", "-s", tmp_path / "tree.yaml"]
    done_well("evaluate", *inputs, "-o", tmp_path / "out", "-q")
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.index("p.csv against votes") < page.index("Overconfident: ") < page.index("<dl")


def test_names_of_files_may_be_missing() -> None:
    found = zoocli.evaluate(*tables(galaxies=50), SCHEMA)
    bare = replace(found, provenance=replace(found.provenance, predictions=None))
    assert findings_of(bare) == findings_of(found)
