"""Ranking models equals evaluating and comparing them pair by pair, on the galaxies all have."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zoocli
from tests.alike import close
from tests.command import done_well, run
from tests.conftest import ROOT
from zoocli.cli.rank import named
from zoocli.errors import DataError, UsageError
from zoocli.evaluating.comparing.letters import group_letters
from zoocli.matching import held
from zoocli.report.figures import OF_MODELS

SAMPLE = ROOT / "sample_data"
CLASSES, VALUES = SAMPLE / "class-predictions.csv", SAMPLE / "value-predictions.csv"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rank")
    zoocli.simulate(folder, galaxies=600, blur=[0.02, 0.5], seed=3, voted=580)
    return folder


def models_of(folder: Path) -> dict[str, Any]:
    return {
        "worse": folder / "predictions-blur-0.5.parquet",
        "true": folder / "predictions.parquet",
        "alike": folder / "predictions-blur-0.02.parquet",
    }


def cell(metric: Any) -> dict[str, Any]:
    return {name: getattr(metric, name) for name in ("value", "low", "high", "N")}


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
def test_each_model_is_evaluated_and_compared_with_the_best(
    simulated: Path, tmp_path: Path
) -> None:
    models, votes = models_of(simulated), simulated / "votes.parquet"
    ranking = zoocli.rank(models, votes, seed=5)
    assert [model.rank for model in ranking.models] == [1, 2, 3]
    assert ranking.models[-1].name == "worse" and ranking.galaxies == 580
    scores = {}
    for name, source in models.items():
        scores[name] = tmp_path / f"{name}.parquet"
        zoocli.score(source, votes, output=scores[name])
        expected = zoocli.evaluate(source, votes, seed=5)
        (found,) = [model.evaluation for model in ranking.models if model.name == name]
        assert found.to_dict() == expected.to_dict()
    best, *others = ranking.models
    comparison = zoocli.compare(
        scores[best.name], *(scores[model.name] for model in others), seed=5
    )
    for model, system in zip(others, comparison.systems, strict=True):
        pairs = [(model.difference, system.overall)]
        pairs += [(model.differences[name], one) for name, one in system.questions.items()]
        for difference, expected_difference in pairs:
            assert difference is not None
            for ours, theirs in (
                (difference.value, expected_difference.difference),
                (difference.low, expected_difference.low),
                (difference.high, expected_difference.high),
                (difference.p, expected_difference.p),
            ):
                assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)
        # Holm over all models and questions, as compare has it
        for name, one in system.questions.items():
            assert model.differences[name].p_holm == pytest.approx(one.p_holm, rel=1e-9)


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
def test_only_galaxies_that_all_models_have(simulated: Path, tmp_path: Path) -> None:
    votes = simulated / "votes.parquet"
    tables = {name: pq.read_table(path) for name, path in models_of(simulated).items()}
    tables["true"] = tables["true"].slice(100)
    tables["alike"] = tables["alike"].slice(0, 500)
    ranking = zoocli.rank(tables, votes)
    voted = {*pq.read_table(votes)["id_str"].to_pylist()}
    ids = pq.read_table(simulated / "predictions.parquet")["id_str"].to_pylist()
    common = [one for one in ids[100:500] if one in voted]
    assert ranking.galaxies == len(common)
    left_out = {model.name: model.left_out for model in ranking.models}
    assert left_out == {
        "worse": len(voted) - len(common),
        "true": len(voted & {*ids[100:]}) - len(common),
        "alike": len(voted & {*ids[:500]}) - len(common),
    }
    assert any("another model lacks" in note for note in ranking.notes)
    assert not any("more than once" in note for note in ranking.notes)
    (tmp_path / "only.txt").write_text("\n".join(common))
    expected = zoocli.evaluate(tables["true"], votes, only=tmp_path / "only.txt")
    (true,) = [model for model in ranking.models if model.name == "true"]
    for metric, wanted in zip(true.evaluation.metrics, expected.metrics, strict=True):
        # A climatology's reference is fitted to all of VOTES, whose spread the intervals take.
        assert close((metric.key, metric.value, metric.N), (wanted.key, wanted.value, wanted.N))
    assert true.metric("loss") == expected.by_name["overall", None, "loss"]


def test_a_model_without_common_galaxies_is_refused(simulated: Path) -> None:
    table = pq.read_table(simulated / "predictions.parquet")
    with pytest.raises(DataError, match=r"No galaxy is in all models .* b has 0"):
        zoocli.rank(
            {"a": table, "b": table.slice(0, 1).set_column(0, "id_str", [["x"]])},
            simulated / "votes.parquet",
        )


def test_votes_are_read_once(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    original = held.hold_votes
    monkeypatch.setattr(
        "zoocli.scoring.inputs.hold_votes",
        lambda *arguments: reads.append(1) or original(*arguments),
    )
    zoocli.rank(
        {name: pq.read_table(path) for name, path in models_of(simulated).items()},
        pq.read_table(simulated / "votes.parquet").slice(0, 50),
        only=pq.read_table(simulated / "votes.parquet").slice(0, 50).select(["id_str"]),
    )
    assert len(reads) == 1


@pytest.mark.parametrize(
    ("source", "labels", "options", "columns"),
    [
        (CLASSES, "class-labels.csv", {"loss": "ce", "scale": "logits"}, ("accuracy",)),
        (VALUES, "value-labels.csv", {"loss": "mse"}, ("rmse", "r2")),
    ],
)
@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
def test_other_losses(source: Path, labels: str, options: Any, columns: tuple[str, ...]) -> None:
    table = pd.read_csv(source)
    numbers = [name for name in table.columns if pd.api.types.is_float_dtype(table[name])]
    noisy = table.assign(**{name: table[name] * -0.5 for name in numbers})
    reordered = table[[*reversed(table.columns)]]
    models = {"noisy": noisy, "first": table, "reordered": reordered}
    ranking = zoocli.rank(models, SAMPLE / labels, **options)
    assert [model.name for model in ranking.models] == ["first", "reordered", "noisy"]
    assert [model.group for model in ranking.models] == ["a", "a", "b"]
    expected = zoocli.evaluate(table, SAMPLE / labels, **options)
    content = ranking.to_dict()["models"][0]
    for metric in ("loss", *columns):
        assert content[metric] == cell(expected.by_name["overall", None, metric])


@given(st.integers(2, 7).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.sampled_from(
    [*combinations(range(n), 2)])))))  # fmt: skip
def test_letters_say_who_differs(case: tuple[int, set[tuple[int, int]]]) -> None:
    count, differing = case
    letters = group_letters(count, sorted(differing))
    assert all(letters)
    for one, other in combinations(range(count), 2):
        assert bool({*letters[one]} & {*letters[other]}) == ((one, other) not in differing)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (["p/a.parquet", "p/b.csv.gz"], {"a": "p/a.parquet", "b": "p/b.csv.gz"}),
        (["x=p/a.parquet", "ckpt-0.3.csv"], {"x": "p/a.parquet", "ckpt-0.3": "ckpt-0.3.csv"}),
        (["runs/a=1/p.csv"], {"p": "runs/a=1/p.csv"}),
        (["folder/", "-"], {"folder": "folder/", "-": "-"}),
    ],
)
def test_names_of_models(models: list[str], expected: dict[str, str]) -> None:
    assert named(models) == expected


def test_the_command(simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(simulated)
    models = [f"{name}={path.name}" for name, path in models_of(simulated).items()]
    table = done_well("rank", *models, "votes.parquet").out
    assert "worse" in table and "difference" in table and "worse is better" not in table
    content = json.loads(done_well("rank", *models, "votes.parquet", "-f", "json").out)
    assert [model["rank"] for model in content["models"]] == [1, 2, 3]
    assert content["left_out"] == {"worse": 0, "true": 0, "alike": 0}
    assert content["models"][0]["difference"] is None
    assert content["signature"].startswith("rank:3 models|loss:dirichlet|schema:decals-dr5-ortho@")
    done = done_well("rank", *models, "votes.parquet", "-o", tmp_path / "ranking")
    assert done.out == ""
    assert json.loads((tmp_path / "ranking/ranking.json").read_text()) == content
    page = (tmp_path / "ranking/report.html").read_text()
    assert "<h1>Ranking of 3 models</h1>" in page and 'href="worse/report.html"' in page
    assert {path.stem for path in (tmp_path / "ranking/figures").iterdir()} == {*OF_MODELS}
    assert (tmp_path / "ranking/worse/report.html").exists()
    done_well("rank", *models, "votes.parquet", "-o", tmp_path / "ranking", "--no-report")
    assert not (tmp_path / "ranking/report.html").exists()
    merged = done_well("merge", tmp_path / "ranking/true", "-f", "json").out
    assert json.loads(merged)["metrics"][0]["value"] == next(
        one["loss"]["value"] for one in content["models"] if one["name"] == "true"
    )
    (tmp_path / "ranking/true/mine.txt").write_text("mine")
    done = run("rank", *models, "votes.parquet", "-o", tmp_path / "ranking")
    assert done.code == 2 and "holds other files: 'true/mine.txt'" in done.err
    assert (tmp_path / "ranking/true/mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predictions.parquet"], "Give at least two tables"),
        (["predictions.parquet", "votes.parquet"], "give at least two models"),
        (["predictions.parquet", "./predictions.parquet", "votes.parquet"], "Give them names"),
        (["a=predictions.parquet", "predictions.parquet", "votes.parquet",
          "--on-invalid", "null"], "same galaxies"),
        (["a=predictions.parquet", "predictions.parquet", "votes.parquet",
          "--ensemble", "predictions.parquet"], "Give each model to rank alone"),
        (["..=predictions.parquet", "predictions.parquet", "votes.parquet", "-o", "x"],
         "name of a directory"),
        (["a=predictions.parquet", "predictions.parquet", "votes.parquet", "-o", "."],
         "also an input"),
    ],
)  # fmt: skip
def test_what_cannot_be_ranked(
    simulated: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(simulated)
    done = run("rank", *arguments)
    assert done.code == 2 and said in done.err and done.out == ""


def test_one_model_is_not_enough_in_python(simulated: Path) -> None:
    with pytest.raises(UsageError, match="at least two models"):
        zoocli.rank({"a": simulated / "predictions.parquet"}, simulated / "votes.parquet")
