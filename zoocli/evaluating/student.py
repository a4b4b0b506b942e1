"""Student's t distribution: the quantile that bounds its central 95 %."""

from __future__ import annotations

import functools
import math
from statistics import NormalDist

from zoocli.evaluating.metric import LEVEL

TERMS = 300
TINY = 1e-300
ROUNDING = 1e-15
STEPS = 50
NORMAL = NormalDist().inv_cdf((1 + LEVEL) / 2)
LEAST = 1.9  # below the root for any degrees of freedom


@functools.lru_cache(maxsize=4096)
def student_quantile(degrees: float) -> float:
    """t with P(|T| <= t) = 0.95, for at least 1 degree of freedom, which need not be whole.

    Newton's method on P(|T| > t) = I_x(degrees / 2, 1 / 2), x = degrees / (degrees + t^2)
    (Abramowitz & Stegun 1964, 26.5.27), which falls and is convex there: started below the root, no
    step passes it. The relative error stays below 1e-9.

    >>> round(student_quantile(1), 6), round(student_quantile(9.5), 6)
    (12.706205, 2.244137)
    """
    half = degrees / 2
    log_beta = math.lgamma(half) + math.lgamma(0.5) - math.lgamma(half + 0.5)
    t = max(_guess(degrees), LEAST)
    for _ in range(STEPS):
        x = degrees / (degrees + t * t)
        tail = _incomplete_beta(half, 0.5, x, 1 - x, log_beta)
        density = 2 * math.exp((half + 0.5) * math.log(x) - log_beta) / math.sqrt(degrees)
        step = (tail - (1 - LEVEL)) / density
        t += step
        if abs(step) < 1e-12 * t:
            break
    return t


def _guess(degrees: float) -> float:
    """The first terms of Cornish and Fisher's expansion, which stays below."""
    z, inverse = NORMAL, 1 / degrees
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first * inverse + second * inverse**2


def _incomplete_beta(a: float, b: float, x: float, y: float, log_beta: float) -> float:
    """I_x(a, b) by its continued fraction (Abramowitz & Stegun 1964, 26.5.8); y = 1 - x."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, y, x, log_beta)
    fraction, c, d = 1.0, 1.0, 0.0
    for term in range(TERMS):
        m = term // 2
        if term == 0:
            numerator = 1.0
        elif term % 2:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + numerator * d or TINY)
        c = 1 + numerator / c or TINY
        fraction *= c * d
        if abs(c * d - 1) < ROUNDING:
            break
    return math.exp(a * math.log(x) + b * math.log(y) - log_beta) / a * (fraction - 1)
