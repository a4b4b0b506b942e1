"""The loss of one question by Stirling's series: for many votes and extreme concentrations."""

from __future__ import annotations

import math

import numpy as np

from zoocli.kernels.compiling import inlined

HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
STIRLING_FROM = 10
# S(k), see stirling_remainder, for k below STIRLING_FROM; from mpmath. There is none for k = 0.
SMALL_REMAINDERS = np.array(
    [
        math.nan,
        0.08106146679532725822,
        0.041340695955409294094,
        0.027677925684998339149,
        0.020790672103765093112,
        0.016644691189821192163,
        0.013876128823070747999,
        0.011896709945891770095,
        0.010411265261972096497,
        0.0092554621827127329177,
    ]
)


@inlined
def stirling_remainder(z):
    """S(z) = lnGamma(z) - (z - 1/2) ln z + z - ln(2 pi) / 2, for z >= 10."""
    y = 1.0 / (z * z)
    series = 1 / 1188 + y * (-691 / 360360 + y / 156)
    series = 1 / 1260 + y * (-1 / 1680 + y * series)
    return (1 / 12 + y * (-1 / 360 + y * series)) / z


@inlined
def log_rising_binomial(a, k):
    """B(a, k) = ln[(a)_k / k!] for any a > 0 and whole k >= 0.

    From Stirling's formula for all three Gamma functions, in an arrangement whose terms stay
    small: (a - 1/2) ln(1 + k/a) + k ln(1 + a/k) - ln(2 pi k) / 2 + S(a + k) - S(a) - S(k).
    Below 10, a is first raised by (a)_k = (a + 10)_k (a)_10 / (a + k)_10.
    """
    if k == 0.0:
        return 0.0
    shift = 0.0
    if a < STIRLING_FROM:
        shift = math.log(a) - math.log(a + k)
        ratio = 1.0
        for i in range(1, STIRLING_FROM):
            ratio *= (a + i) / (a + k + i)
        shift += math.log(ratio)
        a += STIRLING_FROM
    remainder = SMALL_REMAINDERS[int(k)] if k < STIRLING_FROM else stirling_remainder(k)
    return (
        shift
        + (a - 0.5) * math.log1p(k / a)
        + k * math.log1p(a / k)
        - (HALF_LOG_TWO_PI + 0.5 * math.log(k))
        + (stirling_remainder(a + k) - stirling_remainder(a) - remainder)
    )


@inlined
def stirling_loss(concentrations, votes):
    """The loss of one question, B(A, n) - sum_j B(a_j, k_j); NaN where no likelihood exists."""
    total_concentration = 0.0
    total_votes = 0.0
    for answer in range(len(concentrations)):
        a = concentrations[answer]
        if not (a > 0.0 and a < math.inf):
            return math.nan
        total_concentration += a
        total_votes += votes[answer]
    if total_concentration == math.inf:
        return math.nan
    loss = log_rising_binomial(total_concentration, total_votes)
    for answer in range(len(concentrations)):
        loss -= log_rising_binomial(concentrations[answer], votes[answer])
    return loss
