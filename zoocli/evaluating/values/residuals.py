"""Quantiles of the residuals (predicted - true) from histograms that add up exactly.

A residual falls into one of 512 equal bins of its octave (from one power of two to the next),
negative ones likewise, and 0 has a bin of its own; the middle of a bin is within 0.1 % of all that
lies there. The quantile at level q is numpy's default, by linear interpolation between the order
statistics around q (N - 1), each rounded to its bin's middle. So it is off by no more than 0.1 % of
the larger of the two. Only pages of bins that are not empty are kept, and counts are exact.

The interval is between order statistics: those that a quantile lies between in at least 95 % of all
samples, whatever the distribution (Thompson 1936, Ann. Math. Statist. 7, 122). Where no galaxy is
low or high enough, as for the 5 % quantile of 20 galaxies, there is none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import PREFIX as BUCKETS
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.intervals import DEVIATIONS, FEWEST_GALAXIES
from zoocli.evaluating.metric import Estimate, Metric
from zoocli.evaluating.values.errors import rows
from zoocli.evaluating.values.galaxies import ValuedGalaxies
from zoocli.foundation.arrays import Floats

Bins = npt.NDArray[np.int64]

OCTAVE = 512  # bins
RELATIVE_ERROR = 1 / (2 * OCTAVE)
LOWEST_EXPONENT = -1100  # below that of the smallest number
QUANTILES = (0.05, 0.16, 0.5, 0.84, 0.95)
PREFIX = "residuals/"
TAIL = 0.025
MANY = 1000.0  # of the binomial variance: from here on it is normal to a thousandth of a place


def bins_of(numbers: Floats) -> Bins:
    """The bin of each number, in their order: 0 for 0, negative for negative numbers.

    >>> bins = bins_of(np.array([-2.0, -1.0, 0.0, 1.0, 1.001, 1.002]))
    >>> np.diff(bins).tolist()
    [512, 563713, 563713, 0, 1]
    """
    fraction, exponent = np.frexp(np.abs(numbers))
    within = ((fraction - 0.5) * (2 * OCTAVE)).astype(np.int64)
    above_zero = 1 + (exponent.astype(np.int64) - LOWEST_EXPONENT) * OCTAVE + within
    return np.where(numbers == 0, 0, np.copysign(above_zero, numbers).astype(np.int64))


def middles_of(bins: Bins) -> Floats:
    """The middle of each bin.

    >>> middles_of(bins_of(np.array([-1.0, 0.0, 3.0]))).round(4).tolist()
    [-1.001, 0.0, 3.002]
    """
    octave, within = np.divmod(np.abs(bins) - 1, OCTAVE)
    fraction = 0.5 + (within + 0.5) / (2 * OCTAVE)
    middles = np.copysign(np.ldexp(fraction, octave + LOWEST_EXPONENT), bins)
    return np.where(bins == 0, 0.0, middles)


def collect(galaxies: ValuedGalaxies) -> AdditiveArrays:
    """`residuals/PAGE` (targets, 512): how many galaxies have a residual in each bin."""
    pages: AdditiveArrays = {}
    targets = len(galaxies.residuals)
    for target, (residuals, valid) in enumerate(
        zip(galaxies.residuals, galaxies.valid, strict=True)
    ):
        bins, counts = np.unique(bins_of(residuals[valid]), return_counts=True)
        numbers, places = np.divmod(bins, OCTAVE)
        for number in np.unique(numbers).tolist():
            page = pages.setdefault(f"{PREFIX}{number}", np.zeros((targets, OCTAVE), np.int64))
            here = numbers == number
            page[target, places[here]] = counts[here]
    return pages


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
        found = [_Residuals(sums, target) for target in range(len(self._targets))]
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


class _Residuals:
    """The histogram of one target."""

    def __init__(self, sums: AdditiveArrays, target: int) -> None:
        pages = {
            int(name.removeprefix(PREFIX)): counts[target]
            for name, counts in sums.items()
            if name.startswith(PREFIX)
        }
        bins, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for number in sorted(pages):
            places = np.flatnonzero(pages[number])
            bins.append(number * OCTAVE + places)
            counts.append(pages[number][places])
        self._middles = middles_of(np.concatenate(bins))
        self._ends = np.cumsum(np.concatenate(counts))
        self.count = int(self._ends[-1]) if len(self._ends) else 0

    def quantile(self, level: float) -> float | None:
        if not self.count:
            return None
        position = level * (self.count - 1)
        below = math.floor(position)
        lower, upper = self._at(below), self._at(min(below + 1, self.count - 1))
        share = position - below
        return (1 - share) * lower + share * upper

    def _at(self, place: int) -> float:
        """The order statistic at a place, from 0."""
        return float(self._middles[np.searchsorted(self._ends, place, side="right")])

    def interval(self, level: float) -> tuple[float | None, float | None]:
        if self.count < FEWEST_GALAXIES:
            return None, None
        below = largest_below(self.count, level)
        above = largest_below(self.count, 1 - level)
        return (
            None if below is None else self._at(below),
            None if above is None else self._at(self.count - 1 - above),
        )


def largest_below(count: int, level: float) -> int | None:
    """The largest place, from 0, whose order statistic is above the quantile in at most 2.5 %.

    It is above where fewer than place + 1 of `count` numbers are below the quantile: the binomial
    distribution with `count` and `level`. None where already the smallest number is too often
    above.

    >>> largest_below(20, 0.05), largest_below(100, 0.05), largest_below(10**6, 0.5)
    (None, 0, 499019)
    """
    place, total, logarithm = 0, 0.0, count * math.log1p(-level)
    if count * level * (1 - level) > MANY:
        spread = math.sqrt(count * level * (1 - level))
        return math.floor(count * level - DEVIATIONS * spread - 0.5)
    odds = math.log(level) - math.log1p(-level)
    while True:
        total += math.exp(logarithm)
        if total > TAIL:
            return place - 1 if place else None
        logarithm += odds + math.log((count - place) / (place + 1))
        place += 1
