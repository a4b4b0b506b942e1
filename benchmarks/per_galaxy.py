"""Nanoseconds a galaxy within one process: Zoobot's loss, our torch loss, our fused loop.

    python -m benchmarks.per_galaxy THREADS

The fused loop is one thread by itself; on several, each takes a part of the galaxies, as scoring
does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.zoobot import load_losses
from zoocli.losses import CustomMultiQuestionLoss, find_loss, get_dirichlet_neg_log_prob
from zoocli.products.simulation import draw_votes
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema import load_schema
from zoocli.scoring.scorers.backends import tree_backend

GALAXIES = 65_536
BATCHES = (512, 8192, GALAXIES)
RUNS = 7


def main(threads: int) -> dict[str, float]:
    torch.set_num_threads(threads)
    schema = load_schema("decals-dr5-ortho")
    random = np.random.default_rng(0)
    uniform = random.random((len(schema.label_cols), GALAXIES), np.float32)
    concentrations = 1 + 100 * uniform**3  # as `zoocli simulate` draws them
    counts = draw_votes(schema, concentrations, 40, random)
    zoobot = load_losses()
    results = {}
    peer = zoobot.CustomMultiQuestionLoss(
        schema.question_answer_pairs, zoobot.get_dirichlet_neg_log_prob
    )
    ours = CustomMultiQuestionLoss(schema.question_answer_pairs, get_dirichlet_neg_log_prob)
    for batch in BATCHES:
        name = f"Zoobot, float32, batches of {batch:,}"
        results[name] = measure(in_batches(peer, schema, concentrations, counts, batch))
    results["zoocli, torch, batches of 8,192"] = measure(
        in_batches(ours, schema, concentrations, counts, 8192)
    )
    results["zoocli, fused loop"] = measure(fused(schema, concentrations, counts, threads))
    return results


def measure(work: Callable[[], Any]) -> float:
    """The median of several runs, in nanoseconds a galaxy, after one that is not counted."""
    work()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return median(seconds) / GALAXIES * 1e9


def in_batches(
    loss: Any, schema: Any, concentrations: Any, counts: Any, batch: int
) -> Callable[[], None]:
    inputs = torch.from_numpy(np.ascontiguousarray(concentrations.T))
    targets = torch.from_numpy(np.ascontiguousarray(counts.T, np.float32))

    def work() -> None:
        with torch.no_grad():
            for start in range(0, GALAXIES, batch):
                part = slice(start, start + batch)
                loss(inputs[part], dict(zip(schema.label_cols, targets[part].T, strict=True)))

    return work


def fused(schema: Any, concentrations: Any, counts: Any, threads: int) -> Callable[[], None]:
    columns = list(concentrations)
    counts = np.ascontiguousarray(counts.T, np.uint8)
    losses = tree_backend(find_loss("dirichlet"), ScoreOptions(), schema.question_slices)
    parts = np.array_split(np.arange(GALAXIES, dtype=np.int32), threads)
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(lambda rows: losses(columns, rows, counts, rows), parts))


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
