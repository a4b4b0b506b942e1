"""B(a, k) = ln[ Gamma(a + k) / (Gamma(a) k!) ], the building block of the Dirichlet-multinomial.

Differences of lgamma lose eight digits near a = 1e6. Stirling's formula for all three Gamma
functions, arranged so that the large terms cancel on paper instead of in float64, does not:

    B(a, k) = (a - 1/2) ln(1 + k/a) + k ln(1 + a/k) - ln(2 pi k) / 2 + S(a + k) - S(a) - S(k)

with the remainder S(z) of Stirling's formula (`kernels.stirling_constants`). Below 10, a is
raised first:
Gamma(a + k) / Gamma(a) = Gamma(a + 10 + k) / Gamma(a + 10) * prod_{i<10} (a + i) / (a + k + i).
"""

from __future__ import annotations

import math

import torch

from zoocli.foundation.kernels.stirling_constants import SERIES, SERIES_FROM, SMALL_REMAINDERS


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
    """ln prod_{i<10} (a + i) / (a + k + i); factor 0 has its own logarithm against underflow."""
    ratio = torch.ones_like(a)
    for i in range(1, SERIES_FROM):
        ratio = ratio * ((a + i) / (a + k + i))
    return torch.log(a) - torch.log(a + k) + torch.log(ratio)
