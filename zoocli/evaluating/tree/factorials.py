"""Logarithms of factorials and of rising factorials over whole arrays, without cancellation.

With (a)_k = a (a + 1) ... (a + k - 1). Products are summed term by term up to `TABLE` votes; beyond
that, differences of Stirling's series are exact to the last digits.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Floats
from zoocli.foundation.kernels.stirling_constants import SERIES, SERIES_FROM, SMALL_REMAINDERS

TABLE = 8192  # the first number of votes that the series are used for
_SMALL = np.array(SMALL_REMAINDERS)


def factorial_excess(counts: npt.NDArray[Any]) -> Floats:
    """ln k! - k ln k + k, which is 0 for k = 0 and about ln(2 pi k) / 2 for large k.

    >>> factorial_excess(np.array([0, 1, 100])).round(6).tolist()
    [0.0, 1.0, 3.222357]
    """
    if counts.max(initial=0) < TABLE:
        return np.take(_excess_table(), counts.astype(np.intp))
    return _excess(counts)


@functools.cache
def _excess_table() -> Floats:
    return _excess(np.arange(TABLE))


def _excess(counts: npt.NDArray[Any]) -> Floats:
    k = np.maximum(counts, 1).astype(np.float64)
    small = _SMALL[np.minimum(counts, SERIES_FROM - 1).astype(np.intp)]
    remainder = np.where(k < SERIES_FROM, small, stirling_remainder(np.maximum(k, SERIES_FROM)))
    excess: Floats = np.where(counts == 0, 0.0, 0.5 * np.log(2 * math.pi * k) + remainder)
    return excess


def stirling_remainder(z: Floats) -> Floats:
    """S(z) = lnGamma(z) - (z - 1/2) ln z + z - ln(2 pi) / 2, for z >= SERIES_FROM."""
    inverse = 1 / z
    square = inverse * inverse
    series = np.zeros_like(z)
    for coefficient in reversed(SERIES):
        series *= square
        series += coefficient
    return series * inverse


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
    x = x.astype(np.float64)
    total: Floats = (x + 0.5) * np.log1p((a - 1) / (x + 1)) + (a - 1) * (np.log(x + a) - 1)
    total += stirling_remainder(x + a) - stirling_remainder(x + 1)
    return total


def digamma(x: Any) -> Any:
    """The derivative of lnG for x of at least `TABLE`."""
    return np.log(x) - 1 / (2 * x) - SERIES[0] / x**2


def trigamma(x: Any) -> Any:
    """The second derivative of lnG for x of at least `TABLE`."""
    return 1 / x + 1 / (2 * x**2) + 2 * SERIES[0] / x**3
