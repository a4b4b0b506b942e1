"""Quantiles of the residuals (predicted - true): see `zoocli.evaluating.values.histogram`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import PREFIX as BUCKETS
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.metric import Estimate, Metric
from zoocli.evaluating.values.errors import rows
from zoocli.evaluating.values.galaxies import ValuedGalaxies
from zoocli.evaluating.values.histogram import Histogram, pages_of

QUANTILES = (0.05, 0.16, 0.5, 0.84, 0.95)
PREFIX = "residuals"


def collect(galaxies: ValuedGalaxies) -> AdditiveArrays:
    """Their histogram."""
    return pages_of(PREFIX, galaxies.residuals, galaxies.valid)


GLOSSARY = {"quantiles": "Of predicted - true, accurate to 0.1 %."}


class Quantiles(Family):
    """Of the residuals of the targets."""

    shown = tuple(
        Shown(
            f"residual_q{level}",
            f"{int(level)} %",
            Place.ROWS | Place.PAPER if level in ("16", "50", "84") else Place.ROWS,
        )
        for level in ("05", "16", "50", "84", "95")
    )
    glossary = GLOSSARY

    def __init__(self, targets: Sequence[str]) -> None:
        self._targets = targets

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """None: quantiles follow from the histogram."""
        yield from ()

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The quantiles of every target and, without interval, their mean over several targets."""
        found = [Histogram.of_pages(sums, PREFIX, target) for target in range(len(self._targets))]
        any_target = int(sums[f"{BUCKETS}errors/any_target"].sum())
        for name, members in rows(self._targets):
            for level in QUANTILES:
                metric = f"residual_q{round(100 * level):02d}"
                if len(members) == 1:
                    residuals = found[members[0]]
                    low, high = residuals.interval(level)
                    value, N = residuals.quantile(level), residuals.count
                else:
                    values = [residuals.quantile(level) for residuals in found]
                    present = [value for value in values if value is not None]
                    value = math.fsum(present) / len(present) if present else None
                    low, high, N = None, None, any_target
                yield Metric(name, None, metric, value, low, high, N)
