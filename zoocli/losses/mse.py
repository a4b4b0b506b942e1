"""Squared error of predicted values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoocli.losses.loss import Loss
from zoocli.losses.shapes import like_input, require_same_shape

if TYPE_CHECKING:
    import torch


def mse_loss(y_pred: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The squared error of every value, (y_pred - y)^2, in the target's unit squared.

    Takes two tensors of the same shape and returns that shape, unreduced. Both are cast to
    float64; the result is in `y_pred`'s dtype. NaN on either side gives NaN. Raises DataError
    where the shapes differ, since broadcasting would pair the wrong galaxies.

    >>> import torch
    >>> mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([2, 4]))
    tensor([1., 4.])
    """
    from torch.nn import functional

    require_same_shape(y_pred, y, ("y_pred", "y"))
    loss = functional.mse_loss(y_pred.double(), y.double(), reduction="none")
    return like_input(loss, y_pred)


LOSS = Loss(
    name="mse",
    scores="values",
    function=mse_loss,
)
