"""Absolute error of predicted values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoocli.losses.loss import Loss
from zoocli.losses.shapes import like_input, require_same_shape

if TYPE_CHECKING:
    import torch


def l1_loss(y_pred: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The absolute error of every value, |y_pred - y|, in the target's unit.

    Takes two tensors of the same shape and returns that shape, unreduced. Both are cast to
    float64; the result is in `y_pred`'s dtype. NaN on either side gives NaN. Raises DataError
    where the shapes differ, since broadcasting would pair the wrong galaxies.

    >>> import torch
    >>> l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([2, 4]))
    tensor([1., 2.])
    """
    from torch.nn import functional

    require_same_shape(y_pred, y, ("y_pred", "y"))
    loss = functional.l1_loss(y_pred.double(), y.double(), reduction="none")
    return like_input(loss, y_pred)


LOSS = Loss(
    name="l1",
    aliases=("mae",),
    scores="values",
    function=l1_loss,
)
