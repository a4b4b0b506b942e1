"""The activations of a head, by name."""

from __future__ import annotations

from collections.abc import Callable

import torch

HIGHEST = 100.0  # concentrations lie between 1 and 101, as Zoobot's do


def to_concentrations(x: torch.Tensor) -> torch.Tensor:
    """100 sigmoid(x) + 1: Dirichlet concentrations between 1 and 101, elementwise.

    The range of Walmsley et al. 2022, MNRAS 509, 3966. NaN gives NaN.

    >>> to_concentrations(torch.zeros(1))
    tensor([51.])
    """
    return HIGHEST * torch.sigmoid(x) + 1.0


def _softmax(x: torch.Tensor) -> torch.Tensor:
    return x.softmax(dim=-1)


ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor] | None] = {
    "none": None,
    "sigmoid": torch.sigmoid,
    "softmax": _softmax,
    "dirichlet": to_concentrations,
}
