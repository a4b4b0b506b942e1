"""Batches of galaxies to evaluate: simulated, and the real votes of GZ DECaLS."""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from scipy import stats

from tests.conftest import SHARED_DATA
from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import buckets_of
from zoocli.evaluating.metric import Metric
from zoocli.evaluating.tree.climatology import collect as collect_votes
from zoocli.evaluating.tree.climatology import reference
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.tree.sums import TreeSums, WhatToCollect
from zoocli.foundation.hashing import hash_ids
from zoocli.foundation.kernels.resampling import UNIFORMS, random_words
from zoocli.losses.dirichlet import get_dirichlet_neg_log_prob
from zoocli.products.simulation import draw_votes
from zoocli.runs.options.rules import Rules
from zoocli.runs.provenance import Provenance
from zoocli.schema import Schema, load_schema

SMALL = Schema(
    {"shape": ["_smooth", "_disk", "_artifact"], "bar": ["_yes", "_no"], "arms": ["_1", "_2"]},
    {"shape": None, "bar": "shape_disk", "arms": "bar_yes"},
    "small",
)
VOTES = SHARED_DATA / "gz-decals-votes.csv.gz"
needs_real_votes = pytest.mark.skipif(not VOTES.exists(), reason="the shared data are not here")


def galaxies_of(schema: Schema, concentrations: np.ndarray, votes: np.ndarray) -> VotedGalaxies:
    """Of `concentrations` (passes, answers, galaxies) and `votes` (answers, galaxies)."""
    votes = np.asarray(votes, np.int64)
    slices = schema.question_slices
    total_votes = np.stack([votes[part].sum(axis=0) for part in slices])
    losses = np.stack(
        [
            np.stack(
                [
                    get_dirichlet_neg_log_prob(
                        torch.tensor(one[part].T), torch.tensor(votes[part].T)
                    ).numpy()
                    for one in concentrations
                ]
            )
            for part in slices
        ]
    )
    mixture = -np.log(np.mean(np.exp(-losses), axis=1))
    hashes = np.random.default_rng(99).integers(0, 2**63, votes.shape[1], dtype=np.uint64)
    return VotedGalaxies(schema, concentrations, votes, total_votes, mixture, hashes)


@functools.cache
def simulated(
    galaxies: int = 3000, passes: int = 1, blur: float = 0.3, seed: int = 3
) -> VotedGalaxies:
    """Votes for the small tree, and predictions that are not quite the truth."""
    random = np.random.default_rng(seed)
    truth = 0.5 + 30 * random.random((len(SMALL.label_cols), galaxies)) ** 3
    votes = draw_votes(SMALL, truth.astype(np.float32), 20, random)
    noise = random.standard_normal((passes, *truth.shape))
    return galaxies_of(SMALL, truth * np.exp(blur * noise), votes)


@functools.cache
def real() -> VotedGalaxies:
    """The real votes, with made-up predictions: the galaxy's own fractions, half forgotten."""
    schema = load_schema("desi")
    votes = pd.read_csv(VOTES)[schema.label_cols].fillna(0).to_numpy().T
    random = np.random.default_rng(5)
    concentrations = 1 + votes / 2 + 5 * random.random(votes.shape)
    return galaxies_of(schema, concentrations[np.newaxis], votes)


def sums_of(
    galaxies: VotedGalaxies,
    rules: Rules | None = None,
    *,
    seed: int = 0,
    threads: int = 1,
    batches: int | None = None,
    known: np.ndarray | None = None,
) -> AdditiveArrays:
    """Everything that is added up over the galaxies, `batches` of them at a time.

    `known`: the reference, by default near the climatology of the same galaxies.
    """
    if known is None:
        known = reference(collect_votes(galaxies), galaxies.schema)
    what = WhatToCollect(rules or Rules(), known, seed)
    total = TreeSums(galaxies.schema, what, threads)
    size = batches or max(len(galaxies), 1)
    for first in range(0, max(len(galaxies), 1), size):
        total.add(what.prepare(galaxies.part(slice(first, first + size))))
    return total.arrays()


def evaluation_of(sums: AdditiveArrays, schema: Schema) -> TreeEvaluation:
    return TreeEvaluation(
        provenance=Provenance(loss="dirichlet", schema=schema.name, settings={"profile": "zoobot"}),
        schema=schema,
        sums=sums,
        worst=[],
    )


def metrics_of(
    galaxies: VotedGalaxies, rules: Rules | None = None
) -> dict[tuple[str, str | None, str], Metric]:
    """Every metric by question, answer and name."""
    return evaluation_of(sums_of(galaxies, rules), galaxies.schema).by_name


def uniforms(hashes: np.ndarray, seed: int, stream: int = 0) -> np.ndarray:
    """The numbers in (0, 1) that randomise the transforms of an answer, `stream`."""
    words = np.empty((len(hashes), 1), np.uint64)
    random_words(np.ascontiguousarray(hashes), seed, UNIFORMS, stream, words)
    return ((words[:, 0] >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53


def left_out(ids: list[str], seed: int) -> list[np.ndarray]:
    """Which galaxies are left without each bucket that has any."""
    buckets = buckets_of(hash_ids(pa.array(ids)), seed)
    return [buckets != bucket for bucket in np.unique(buckets)]


def students_interval(
    value: float,
    without: list[float],
    scale: Callable[[Any], Any] = lambda x: x,
    back: Callable[[Any], Any] = lambda x: x,
) -> list[float]:
    """The interval of docs/evaluation.md, from the number without each bucket."""
    others = scale(np.array(without))
    m, d = len(others), others.mean() - others
    se = np.sqrt(m / (m - 1) * np.sum(d**2))
    nu = 2 / (np.sum(d**4) / np.sum(d**2) ** 2 - 1 / m)
    reach = stats.t.ppf(0.975, min(max(nu, 1), m - 1)) * se
    return [float(back(scale(value) + side * reach)) for side in (-1, 1)]


def both() -> list[VotedGalaxies]:
    """Simulated galaxies, and the real ones where they are."""
    return [simulated(), *([real()] if VOTES.exists() else [])]


def numbers(text: str) -> dict[tuple[str, str, str], list[float | None]]:
    """The long CSV as a dict."""
    return {
        (row["question"], row["answer"], row["metric"]): [
            float(row[column]) if row[column] else None for column in ("value", "low", "high", "N")
        ]
        for row in csv.DictReader(io.StringIO(text))
    }


def assert_same_numbers(text: str, other: str) -> None:
    ours, theirs = numbers(text), numbers(other)
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        for value, expected in zip(values, theirs[name], strict=True):
            assert value == (
                None if expected is None else pytest.approx(expected, rel=1e-10, abs=1e-10)
            ), name
