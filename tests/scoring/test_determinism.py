"""The same inputs give the same bytes, however the work is cut up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.command import done_well, write

GALAXIES = 1_500
FORMATS = ("csv", "parquet", "feather", "arrows", "jsonl")
HOW = {
    "two threads": ("--threads", 2),
    "small batches": ("--threads", 1, "--batch-size", 97),
    "small batches on two threads": ("--threads", 2, "--batch-size", 97),
    "one batch": ("--threads", 1, "--batch-size", 100_000),
    "little memory": ("--threads", 2, "--memory-limit", "309MB"),
}
WITH_TORCH = {"309MB": "609MB"}  # which is a larger program
LOSSES = {
    "dirichlet": (),
    "dirichlet with torch": ("--backend", "torch"),
    "ce": ("--loss", "ce"),
    "ce of probabilities": ("--loss", "ce", "--scale", "probabilities", "--on-invalid", "null"),
    "ce, weighted and smoothed": ("-l", "ce", "--label-smoothing", 0.1, "--class-weights", "1,2,3"),
    "mse": ("--loss", "mse"),
    "l1": ("--loss", "l1"),
}
TARGETS = [f"target{number}" for number in range(11)]


def tables(folder: Path, loss: str) -> list[Path]:
    """Predictions and votes of the kind that the loss takes."""
    kind = loss.split(",")[0].split()[0]
    kind = "probabilities" if "probabilities" in loss else "values" if kind in "mse l1" else kind
    return [folder / f"{kind}-{side}.parquet" for side in ("predictions", "votes")]


def options(loss: str) -> list[object]:
    pairs = [("--label", name, "--prediction", name) for name in TARGETS]
    several = [word for pair in pairs for word in pair] if loss in ("mse", "l1") else []
    return [*LOSSES[loss], *several, "--quiet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables for every loss; some galaxies on one side only, and VOTES in another order."""
    folder = tmp_path_factory.mktemp("determinism")
    done_well("simulate", folder, "-n", GALAXIES, "--voted", 1_400, "-s", "decals-dr5-ortho", "-q")
    random = np.random.default_rng(8)
    ids = [f"g{number}" for number in range(GALAXIES)]
    logits = random.normal(0, 3, (GALAXIES, 3))
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = random.normal(0, 3, (GALAXIES, len(TARGETS)))
    names = ("a", "b", "c")
    labels: dict[str, object] = {"id": ids[::-1], "label": random.choice(names, GALAXIES)}
    for kind, values in (("ce", logits), ("probabilities", softmax)):
        columns = dict(zip(names, values.T, strict=True))
        write(folder / f"{kind}-predictions.parquet", {"id": ids} | columns)
        write(folder / f"{kind}-votes.parquet", labels)
    noisy = truth + random.normal(0, 1, truth.shape)
    for side, values, order in (("predictions", noisy, 1), ("votes", truth, -1)):
        columns = {"id": np.array(ids)} | dict(zip(TARGETS, values.T, strict=True))
        table = {name: pa.array(column[::order]) for name, column in columns.items()}
        write(folder / f"values-{side}.parquet", table)
    for side in ("predictions", "votes"):
        (folder / f"{side}.parquet").rename(folder / f"dirichlet-{side}.parquet")
    return folder


def score(folder: Path, loss: str, output: Path, *how: object) -> bytes:
    done_well("score", *tables(folder, loss), *options(loss), "-o", output, *how)
    return output.read_bytes()


@pytest.mark.parametrize("loss", LOSSES)
def test_threads_batches_and_memory(folder: Path, tmp_path: Path, loss: str) -> None:
    usual = score(folder, loss, tmp_path / "scores.parquet", "--threads", 1)
    instead = {} if loss == "dirichlet" else WITH_TORCH
    for name, words in HOW.items():
        how = [instead.get(str(word), word) for word in words]
        assert score(folder, loss, tmp_path / "scores.parquet", *how) == usual, name


@pytest.mark.parametrize("loss", LOSSES)
def test_a_galaxy_alone_scores_as_in_company(folder: Path, tmp_path: Path, loss: str) -> None:
    predictions, votes = tables(folder, loss)
    few = write(tmp_path / "few.parquet", pq.read_table(predictions).slice(0, 50))
    made = []
    for rows in (1, 50):
        output = tmp_path / "scores.csv"
        done_well("score", few, votes, *options(loss), "-o", output, "--batch-size", rows)
        made.append(output.read_text())
    assert made[0] == made[1]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("loss", ["dirichlet", "ce", "mse"])
def test_every_format(folder: Path, tmp_path: Path, loss: str, suffix: str) -> None:
    output = tmp_path / f"scores.{suffix}"
    usual = score(folder, loss, output, "--threads", 1)
    how = HOW["small batches on two threads"]
    assert score(folder, loss, output, *how) == usual
    assert score(folder, loss, output, "--batch-size", 100_000) == usual


@pytest.mark.parametrize("loss", LOSSES)
def test_the_order_of_votes(folder: Path, tmp_path: Path, loss: str) -> None:
    predictions, votes = tables(folder, loss)
    table = pq.read_table(votes)
    order = np.random.default_rng(1).permutation(len(table))
    shuffled = write(tmp_path / "votes.parquet", table.take(pa.array(order)))
    made = []
    for source in (votes, shuffled):
        output, summary = tmp_path / "scores.parquet", tmp_path / "summary.json"
        done_well("score", predictions, source, *options(loss), "-o", output, "--summary", summary)
        made.append((output.read_bytes(), json.loads(summary.read_text())))
    assert made[0] == made[1]


@pytest.mark.parametrize("loss", ["dirichlet", "ce", "l1"])
def test_rows_are_in_the_order_of_the_predictions(folder: Path, tmp_path: Path, loss: str) -> None:
    predictions, votes = (pq.read_table(path) for path in tables(folder, loss))
    order = np.random.default_rng(2).permutation(len(predictions))
    shuffled = predictions.take(pa.array(order))
    write(tmp_path / "predictions.parquet", shuffled)
    output = tmp_path / "scores.parquet"
    inputs = tmp_path / "predictions.parquet", tables(folder, loss)[1]
    done_well("score", *inputs, *options(loss), "-o", output, "--batch-size", 64)
    key = predictions.column_names[0]
    voted = set(votes[key].to_pylist())
    expected = [one for one in shuffled[key].to_pylist() if one in voted]
    assert pq.read_table(output)[key].to_pylist() == expected


def test_the_summary_does_not_depend_on_batches(folder: Path, tmp_path: Path) -> None:
    made = []
    for how in HOW.values():
        summary = tmp_path / "summary.json"
        done_well("score", *tables(folder, "dirichlet"), "--summary", summary, "-q", *how)
        made.append(json.loads(summary.read_text()))
    for other in made[1:]:
        assert other["matching"] == made[0]["matching"]
        for name, statistics in made[0]["questions"].items():
            there = other["questions"][name]
            for count in ("galaxies", "galaxies_all", "votes"):
                assert there[count] == statistics[count]
            for total in ("sum", "sum_squares"):
                assert there[total] == pytest.approx(statistics[total], rel=1e-12, abs=0)
