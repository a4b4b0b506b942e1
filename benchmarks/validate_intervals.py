"""How often the 95 % intervals of an evaluation hold the true value.

    python -m benchmarks.validate_intervals > benchmarks/results/intervals.md

The true value of a metric is that of a very large sample; the intervals are those of many small
ones. Two questions, the second asked of those who gave the second answer to the first; predictions
are the true concentrations with some error. Then shares of few galaxies, whose truth is known.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch

from zoocli.evaluating.additive import AdditiveArrays, add
from zoocli.evaluating.confusion import Confusion, HalfMatrix
from zoocli.evaluating.intervals import with_intervals
from zoocli.evaluating.metric import Estimate
from zoocli.evaluating.tree import climatology
from zoocli.evaluating.tree.collecting import WhatToCollect, collect
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.losses import get_dirichlet_neg_log_prob
from zoocli.products.simulation import dirichlet_multinomial
from zoocli.runs.options.rules import Rules
from zoocli.runs.provenance import Provenance
from zoocli.schema import Schema

SCHEMA = Schema(
    {"shape": ["_smooth", "_disk", "_odd"], "bar": ["_yes", "_no"]},
    {"shape": None, "bar": "shape_disk"},
    "shapes",
)
REPEATS, GALAXIES, REPLICATES = 1000, 1000, 400
SHOWN = ("accuracy", "balanced_accuracy", "precision_weighted", "f1_macro", "recall of the last")
TINY = 1e-9  # the rounding of a truth of 1
LARGE, BATCH = 2_000_000, 50_000
VOTES = 40


def main() -> None:
    print("# Intervals of known truths\n")
    every_metric()
    print()
    shares_of_few()


def every_metric() -> None:
    """Those of the evaluation of a decision tree."""
    # As an evaluation does: the climatology of the votes.
    reference = climatology.reference(climatology.collect(drawn(BATCH, 10**6)), SCHEMA)
    truth = values(large_sample(reference))
    held, counted = Counter[tuple[str, str | None, str]](), Counter[tuple[str, str | None, str]]()
    for seed in range(REPEATS):
        sums = collect(drawn(GALAXIES, seed), WhatToCollect(Rules(), reference, REPLICATES, seed))
        for key, metric in found(sums).items():
            if key[1] is None and metric.low is not None and metric.high is not None:
                counted[key] += 1
                held[key] += metric.low <= truth[key] <= metric.high
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


def shares_of_few() -> None:
    """Those of shares, where galaxies are few or nearly all are right."""
    print(
        "Shares of few galaxies, three answers: how often the 95 % interval holds the truth, and in"
    )
    print(
        f"brackets how often percentiles would ({REPEATS:,} times each, {REPLICATES} replicates).\n"
    )
    print(f"| answers | galaxies | right | {' | '.join(SHOWN)} |")
    print(f"| --- | --- | --- |{' --- |' * len(SHOWN)}")
    for given in ((1 / 3, 1 / 3, 1 / 3), (0.7, 0.2, 0.1)):
        for galaxies in (20, 74, 200):
            for right in (0.6, 0.94, 0.99):
                shown = " | ".join(
                    f"{wilson:.1%} ({percentiles:.1%})"
                    for wilson, percentiles in held_shares(np.array(given), galaxies, right)
                )
                answers = ", ".join(f"{one:.0%}" for one in given)
                print(f"| {answers} | {galaxies:,} | {right:.0%} | {shown} |", flush=True)


def held_shares(given: np.ndarray, galaxies: int, right: float) -> np.ndarray:
    """(shown, 2): how often Wilson's and the percentile intervals hold each share that is shown.

    `given` (answers,): how often each answer is true; `right`: how often it is then predicted.
    """
    random = np.random.default_rng(galaxies)
    wrong = (1 - right) / (len(given) - 1)
    cells = given[:, np.newaxis] * np.where(np.eye(len(given)), right, wrong)
    truth = shares_in(Confusion.of(cells[..., np.newaxis]))
    held, counted = np.zeros((len(SHOWN), 2)), np.zeros((len(SHOWN), 1))
    for _ in range(REPEATS):
        matrix = random.multinomial(galaxies, cells.ravel()).reshape(*cells.shape, 1) * 1.0
        halves = HalfMatrix.of(Confusion.of(matrix), np.zeros(len(given), np.intp))
        point = shares_in(Confusion.of(matrix))
        drawn = random.poisson(np.repeat(matrix, REPLICATES, axis=2)) * 1.0
        replicates = shares_in(Confusion.of(drawn))
        shares = halves.effects(shares_in(halves.confusions()))
        for kind, chosen in enumerate((shares, None)):
            for row, metric in enumerate(with_intervals(point, replicates, chosen)):
                if metric.low is None or metric.high is None:
                    continue
                counted[row] += kind == 0
                held[row, kind] += metric.low - TINY <= truth[row].values[0] <= metric.high + TINY
    return held / counted


def shares_in(confusion: Confusion) -> list[Estimate]:
    """The shares that are shown: of the whole question, and the recall of the last answer."""
    recall, support = (each[-1] for each in confusion.of_answers["recall"])
    numbers = dict(confusion.of_question())
    return [
        *(Estimate("shape", None, name, numbers[name], confusion.galaxies) for name in SHOWN[:-1]),
        Estimate("shape", "_last", SHOWN[-1], recall, support),
    ]


def large_sample(reference: np.ndarray) -> AdditiveArrays:
    total: AdditiveArrays = {}
    for number in range(LARGE // BATCH):
        add(total, collect(drawn(BATCH, 10**6 + number), WhatToCollect(Rules(), reference, 0, 0)))
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
        provenance=Provenance(loss="dirichlet", settings={}), schema=SCHEMA, sums=sums, worst=[]
    )
    return evaluation.by_name


def values(sums: AdditiveArrays) -> dict[tuple[str, str | None, str], float]:
    return {key: one.value for key, one in found(sums).items() if one.value is not None}


if __name__ == "__main__":
    main()
