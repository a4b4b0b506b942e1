"""A small network on top of an encoder's features."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch


class LinearHead(torch.nn.Module):
    """Dropout, a linear layer and an optional activation: activation(W dropout(x) + b).

    Takes features (..., input_dim) and returns (..., output_dim); with `output_dim` 1 the last
    dimension is left out, and only that one, so a batch of one galaxy stays a batch. Without an
    `activation` these are logits, as `cross_entropy_loss` takes them. NaN features give NaN.
    The layers are `dropout` and `linear`, as in Zoobot (Walmsley et al. 2023, JOSS 8, 5312), so
    its weights load.

    >>> head = LinearHead(8, 1).eval()
    >>> head(torch.zeros(5, 8)).shape
    torch.Size([5])
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        head_dropout_prob: float = 0.5,
        activation: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.dropout = torch.nn.Dropout(p=head_dropout_prob)
        self.linear = torch.nn.Linear(input_dim, output_dim)
        self.activation = activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The head's output for the features x; see the class."""
        x = cast(torch.Tensor, self.linear(self.dropout(x)))
        if self.activation is not None:
            x = self.activation(x)
        return x.squeeze(-1) if self.output_dim == 1 else x
