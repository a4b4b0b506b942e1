"""The checks and casts that the losses share. torch is imported for its types only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoocli.errors import DataError

if TYPE_CHECKING:
    import torch


def require_same_shape(
    predictions: torch.Tensor, targets: torch.Tensor, names: tuple[str, str]
) -> None:
    """Raises DataError where the shapes differ: broadcasting would pair the wrong galaxies."""
    if predictions.shape != targets.shape:
        raise DataError(
            f"{names[0]} has shape {tuple(predictions.shape)} but {names[1]} has shape "
            f"{tuple(targets.shape)}. Give both the same shape, galaxies first."
        )


def like_input(loss: torch.Tensor, predictions: torch.Tensor) -> torch.Tensor:
    """The float64 loss in the dtype of the predictions; float64 where that is an integer type."""
    return loss.to(predictions.dtype) if predictions.is_floating_point() else loss
