"""B(a, k) = ln[ Gamma(a + k) / (Gamma(a) k!) ], the building block of the Dirichlet-multinomial.

Differences of lgamma lose eight digits near a = 1e6. Stirling's formula, arranged so that the large
terms cancel on paper instead of in float64, does not. B is symmetric in a and k + 1; with p the
larger and q the smaller of them, z = p + q - 1, and S(z) the remainder of Stirling's formula,

    B = (p - 1/2) ln(1 + (q - 1)/p) + S(z) - S(p) + R

    R = (q - 1) (ln z - 1) - ln Gamma(q)                       where only p is large
    R = (q - 1/2) ln(1 + (p - 1)/q) - ln(z)/2 + 1 - ln(2 pi)/2 - S(q)      where both are

and lgamma itself is precise enough where neither is.
"""

from __future__ import annotations

import math

import torch

LARGE = 256.0
HALF_LOG = 1 - 0.5 * math.log(2 * math.pi)


def log_rising_binomial(a: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """B(a, k), elementwise, for finite a > 0 and whole k >= 0, both float64 of the same shape.

    Exactly 0, with a gradient of exactly 0, where k = 0. Differentiable in a.
    """
    counted = k > 0
    a, k = torch.where(counted, a, 1.0), torch.where(counted, k, 1.0)
    larger, smaller = torch.maximum(a, k + 1), torch.minimum(a, k + 1)
    p, small_p = larger.clamp(min=LARGE), larger.clamp(max=LARGE)
    q, small_q = smaller.clamp(min=LARGE), smaller.clamp(max=LARGE)
    log_gamma_q = torch.lgamma(small_q)
    neither_large = torch.lgamma((a + k).clamp(max=2 * LARGE)) - torch.lgamma(small_p) - log_gamma_q
    z = (a + k).clamp(min=LARGE)
    log_z = torch.log(z)
    only_p_large = (small_q - 1) * (log_z - 1) - log_gamma_q
    both_large = (q - 0.5) * torch.log1p((p - 1) / q) - 0.5 * log_z + HALF_LOG - _remainder(q)
    rest = torch.where(smaller > LARGE, both_large, only_p_large)
    stirling = (p - 0.5) * torch.log1p((smaller - 1) / p) + _remainder(z) - _remainder(p) + rest
    value = torch.where(larger > LARGE, stirling, neither_large)
    return torch.where(counted, value, 0.0)


def _remainder(z: torch.Tensor) -> torch.Tensor:
    """What Stirling's formula leaves of ln Gamma(z), to 1e-15 for z >= LARGE."""
    inverse = 1 / z
    return (1 / 12 - inverse * inverse / 360) * inverse
