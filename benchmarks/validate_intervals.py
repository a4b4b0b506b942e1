"""How often the 95 % intervals of an evaluation hold the true value.

    python -m benchmarks.validate_intervals > benchmarks/results/intervals.md

The true value of a metric is that of a very large sample; the intervals are those of many small
ones. Two questions, the second asked of those who gave the first answer to the first; predictions
are the true concentrations with some error.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch

from zoocli.losses import get_dirichlet_neg_log_prob
from zoocli.schema import Schema
from zoocli.simulation import dirichlet_multinomial
from zoocli.statistics.evaluation.additive import AdditiveArrays, add
from zoocli.statistics.evaluation.tree import climatology
from zoocli.statistics.evaluation.tree.collecting import Plan, collect
from zoocli.statistics.evaluation.tree.galaxies import VotedGalaxies
from zoocli.statistics.evaluation.tree.result import TreeEvaluation
from zoocli.statistics.evaluation.tree.rules import Rules

SCHEMA = Schema(
    {"shape": ["_smooth", "_disk", "_odd"], "bar": ["_yes", "_no"]},
    {"shape": None, "bar": "shape_disk"},
    "shapes",
)
REPEATS, GALAXIES, REPLICATES = 1000, 1000, 400
LARGE, BATCH = 2_000_000, 50_000
VOTES = 40


def main() -> None:
    # As an evaluation does: the climatology of the votes.
    reference = climatology.reference(climatology.collect(drawn(BATCH, 10**6)), SCHEMA)
    truth = values(large_sample(reference))
    held, counted = Counter[tuple[str, str | None, str]](), Counter[tuple[str, str | None, str]]()
    for seed in range(REPEATS):
        sums = collect(drawn(GALAXIES, seed), Plan(Rules(), reference, REPLICATES, seed))
        for key, metric in found(sums).items():
            if key[1] is None and metric.low is not None and metric.high is not None:
                counted[key] += 1
                held[key] += metric.low <= truth[key] <= metric.high
    print("# Intervals of known truths\n")
    print("Written by `python -m benchmarks.validate_intervals`: how often the 95 % interval of")
    print(
        f"{GALAXIES:,} galaxies ({REPLICATES} replicates) holds the value of {LARGE:,} galaxies.\n"
    )
    print("| question | answer | metric | true value | interval holds it |")
    print("| --- | --- | --- | --- | --- |")
    for (question, answer, metric), times in sorted(counted.items(), key=str):
        name = f"{question} | {answer or ''} | {metric}"
        value, share = truth[question, answer, metric], held[question, answer, metric] / times
        print(f"| {name} | {value:.5f} | {share:.1%} |")


def large_sample(reference: np.ndarray) -> AdditiveArrays:
    total: AdditiveArrays = {}
    for number in range(LARGE // BATCH):
        add(total, collect(drawn(BATCH, 10**6 + number), Plan(Rules(), reference, 0, 0)))
    return total


def drawn(galaxies: int, seed: int) -> VotedGalaxies:
    """Galaxies with 40 votes each for the first question; predictions in error by 20 %."""
    random = np.random.default_rng(seed)
    truth = np.exp(random.uniform(0, np.log(10), (5, galaxies)))
    predicted = truth * np.exp(random.normal(0, 0.2, truth.shape))
    first = dirichlet_multinomial(truth[:3], np.full(galaxies, VOTES), random)
    second = dirichlet_multinomial(truth[3:], first[1], random)
    votes = np.vstack([first, second]).astype(np.int64)
    losses = [
        get_dirichlet_neg_log_prob(
            torch.from_numpy(predicted[part].T.copy()), torch.from_numpy(votes[part].T.copy())
        ).numpy()
        for part in SCHEMA.question_slices
    ]
    totals = np.array([votes[part].sum(axis=0) for part in SCHEMA.question_slices])
    hashes = random.integers(0, 2**63, galaxies).astype(np.uint64)
    return VotedGalaxies(SCHEMA, predicted[None], votes, totals, np.array(losses), hashes)


def found(sums: AdditiveArrays) -> dict:
    evaluation = TreeEvaluation(
        loss="dirichlet", schema=SCHEMA, settings={}, matching=None, sums=sums, worst=[]
    )
    return evaluation.by_name


def values(sums: AdditiveArrays) -> dict[tuple[str, str | None, str], float]:
    return {key: one.value for key, one in found(sums).items() if one.value is not None}


if __name__ == "__main__":
    main()
