"""The mean loss of predictions without a decision tree, and its standard error.

A row is what has a loss of its own: everything, or a target. `loss` is the mean over the galaxies
that have it, `se` its standard error: sqrt((sum of squares - sum^2 / N) / (N - 1) / N).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.metric import Estimate, Metric, divide
from zoocli.foundation.arrays import Floats
from zoocli.scoring.sums import standard_error


def features(losses: Floats) -> AdditiveArrays:
    """What is summed of losses (rows, galaxies), NaN where there is none."""
    valid = ~np.isnan(losses)
    return {"loss/sum": np.where(valid, losses, 0.0), "loss/galaxies": valid.astype(np.float64)}


def collect(losses: Floats) -> AdditiveArrays:
    """The sum of squared losses (rows,), for the standard error."""
    return {"loss/squares": np.square(np.where(np.isnan(losses), 0.0, losses)).sum(axis=1)}


def estimates(sums: AdditiveArrays, rows: Sequence[str]) -> Iterator[Estimate]:
    """The mean loss of each row, for sums (rows, replicates)."""
    for row, total, galaxies in zip(rows, sums["loss/sum"], sums["loss/galaxies"], strict=True):
        yield Estimate(row, None, "loss", divide(total, galaxies), galaxies)


def metrics(sums: AdditiveArrays, rows: Sequence[str]) -> Iterator[Metric]:
    """The standard error of each row; absent below two galaxies."""
    for number, row in enumerate(rows):
        total, squares, galaxies = (
            float(sums[f"loss/{name}"][number]) for name in ("sum", "squares", "galaxies")
        )
        N = int(galaxies)
        yield Metric(row, None, "se", standard_error(total, squares, N), N=N)
