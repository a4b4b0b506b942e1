"""Quantiles from histograms that add up exactly.

A number falls into one of 512 equal bins of its octave (from one power of two to the next),
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

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.intervals import DEVIATIONS, FEWEST_GALAXIES
from zoocli.foundation.arrays import Floats, Mask

Bins = npt.NDArray[np.int64]

OCTAVE = 512  # bins
RELATIVE_ERROR = 1 / (2 * OCTAVE)
LOWEST_EXPONENT = -1100  # below that of the smallest number
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


def pages_of(prefix: str, values: Floats, valid: Mask) -> AdditiveArrays:
    """`PREFIX/PAGE` (targets, 512): how many valid numbers (targets, galaxies) each bin has."""
    pages: AdditiveArrays = {}
    for target, (numbers, counted) in enumerate(zip(values, valid, strict=True)):
        bins, counts = np.unique(bins_of(numbers[counted]), return_counts=True)
        of_bins, places = np.divmod(bins, OCTAVE)
        for number in np.unique(of_bins).tolist():
            page = pages.setdefault(f"{prefix}/{number}", np.zeros((len(values), OCTAVE), np.int64))
            here = of_bins == number
            page[target, places[here]] = counts[here]
    return pages


class Histogram:
    """Numbers by their bins, ascending: `middles`, and how many there are up to each.

    `count`: how many there are.
    """

    def __init__(self, middles: Floats, counts: Bins) -> None:
        order = np.argsort(middles, kind="stable")
        self._counts = counts[order]
        self._middles, self._ends = middles[order], np.cumsum(self._counts)
        self.count = int(self._ends[-1]) if len(self._ends) else 0

    @classmethod
    def of_pages(cls, sums: AdditiveArrays, prefix: str, target: int) -> Histogram:
        """From the pages of one target."""
        pages = {
            int(name.removeprefix(f"{prefix}/")): counts[target]
            for name, counts in sums.items()
            if name.startswith(f"{prefix}/")
        }
        bins, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for number in sorted(pages):
            places = np.flatnonzero(pages[number])
            bins.append(number * OCTAVE + places)
            counts.append(pages[number][places])
        return cls(middles_of(np.concatenate(bins)), np.concatenate(counts))

    def distances_from(self, centre: float) -> Histogram:
        """Of the absolute differences from a number."""
        return Histogram(np.abs(self._middles - centre), self._counts)

    def quantile(self, level: float) -> float | None:
        """The quantile at a level; None without numbers."""
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
        """The ends of its 95 % interval; None where no number is low or high enough."""
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
