"""B(a, k) = ln[ Gamma(a + k) / (Gamma(a) k!) ], the building block of the Dirichlet-multinomial.

Differences of lgamma lose eight digits near a = 1e6. Stirling's formula for all three Gamma
functions, arranged so that the large terms cancel on paper instead of in float64, does not:

    B(a, k) = (a - 1/2) ln(1 + k/a) + k ln(1 + a/k) - ln(2 pi k) / 2 + S(a + k) - S(a) - S(k)

with the remainder S(z) = lnGamma(z) - (z - 1/2) ln z + z - ln(2 pi) / 2, a series in 1/z that has
16 digits from z = 10 on (Abramowitz and Stegun 6.1.40). Below 10, a is raised first:
Gamma(a + k) / Gamma(a) = Gamma(a + 10 + k) / Gamma(a + 10) * prod_{i<10} (a + i) / (a + k + i).
"""

from __future__ import annotations

import math

import torch

SERIES_FROM = 10
SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
# S(k) for the whole numbers below SERIES_FROM, from mpmath; k = 0 is never looked up.
SMALL_REMAINDERS = (
    0.0,
    0.081061466795327258220,
    0.041340695955409294094,
    0.027677925684998339149,
    0.020790672103765093112,
    0.016644691189821192163,
    0.013876128823070747999,
    0.011896709945891770095,
    0.010411265261972096497,
    0.0092554621827127329177,
)


def log_rising_binomial(a: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """B(a, k), elementwise, for finite a > 0 and whole k >= 0, both float64 of the same shape.

    Exactly 0, with a gradient of exactly 0, where k = 0. Differentiable in a, twice as well.
    """
    counted = k > 0
    a = torch.where(counted, a, 1.0)
    k = torch.where(counted, k, 1.0)
    small = a < SERIES_FROM
    raised = torch.where(small, a + SERIES_FROM, a)
    value = (
        (raised - 0.5) * torch.log1p(k / raised)
        + k * torch.log1p(raised / k)
        - 0.5 * torch.log(2 * math.pi * k)
        + (_remainder(raised + k) - _remainder(raised) - _whole_remainder(k))
    )
    value = value + torch.where(small, _log_shift(torch.where(small, a, 1.0), k), 0.0)
    return torch.where(counted, value, 0.0)


def _remainder(z: torch.Tensor) -> torch.Tensor:
    """S(z) for z >= SERIES_FROM."""
    inverse = 1 / z  # squared afterwards: z * z would overflow
    square = inverse * inverse
    series = torch.zeros_like(z)
    for coefficient in reversed(SERIES):
        series = series * square + coefficient
    return series * inverse


def _whole_remainder(k: torch.Tensor) -> torch.Tensor:
    """S(k) for whole k >= 1."""
    table = k.new_tensor(SMALL_REMAINDERS)
    tabulated = table[k.clamp(max=SERIES_FROM - 1).long()]
    return torch.where(k < SERIES_FROM, tabulated, _remainder(k.clamp(min=SERIES_FROM)))


def _log_shift(a: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """The logarithm of prod_{i<10} (a + i) / (a + k + i), factor 0 apart lest it underflow."""
    ratio = torch.ones_like(a)
    for i in range(1, SERIES_FROM):
        ratio = ratio * ((a + i) / (a + k + i))
    return torch.log(a) - torch.log(a + k) + torch.log(ratio)
