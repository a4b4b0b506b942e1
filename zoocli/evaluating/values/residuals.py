"""Quantiles of the residuals (predicted - true) from histograms that add up exactly.

A residual falls into one of 512 equal bins of its octave (from one power of two to the next),
negative ones likewise, and 0 has a bin of its own; the middle of a bin is within 0.1 % of all that
lies there. The quantile at level q is numpy's default, by linear interpolation between the order
statistics around q (N - 1), each rounded to its bin's middle. So it is off by no more than 0.1 % of
the larger of the two. Only pages of bins that are not empty are kept, and counts are exact.

The interval is between the quantiles at q - d and q + d, d = 1.96 sqrt(q (1 - q) / N): what the
percentiles of a bootstrap tend to.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.bootstrap import replicate_sums
from zoocli.evaluating.metric import LEVEL, Metric
from zoocli.evaluating.values.errors import rows
from zoocli.evaluating.values.galaxies import ValuedGalaxies
from zoocli.foundation.arrays import Floats

Bins = npt.NDArray[np.int64]

OCTAVE = 512  # bins
RELATIVE_ERROR = 1 / (2 * OCTAVE)
LOWEST_EXPONENT = -1100  # below that of the smallest number
QUANTILES = (0.05, 0.16, 0.5, 0.84, 0.95)
PREFIX = "residuals/"


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


def metrics(sums: AdditiveArrays, targets: Sequence[str]) -> Iterator[Metric]:
    """The quantiles of every target and, without interval, their mean over several targets."""
    found = [_Residuals(sums, target) for target in range(len(targets))]
    with_intervals = replicate_sums(sums) is not None
    for name, members in rows(targets):
        for level in QUANTILES:
            metric = f"residual_q{round(100 * level):02d}"
            if len(members) == 1:
                residuals = found[members[0]]
                low, high = residuals.interval(level) if with_intervals else (None, None)
                value, N = residuals.quantile(level), residuals.count
            else:
                values = [residuals.quantile(level) for residuals in found]
                present = [value for value in values if value is not None]
                value = math.fsum(present) / len(present) if present else None
                low, high, N = None, None, int(sums["errors/any_target"][0])
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
        around = [below, min(below + 1, self.count - 1)]
        lower, upper = self._middles[np.searchsorted(self._ends, around, side="right")].tolist()
        share = position - below
        return float((1 - share) * lower + share * upper)

    def interval(self, level: float) -> tuple[float | None, float | None]:
        if self.count < 2:
            return None, None
        deviations = NormalDist().inv_cdf((1 + LEVEL) / 2)
        reach = deviations * math.sqrt(level * (1 - level) / self.count)
        return self.quantile(max(level - reach, 0.0)), self.quantile(min(level + reach, 1.0))
