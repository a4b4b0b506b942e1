"""Logarithms of factorials and of rising factorials over whole arrays, without cancellation.

With (a)_k = a (a + 1) ... (a + k - 1). Products are summed term by term up to `TABLE` votes; beyond
that, differences of Stirling's series are exact to the last digits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TABLE = 8192  # the first number of votes that the series are used for
SMALL = 16
_SMALL_EXCESSES = np.array(
    [0.0] + [math.log(math.factorial(k)) - k * math.log(k) + k for k in range(1, SMALL)]
)


def factorial_excess(counts: npt.NDArray[Any]) -> Floats:
    """ln k! - k ln k + k, which is 0 for k = 0 and about ln(2 pi k) / 2 for large k.

    >>> factorial_excess(np.array([0, 1, 100])).round(6).tolist()
    [0.0, 1.0, 3.222357]
    """
    small = _SMALL_EXCESSES[np.minimum(counts, SMALL - 1).astype(np.intp)]
    k = np.maximum(counts, SMALL).astype(np.float64)
    inverse = 1 / k
    square = inverse * inverse
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
    excess: Floats = np.where(counts < SMALL, small, 0.5 * np.log(2 * math.pi * k) + series)
    return excess


def log_rising_ratio(a: float, counts: npt.NDArray[Any]) -> Floats:
    """ln[ (a)_k / k! ] for each k; a > 0.

    >>> bool(np.isclose(log_rising_ratio(3.0, np.array([2]))[0], math.log(3 * 4 / 2)))
    True
    """
    most = int(min(counts.max(initial=0), TABLE))
    m = np.arange(most)
    table = np.concatenate([[0.0], np.cumsum(np.log((a + m) / (1 + m)))])
    ratios: Floats = table[np.minimum(counts, most).astype(np.intp)]
    large = counts > TABLE
    if large.any():
        ratios[large] += gamma_ratio(a, counts[large]) - gamma_ratio(a, np.array([TABLE]))
    return ratios


def gamma_ratio(a: float, x: npt.NDArray[Any]) -> Floats:
    """lnG(x + a) - lnG(x + 1) for x of at least `TABLE`, by Stirling's series."""

    def series(y: Any) -> Any:
        return 1 / (12 * y) - 1 / (360 * y**3)

    x = x.astype(np.float64)
    total: Floats = (x + 0.5) * np.log1p((a - 1) / (x + 1)) + (a - 1) * (np.log(x + a) - 1)
    total += series(x + a) - series(x + 1)
    return total


def digamma(x: Any) -> Any:
    """The derivative of lnG for x of at least `TABLE`."""
    return np.log(x) - 1 / (2 * x) - 1 / (12 * x**2)


def trigamma(x: Any) -> Any:
    """The second derivative of lnG for x of at least `TABLE`."""
    return 1 / x + 1 / (2 * x**2) + 1 / (6 * x**3)
