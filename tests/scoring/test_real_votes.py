"""Real votes of the Galaxy Zoo DECaLS campaigns, with predictions made up for the same galaxies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.stats import dirichlet_multinomial

from tests.command import done_well, run
from tests.conftest import SHARED_DATA
from zoocli.schema import load_schema

VOTES = SHARED_DATA / "gz-decals-votes.csv.gz"
GALAXIES = 1_618
SCHEMA = load_schema("desi")

pytestmark = pytest.mark.skipif(not VOTES.exists(), reason=f"{VOTES.name} is not here")


@pytest.fixture(scope="module")
def votes() -> pd.DataFrame:
    return pd.read_csv(VOTES, low_memory=False)


@pytest.fixture(scope="module")
def scored(votes: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with predictions in another order than the votes, their scores and the summary."""
    folder = tmp_path_factory.mktemp("real")
    random = np.random.default_rng(11)
    predictions = pd.DataFrame({"subject_id": random.permutation(votes["subject_id"])})
    for answer in SCHEMA.label_cols:
        predictions[answer] = 1 + 100 * random.random(GALAXIES) ** 3
    predictions.to_csv(folder / "predictions.csv", index=False)
    output, summary = folder / "scores.parquet", folder / "summary.json"
    done = done_well("score", folder / "predictions.csv", VOTES, "-o", output, "--summary", summary)
    ignored, unasked, closing = done.err.splitlines()
    assert closing.startswith(f"zoocli: {GALAXIES:,} galaxies scored, mean loss ")
    assert "37,186 of 40,290 votes for 'merging'" in ignored and "-v1'" in ignored
    assert "Nobody voted for 'merging_none', 'merging_minor-disturbance'" in unasked
    return folder


def test_every_galaxy_is_scored_with_the_detected_tree(scored: Path) -> None:
    summary = json.loads((scored / "summary.json").read_text())
    assert summary["schema"] == "desi"
    assert summary["matching"] == {
        "matched": GALAXIES,
        "predictions_only": 0,
        "votes_only": 0,
        "duplicated": 0,
        "invalid": 0,
    }


def test_the_rows_are_in_the_order_of_the_predictions(scored: Path) -> None:
    predictions = pd.read_csv(scored / "predictions.csv", usecols=["subject_id"])
    ids = pq.read_table(scored / "scores.parquet", columns=["subject_id"])["subject_id"]
    assert ids.to_pylist() == predictions["subject_id"].astype(str).tolist()


def test_total_votes_are_the_files_own(scored: Path, votes: pd.DataFrame) -> None:
    scores = pq.read_table(scored / "scores.parquet").to_pandas()
    theirs = votes.set_index(votes["subject_id"].astype(str)).loc[scores["subject_id"]]
    checked = 0
    for question in SCHEMA.questions:
        name = f"{question.name}_total-votes"
        if question.name == "merging":  # the file counts the answers of an older question too
            own = theirs[SCHEMA.label_cols[question.columns]].sum(axis=1)
            assert (scores[name].to_numpy() == own.to_numpy()).all()
            assert (scores[name].to_numpy() < theirs[name].to_numpy()).any()
            continue
        assert (scores[name].to_numpy() == theirs[name].to_numpy()).all()
        checked += 1
    assert checked == 9


def test_losses_against_scipy(scored: Path, votes: pd.DataFrame) -> None:
    scores = pq.read_table(scored / "scores.parquet").to_pandas()
    predictions = pd.read_csv(scored / "predictions.csv")
    theirs = votes.set_index("subject_id").loc[predictions["subject_id"]]
    total = np.zeros(GALAXIES)
    for question in SCHEMA.questions:
        labels = SCHEMA.label_cols[question.columns]
        counts = theirs[labels].to_numpy().astype(int)
        loss = -dirichlet_multinomial.logpmf(
            counts, predictions[labels].to_numpy(), counts.sum(axis=1)
        )
        made = scores[f"{question.name}_loss"].to_numpy()
        np.testing.assert_allclose(made, loss, rtol=0, atol=1e-7)
        assert (made[counts.sum(axis=1) == 0] == 0.0).all()
        total += loss
    np.testing.assert_allclose(scores["loss"], total, rtol=0, atol=1e-7)


def test_the_summary_against_pandas(scored: Path) -> None:
    summary = json.loads((scored / "summary.json").read_text())
    scores = pq.read_table(scored / "scores.parquet").to_pandas()
    for question in SCHEMA.questions:
        losses = scores[f"{question.name}_loss"]
        votes = scores[f"{question.name}_total-votes"]
        made = summary["questions"][question.name]
        assert (made["galaxies"], made["galaxies_all"]) == ((votes > 0).sum(), GALAXIES)
        assert made["votes"] == votes.sum()
        assert made["mean"] == pytest.approx(losses[votes > 0].mean(), rel=1e-12)
        assert made["mean_all"] == pytest.approx(losses.mean(), rel=1e-12)
        assert made["se"] == pytest.approx(losses[votes > 0].sem(), rel=1e-9)


def test_the_same_bytes_in_any_order_of_the_votes(
    scored: Path, votes: pd.DataFrame, tmp_path: Path
) -> None:
    votes.sample(frac=1, random_state=3).to_csv(tmp_path / "votes.csv", index=False)
    for batch_size, threads in ((97, 1), (100_000, 2)):
        done_well(
            *("score", scored / "predictions.csv", tmp_path / "votes.csv"),
            *("-o", tmp_path / "scores.parquet"),
            *("--batch-size", batch_size, "--threads", threads),
        )
        assert (tmp_path / "scores.parquet").read_bytes() == (
            scored / "scores.parquet"
        ).read_bytes()


def test_fractions_are_no_votes(scored: Path, votes: pd.DataFrame, tmp_path: Path) -> None:
    fractions = votes[["subject_id", *(f"{name}_fraction" for name in SCHEMA.label_cols)]]
    fractions.columns = ["subject_id", *SCHEMA.label_cols]
    fractions.to_csv(tmp_path / "fractions.csv", index=False)
    done = run("score", scored / "predictions.csv", tmp_path / "fractions.csv")
    assert done.code == 3 and "votes that are fractions between 0 and 1" in done.err
    assert "on-fractional" not in done.err
