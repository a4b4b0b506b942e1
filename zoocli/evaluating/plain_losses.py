"""The mean loss of predictions without a decision tree, and its standard error.

A row is what has a loss of its own: everything, or a target. `loss` is the mean over the galaxies
that have it, `se` its standard error: sqrt((sum of squares - sum^2 / N) / (N - 1) / N).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import PREFIX, totals_of
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.metric import Estimate, Metric, Scale, divide
from zoocli.foundation.arrays import Floats
from zoocli.scoring.sums import standard_error

LOSSES = f"{PREFIX}loss/"


def features(losses: Floats) -> AdditiveArrays:
    """What is summed of losses (rows, galaxies), NaN where there is none."""
    valid = ~np.isnan(losses)
    known = np.where(valid, losses, 0.0)
    with np.errstate(over="ignore"):
        squares = np.square(known)
    return {"loss/sum": known, "loss/squares": squares, "loss/galaxies": valid.astype(np.float64)}


class PlainLosses(Family):
    """Of the `rows`; `headline` is what the loss is called on top of a report."""

    def __init__(self, rows: Sequence[str], headline: str, glossary: str) -> None:
        self._rows = rows
        self.shown = (
            Shown(
                "loss",
                "loss",
                Place.PAPER | Place.INTERVAL | Place.HEADLINE | Place.ROWS,
                headline=headline,
            ),
        )
        self.glossary = {"loss": glossary}

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The mean loss of each row."""
        for row, total, galaxies in zip(
            self._rows, sums["loss/sum"], sums["loss/galaxies"], strict=True
        ):
            yield Estimate(row, None, "loss", divide(total, galaxies), galaxies, Scale.LOG)

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The standard error of each row; absent below two galaxies."""
        whole = totals_of({name: sums[name] for name in sums if name.startswith(LOSSES)})
        for number, row in enumerate(self._rows):
            total, squares, galaxies = (
                float(whole[f"loss/{name}"][number]) for name in ("sum", "squares", "galaxies")
            )
            N = int(galaxies)
            yield Metric(row, None, "se", standard_error(total, squares, N), N=N)
