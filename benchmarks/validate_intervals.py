"""How often the 95 % intervals of an evaluation hold the true value.

    python -m benchmarks.validate_intervals FOLDER > benchmarks/results/intervals.md

FOLDER has the votes of GZ2 Stripe 82 (gz2-stripe82.csv.gz) and of GZ DECaLS
(gz-decals-votes.csv.gz). Their galaxies are the population, whose numbers are the truth. Samples
are drawn from it with replacement, each galaxy under an id of its own. Predictions are made of half
of a galaxy's own votes, with noise: they are neither calibrated nor equally good everywhere.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from zoocli.evaluating.metric import Key
from zoocli.evaluating.tree import climatology
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.tree.sums import TreeSums, WhatToCollect
from zoocli.losses import get_dirichlet_neg_log_prob
from zoocli.runs.options.rules import Rules
from zoocli.runs.provenance import Provenance
from zoocli.schema import Schema, load_schema

REPEATS = 400
SIZES = (30, 100, 500, 5_000)
BINS = (5, 10, 20, 40, 100, 1_000)  # where the bins of N begin
DRAWS = 20  # of the votes that are drawn for the truth of ceiling and excess_loss
WITHOUT_TRUTH = ("ties", "uniformity", "se", "calibration_error")
PROCESSES = 2

Held = dict[tuple[str, int], list[int]]  # by kind and bin: intervals, and those that hold the truth


def main() -> None:
    """Prints the table."""
    folder = Path(sys.argv[1])
    print("# Intervals of known truths\n")
    print("Written by `python -m benchmarks.validate_intervals`: how often 95 % intervals hold the")
    print(f"value of the population, by the number N of galaxies; samples of {SIZES} galaxies of")
    print(f"real votes, {REPEATS} of each.")
    for name in ("gz2", "decals"):
        with ProcessPoolExecutor(PROCESSES) as pool:
            seeds = [(folder, name, size, seed) for size in SIZES for seed in range(REPEATS)]
            held: Held = defaultdict(lambda: [0, 0])
            for found in pool.map(_sample, seeds, chunksize=20):
                for key, (counted, inside) in found.items():
                    held[key][0] += counted
                    held[key][1] += inside
        _print_table(name, held)


def _print_table(name: str, held: Held) -> None:
    print(f"\n## {name}\n")
    labels = [f"{first} to {last - 1}" for first, last in pairwise(BINS)]
    print(f"| number | {' | '.join(f'N {one}' for one in [*labels, f'{BINS[-1]} or more'])} |")
    print(f"| --- |{' ---: |' * len(BINS)}")
    for kind in sorted({kind for kind, _ in held}):
        cells = []
        for number in range(len(BINS)):
            counted, inside = held.get((kind, number), (0, 0))
            cells.append(f"{inside / counted:.1%}" if counted >= 200 else "")
        print(f"| {kind} | {' | '.join(cells)} |")


_populations: dict[str, tuple[VotedGalaxies, np.ndarray, dict[Key, float]]] = {}


def _sample(task: tuple[Path, str, int, int]) -> Held:
    """Of one sample: by kind and bin of N, its intervals and those that hold the truth."""
    folder, name, size, seed = task
    if name not in _populations:
        galaxies = population(folder, name)
        known = climatology.reference(climatology.collect(galaxies), galaxies.schema)
        _populations[name] = galaxies, known, truth_of(galaxies, known)
    galaxies, known, truth = _populations[name]
    random = np.random.default_rng(seed)
    rows = random.integers(0, len(galaxies), size)
    part = replace(galaxies.part(rows), hashes=_hashes(size, random))
    found: Held = defaultdict(lambda: [0, 0])
    for metric in evaluated(part, known).metrics:
        kind = metric.metric.partition(":")[0]
        if kind.startswith(WITHOUT_TRUTH) or metric.low is None or metric.key not in truth:
            continue
        high = np.inf if metric.high is None else metric.high
        number = int(np.searchsorted(BINS, metric.N or 0, side="right")) - 1
        if number >= 0:
            kind = "coverage" if kind.startswith("coverage") else kind
            found[kind, number][0] += 1
            found[kind, number][1] += metric.low - 1e-12 <= truth[metric.key] <= high + 1e-12
    return dict(found)


def truth_of(galaxies: VotedGalaxies, known: np.ndarray) -> dict[Key, float]:
    """The numbers of the population; those of drawn votes are means over several draws."""
    found: dict[Key, list[float]] = defaultdict(list)
    for draw in range(DRAWS):
        hashes = _hashes(len(galaxies), np.random.default_rng(10**6 + draw))
        for metric in evaluated(replace(galaxies, hashes=hashes), known).metrics:
            if metric.value is not None:
                found[metric.key].append(metric.value)
    return {key: float(np.mean(values)) for key, values in found.items()}


def evaluated(galaxies: VotedGalaxies, known: np.ndarray) -> TreeEvaluation:
    """The evaluation of some galaxies; `known` is near the climatology."""
    what = WhatToCollect(Rules(), known, 0)
    sums = TreeSums(galaxies.schema, what)
    sums.add(what.prepare(galaxies))
    return TreeEvaluation(
        provenance=Provenance(loss="dirichlet", settings={}),
        schema=galaxies.schema,
        sums=sums.arrays(),
        worst=[],
    )


def population(folder: Path, name: str) -> VotedGalaxies:
    """The votes of a survey, with predictions that are made of half of them."""
    if name == "gz2":
        schema, file = load_schema("gz2-ortho"), "gz2-stripe82.csv.gz"
        columns = _gz2_columns(schema)
    else:
        schema, file = load_schema("desi"), "gz-decals-votes.csv.gz"
        columns = schema.label_cols
    votes = pd.read_csv(folder / file, low_memory=False)[columns].fillna(0).to_numpy().T
    votes = votes.astype(np.int64)
    random = np.random.default_rng(1)
    half = random.binomial(votes, 0.5)
    concentrations = (0.5 + half) * np.exp(0.3 * random.standard_normal(votes.shape))
    slices = schema.question_slices
    losses = [
        get_dirichlet_neg_log_prob(
            torch.tensor(concentrations[part].T), torch.tensor(votes[part].T)
        ).numpy()
        for part in slices
    ]
    totals = np.stack([votes[part].sum(axis=0) for part in slices])
    return VotedGalaxies(
        schema,
        concentrations[np.newaxis],
        votes,
        totals,
        np.stack(losses),
        np.arange(votes.shape[1], dtype=np.uint64),
    )


def _gz2_columns(schema: Schema) -> list[str]:
    """The columns of counts of the tree's answers: t01_smooth_or_features_a01_smooth_count, ..."""
    return [source.column for source in schema.catalogues["gz2"].sources(schema)]


def _hashes(size: int, random: np.random.Generator) -> np.ndarray:
    return random.integers(0, 2**63, size, dtype=np.uint64)


if __name__ == "__main__":
    main()
