"""The loss of one question by Stirling's series: for many votes and extreme concentrations."""

from __future__ import annotations

import math

import numpy as np

from zoocli.foundation.kernels import stirling_constants
from zoocli.foundation.kernels.compiling import inlined
from zoocli.foundation.kernels.stirling_constants import HALF_LOG_TWO_PI, SERIES, SERIES_FROM

S1, S2, S3, S4, S5, S6, S7 = SERIES
SMALL_REMAINDERS = np.array(stirling_constants.SMALL_REMAINDERS)


@inlined
def stirling_remainder(z):
    """S(z) = lnGamma(z) - (z - 1/2) ln z + z - ln(2 pi) / 2, for z >= 10."""
    y = 1.0 / (z * z)
    return (S1 + y * (S2 + y * (S3 + y * (S4 + y * (S5 + y * (S6 + y * S7)))))) / z


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
    if a < SERIES_FROM:
        shift = math.log(a) - math.log(a + k)
        ratio = 1.0
        for i in range(1, SERIES_FROM):
            ratio *= (a + i) / (a + k + i)
        shift += math.log(ratio)
        a += SERIES_FROM
    remainder = SMALL_REMAINDERS[int(k)] if k < SERIES_FROM else stirling_remainder(k)
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
