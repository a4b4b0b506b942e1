"""Numbers with their intervals and their N, and how they are named.

`question` is a question's name, `overall`, or `campaign:NAME`; `answer` is an answer's full name,
or None for what belongs to the whole question. A metric over a part of the galaxies has that part
after a colon: `accuracy:confident`, `rmse:votes-10-19`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

OVERALL = "overall"
LEVEL = 0.95


@dataclass(frozen=True)
class Metric:
    """One number: its 95 % interval, and the N galaxies that it is made of; None where absent."""

    question: str
    answer: str | None
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    N: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields under their names."""
        return dict(vars(self))


@dataclass(frozen=True, eq=False)
class Estimate:
    """One number in each of some replicates: `values` and `galaxies` (replicates,); NaN: absent."""

    question: str
    answer: str | None
    metric: str
    values: Floats
    galaxies: Floats


def divide(numerator: Any, denominator: Any) -> Floats:
    """The quotient, NaN where the denominator is 0."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    quotient = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def centred_squares(squares: Floats, sums: Floats, galaxies: Floats, resolved: float) -> Floats:
    """The sum of squares about the mean, from the sums of x^2 and of x.

    Exactly 0 where it is at most `resolved` times the sum of squares: that may be rounding.

    >>> centred_squares(np.array([5.0]), np.array([3.0]), np.array([2.0]), 1e-13).tolist()
    [0.5]
    """
    centred = squares - sums * divide(sums, galaxies)
    return np.where(centred > resolved * squares, centred, 0.0)


def mean_of_present(values: Floats) -> Floats:
    """The mean over the first axis of what is there; NaN where nothing is.

    >>> mean_of_present(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, nan]
    """
    present = ~np.isnan(values)
    return divide(np.where(present, values, 0.0).sum(axis=0), present.sum(axis=0))


def with_intervals(
    estimates: Iterable[Estimate], replicates: Iterable[Estimate] | None
) -> Iterator[Metric]:
    """Each estimate with the percentiles of its replicates, which come in the same order.

    Replicates in which a number is absent are left out. There is no interval for fewer than two
    galaxies, nor where the replicates are None.
    """
    estimates = list(estimates)
    others = [None] * len(estimates) if replicates is None else list(replicates)
    for estimate, other in zip(estimates, others, strict=True):
        low, high = None, None
        if other is not None and estimate.galaxies[0] >= 2:
            low, high = _percentiles(other.values)
        value = float(estimate.values[0])
        absent = not np.isfinite(value)
        yield Metric(
            estimate.question,
            estimate.answer,
            estimate.metric,
            None if absent else value,
            None if absent else low,
            None if absent else high,
            int(estimate.galaxies[0]),
        )


def _percentiles(values: Floats) -> tuple[float | None, float | None]:
    present = values[np.isfinite(values)]
    if not len(present):
        return None, None
    low, high = np.quantile(present, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
