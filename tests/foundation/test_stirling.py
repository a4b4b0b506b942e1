"""The constants of Stirling's series against mpmath, and the three functions that use them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mpmath import bernoulli, log, loggamma, mpf, pi, workdps

from zoocli.evaluating.tree import factorials
from zoocli.foundation.kernels import stirling as kernel
from zoocli.foundation.kernels.stirling_constants import SERIES, SERIES_FROM, SMALL_REMAINDERS
from zoocli.losses import stirling as torch_loss

LARGE = [10.0, 10.5, 11.0, 13.7, 20.0, 100.0, 1e4, 1e8]


def exact(z: float) -> Any:
    """S(z), from its definition."""
    z = mpf(z)
    return loggamma(z) - (z - mpf(1) / 2) * log(z) + z - log(2 * pi) / 2


def test_coefficients_are_bernoulli_numbers() -> None:
    with workdps(40):
        expected = [bernoulli(2 * i) / (2 * i * (2 * i - 1)) for i in range(1, len(SERIES) + 1)]
        assert list(SERIES) == pytest.approx([float(one) for one in expected], rel=1e-15)


def test_remainders_of_small_whole_numbers() -> None:
    assert len(SMALL_REMAINDERS) == SERIES_FROM
    with workdps(40):
        assert list(SMALL_REMAINDERS[1:]) == [float(exact(k)) for k in range(1, SERIES_FROM)]


def test_torchs_remainder() -> None:
    large = [torch_loss.LARGE, 300.0, 1e4, 1e8]
    found = torch_loss._remainder(torch.tensor(large, dtype=torch.float64)).tolist()
    with workdps(40):
        assert found == pytest.approx([float(exact(z)) for z in large], abs=1e-15, rel=0)


@pytest.mark.parametrize("backend", ["kernel", "numpy"])
def test_every_backend_has_the_same_remainder(backend: str) -> None:
    found = {
        "kernel": lambda: [kernel.stirling_remainder(z) for z in LARGE],
        "numpy": lambda: factorials.stirling_remainder(np.array(LARGE)).tolist(),
    }[backend]()
    with workdps(40):
        assert found == pytest.approx([float(exact(z)) for z in LARGE], rel=1e-14)
