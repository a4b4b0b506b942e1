"""`evaluate --fractions`: what can be said of predictions that have no likelihood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import zoocli
from tests.command import done_well, run
from zoocli.errors import DataError, UsageError
from zoocli.products.simulation import simulate

TREE = {
    "question_answer_pairs": {"shape": ["_smooth", "_disk", "_star"], "bar": ["_yes", "_no"]},
    "dependencies": {"shape": None, "bar": "shape_disk"},
}
QUESTIONS = {
    name: [name + end for end in ends] for name, ends in TREE["question_answer_pairs"].items()
}
pytestmark = pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Concentrations, the fractions that they predict, and votes."""
    folder = tmp_path_factory.mktemp("fractions")
    (folder / "tree.yaml").write_text(
        "question_answer_pairs: {shape: [_smooth, _disk, _star], bar: [_yes, _no]}\n"
        "dependencies: {shape: null, bar: shape_disk}\n"
    )
    simulate(folder, schema=str(folder / "tree.yaml"), galaxies=400, seed=6, volunteers=15)
    concentrations = pd.read_parquet(folder / "predictions.parquet")
    fractions = concentrations[["id_str"]].copy()
    for answers in QUESTIONS.values():
        a = concentrations[answers].astype(float)
        fractions[answers] = a.div(a.sum(axis=1), axis=0)
    votes = pd.read_parquet(folder / "votes.parquet")
    tree = folder / "tree.yaml"
    return {"concentrations": concentrations, "fractions": fractions, "votes": votes, "tree": tree}


def evaluate(tables: dict[str, Any], fractions: pd.DataFrame, **options: Any) -> Any:
    return zoocli.evaluate(
        fractions, tables["votes"], schema=tables["tree"], fractions=True, **options
    )


def numbers(evaluation: Any) -> dict[Any, Any]:
    return {
        one.key: (one.value, one.low, one.high, one.N)
        for one in evaluation.metrics
        if not evaluation.lacks(one.metric)
    }


def assert_alike(found: dict[Any, Any], expected: dict[Any, Any]) -> None:
    assert found
    for key, values in found.items():
        for one, other in zip(values, expected[key], strict=True):
            assert (one is None) == (other is None), key
            assert one is None or one == pytest.approx(other, rel=1e-9, abs=1e-9), key


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_the_numbers_are_those_of_concentrations_with_these_fractions(tables, scale):
    scaled = tables["fractions"].copy()
    answers = scaled.columns[1:]
    scaled[answers] *= scale
    found = evaluate(tables, scaled)
    whole = zoocli.evaluate(tables["concentrations"], tables["votes"], schema=tables["tree"])
    expected = {one.key: (one.value, one.low, one.high, one.N) for one in whole.metrics}
    assert_alike(numbers(found), expected)
    kept = {one.metric for one in found.metrics if one.value is not None}
    assert {
        "rmse",
        "corrected_rmse",
        "volunteers",
        "accuracy",
        "average_precision",
        "roc_auc",
    } < kept
    assert not kept & {"loss", "gain", "ceiling", "dispersion", "coverage_90", "deviance_explained"}
    assert found.loss == "fractions" and found.galaxies == 400
    assert any("no likelihood" in doubt for doubt in found.doubts)


def test_a_question_without_fractions_is_one_without_votes(tables):
    lacking, zeros = tables["fractions"].copy(), tables["fractions"].copy()
    votes = tables["votes"].copy()
    chosen = list(range(0, 400, 3))
    lacking.loc[chosen, QUESTIONS["bar"]] = np.nan
    zeros.loc[chosen, QUESTIONS["bar"]] = 0.0
    ids = tables["fractions"]["id_str"][chosen]
    votes.loc[votes["id_str"].isin(ids), QUESTIONS["bar"]] = 0
    expected = numbers(
        zoocli.evaluate(tables["fractions"], votes, schema=tables["tree"], fractions=True)
    )
    assert_alike(numbers(evaluate(tables, lacking)), expected)
    assert_alike(numbers(evaluate(tables, zeros)), expected)


def test_a_fraction_of_zero_is_a_prediction(tables):
    sure = tables["fractions"].copy()
    sure[QUESTIONS["bar"]] = [1.0, 0.0]
    found = evaluate(tables, sure).by_name
    votes = tables["votes"].set_index("id_str").loc[sure["id_str"], QUESTIONS["bar"]]
    observed = votes.div(votes.sum(axis=1), axis=0).dropna()
    assert found["bar", "bar_yes", "rmse"].value == pytest.approx(
        np.sqrt(np.mean((1.0 - observed["bar_yes"]) ** 2)), rel=1e-9
    )
    assert found["bar", None, "accuracy"].value == pytest.approx(
        (observed["bar_yes"] >= observed["bar_no"]).mean()
    )


