"""What the calibration says of predictions whose truth is known, many times over.

    python -m benchmarks.validate_calibration > benchmarks/results/calibration.md

Galaxies with three answers; concentrations log-uniform from 1 to 10, votes Dirichlet-multinomial.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.metric import Metric
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.tree.sums import TreeSums, WhatToCollect
from zoocli.products.simulation import dirichlet_multinomial
from zoocli.runs.options.rules import Rules
from zoocli.runs.provenance import Provenance
from zoocli.schema import Schema

SCHEMA = Schema({"shape": ["_smooth", "_disk", "_odd"]}, {"shape": None}, "shapes")
REPEATS = 1000
ANSWER = "shape_smooth"


def main() -> None:
    print("# Calibration of known truths\n")
    print("Written by `python -m benchmarks.validate_calibration`: three answers, concentrations")
    print("log-uniform from 1 to 10.\n")
    sure_and_unsure()
    print()
    repeated()


def sure_and_unsure() -> None:
    """The coverage at 40 votes of the truth and of concentrations that are too high or too low."""
    print("20,000 galaxies with 40 votes each, all answers together:\n")
    print("| concentrations | coverage at 90 % | calibration error | sharpness | Holm's least p |")
    print("| --- | --- | --- | --- | --- |")
    for name, factor in (("the true ones x 4", 4.0), ("the true ones", 1.0), ("/ 4", 0.25)):
        found = metrics(sums_of(drawn(20_000, 40, 1, factor)))
        coverage, error, sharpness, p = (
            found["overall", None, metric]
            for metric in ("coverage_90", "calibration_error", "sharpness", "uniformity_p_holm")
        )
        print(
            f"| {name} | {coverage.value:.4f} ({coverage.low:.4f} to {coverage.high:.4f}) "
            f"| {error.value:.4f} ({error.low:.4f} to {error.high:.4f}) "
            f"| {sharpness.value:.4f} | {p.value:.2g} |"
        )


def repeated() -> None:
    """How often tests reject the truth, and intervals hold it."""
    print(f"The truth, {REPEATS:,} times; one answer:\n")
    print(
        "| galaxies | votes | rejected at 5 % | p uniform (Kolmogorov-Smirnov) "
        "| coverage at 90 %: interval holds 0.9 | calibration error: interval holds 0 |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for galaxies, votes in ((200, 40), (500, 40), (500, 5)):
        found = [metrics(sums_of(drawn(galaxies, votes, seed))) for seed in range(REPEATS)]
        p = np.array([one["shape", ANSWER, "uniformity_p"].value for one in found])
        coverage = [one["shape", ANSWER, "coverage_90"] for one in found]
        error = [one["shape", ANSWER, "calibration_error"] for one in found]
        print(
            f"| {galaxies} | {votes} | {np.mean(p < 0.05):.1%} "
            f"| {stats.kstest(p, 'uniform').pvalue:.2f} "
            f"| {np.mean([one.low <= 0.9 <= one.high for one in coverage]):.1%} "
            f"| {np.mean([one.low == 0.0 for one in error]):.1%} |",
            flush=True,
        )


def drawn(galaxies: int, votes: int, seed: int, factor: float = 1.0) -> VotedGalaxies:
    """Galaxies predicted by their true concentrations x factor."""
    random = np.random.default_rng(seed)
    truth = np.exp(random.uniform(0, np.log(10), (3, galaxies)))
    totals = np.full(galaxies, votes)
    counts = dirichlet_multinomial(truth, totals, random).astype(np.int64)
    hashes = random.integers(0, 2**63, galaxies).astype(np.uint64)
    losses = np.zeros((1, galaxies))
    return VotedGalaxies(SCHEMA, factor * truth[None], counts, totals[None], losses, hashes)


def sums_of(galaxies: VotedGalaxies) -> AdditiveArrays:
    what = WhatToCollect(Rules(), np.ones(3), 0)
    total = TreeSums(SCHEMA, what)
    total.add(what.prepare(galaxies))
    return total.arrays()


def metrics(sums: AdditiveArrays) -> dict[tuple[str, str | None, str], Metric]:
    made = Provenance(loss="dirichlet", settings={})
    return TreeEvaluation(provenance=made, schema=SCHEMA, sums=sums, worst=[]).by_name


if __name__ == "__main__":
    main()
