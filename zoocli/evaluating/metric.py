"""Numbers with their intervals and their N, and how they are named.

`question` is a question's name, `overall`, or `campaign:NAME`; `answer` is an answer's full name,
or None for what belongs to the whole question. A metric over a part of the galaxies has that part
after a colon: `accuracy:confident`, `rmse:votes-10-19`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from zoocli.foundation.arrays import Floats

Key = tuple[str, str | None, str]  # question, answer, metric

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

    @property
    def key(self) -> Key:
        """What it is of, and its name."""
        return self.question, self.answer, self.metric

    def to_dict(self) -> dict[str, Any]:
        """The fields under their names."""
        return dict(vars(self))


class Scale(Enum):
    """On which scale a number is nearly normal, so that its interval is symmetric there."""

    PLAIN = "as it is"
    LOG = "ln x, for what is positive"
    LOG_REST = "-ln(1 - x), for what is at most 1"
    ATANH = "atanh x, for correlations"
    SQUARE = "x |x|, for roots of what may be negative, which then count as 0"
    INVERSE = "1 / x, for what has no upper end; negative is beyond it"
    SHARE = "Wilson's interval, for shares"


@dataclass(frozen=True, eq=False)
class Estimate:
    """One number, then the same without each bucket in turn.

    `values` and `galaxies` (1 + buckets,); NaN: absent. `scale` is that of its interval.
    """

    question: str
    answer: str | None
    metric: str
    values: Floats
    galaxies: Floats
    scale: Scale = Scale.PLAIN

    @property
    def key(self) -> Key:
        """What it is of, and its name."""
        return self.question, self.answer, self.metric


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
    """The mean over the first axis of the values that are not NaN; NaN where there are none.

    >>> mean_of_present(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, nan]
    """
    present = ~np.isnan(values)
    return divide(np.where(present, values, 0.0).sum(axis=0), present.sum(axis=0))