def test_passes_are_averaged(tables):
    other = tables["fractions"].copy()
    other[QUESTIONS["bar"]] = other[QUESTIONS["bar"]].to_numpy()[:, ::-1]
    mean = tables["fractions"].copy()
    mean[QUESTIONS["bar"]] = 0.5
    found = numbers(evaluate(tables, tables["fractions"], ensemble=[other]))
    expected = numbers(evaluate(tables, mean))
    key = "bar", "bar_yes", "rmse"
    assert found[key] == pytest.approx(expected[key])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([np.nan, 0.5], "1 galaxies have questions of which only some fractions are there"),
        ([0.2, 0.3], "add up to neither 1 nor 100"),
        ([1.5, -0.5], "are negative, or"),
        ([np.inf, 0.5], "add up to neither 1 nor 100"),
    ],
)
def test_what_no_fractions_are(tables, cells, said):
    wrong = tables["fractions"].copy()
    wrong.loc[7, QUESTIONS["bar"]] = cells
    with pytest.raises(DataError) as caught:
        evaluate(tables, wrong)
    assert said.split(" galaxies have ")[-1] in str(caught.value)
    assert wrong["id_str"][7] in str(caught.value) and "'bar'" in str(caught.value)
    blank = tables["fractions"].copy()
    blank.loc[7, QUESTIONS["bar"]] = np.nan
    assert_alike(
        numbers(evaluate(tables, wrong, on_invalid="null")), numbers(evaluate(tables, blank))
    )


def test_concentrations_are_no_fractions(tables):
    with pytest.raises(DataError, match=r"leave out .?fractions"):
        evaluate(tables, tables["concentrations"])


def test_published_names_parts_and_the_report(tables, tmp_path: Path) -> None:
    named = tables["fractions"].rename(columns=lambda name: f"{name}_fraction")
    named = named.rename(columns={"id_str_fraction": "id_str"})
    tables["votes"].to_parquet(tmp_path / "votes.parquet")
    common = (tmp_path / "votes.parquet", "-s", tables["tree"], "--fractions")
    named.to_csv(tmp_path / "all.csv", index=False)
    for part in range(2):
        named[200 * part : 200 * part + 200].to_csv(tmp_path / f"{part}.csv", index=False)
        done_well(
            "evaluate", tmp_path / f"{part}.csv", *common, "--no-report", "-o", tmp_path / f"{part}"
        )
    whole = done_well("evaluate", tmp_path / "all.csv", *common, "-o", tmp_path / "whole")
    assert "have no likelihood" in whole.err
    merged = done_well("merge", tmp_path / "0", tmp_path / "1", "-f", "sentence", "--no-report")
    sentence = done_well("evaluate", tmp_path / "all.csv", *common, "-f", "sentence").out
    assert merged.out == sentence
    assert sentence.startswith("Over 400 galaxies the predicted fractions have an RMSE of 0.")
    page = (tmp_path / "whole" / "report.html").read_text()
    assert "Predicted fractions against votes" in page and "deviance explained" not in page
    figures = {path.stem for path in (tmp_path / "whole" / "figures").iterdir()}
    assert {"volunteers", "fractions", "reliability", "purity"} <= figures
    assert not {"loss", "deviance_explained", "coverage", "pit"} & figures


def test_others_say_what_to_do_with_fractions(tables, tmp_path: Path) -> None:
    fractions, votes = tmp_path / "fractions.csv", tmp_path / "votes.parquet"
    tables["fractions"].to_csv(fractions, index=False)
    tables["votes"].to_parquet(votes)
    scored = run("score", fractions, votes, "-s", tables["tree"])
    assert scored.code == 3 and "`zoocli evaluate --fractions`" in scored.err
    refused = run("evaluate", fractions, votes, "--fractions", "-l", "mse")
    assert refused.code == 2 and "--fractions" in refused.err
    with pytest.raises(UsageError, match="has no option 'fractions'"):
        zoocli.score(fractions, votes, fractions=True)
    with pytest.raises(UsageError, match="have none"):
        zoocli.rank({"a": fractions, "b": fractions}, votes, fractions=True)
