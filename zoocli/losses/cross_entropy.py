"""Cross-entropy between class logits and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoocli.errors import DataError, UsageError
from zoocli.losses.loss import Loss
from zoocli.losses.shapes import like_input

if TYPE_CHECKING:
    import torch

IGNORED = -100  # torch's label for an example to ignore, with a loss of 0


def cross_entropy_loss(
    y_pred: torch.Tensor,
    y: torch.Tensor,
    label_smoothing: float = 0.0,
    weight: torch.Tensor | Sequence[float] | None = None,
) -> torch.Tensor:
    """The cross-entropy of every galaxy, in nats: -w_y ln softmax(y_pred)_y.

    Takes logits `y_pred` (batch, classes) and class numbers `y` (batch,), cast to int64, and
    returns (batch,). With `label_smoothing` e, the target is 1 - e at the label plus e / classes
    everywhere (Szegedy et al. 2016, arXiv:1512.00567); `weight` (classes,) is moved to `y`'s
    device. Exactly torch's cross_entropy with reduction="none", computed in float64 and returned
    in `y_pred`'s dtype; a label of -100 has loss 0 there.

    A NaN or infinite label or a NaN logit gives a NaN loss. Raises DataError for labels that are
    no class and for shapes that do not fit, UsageError for impossible options.

    >>> import torch
    >>> logits = torch.tensor([[2.0, 0.0], [2.0, 0.0]])
    >>> cross_entropy_loss(logits, torch.tensor([0, 1]))
    tensor([0.1269, 2.1269])
    """
    import torch
    from torch.nn.functional import cross_entropy

    if y_pred.ndim < 2 or y_pred.shape[:1] + y_pred.shape[2:] != y.shape:
        raise DataError(
            f"y_pred has shape {tuple(y_pred.shape)} but y has shape {tuple(y.shape)}. Give "
            "y_pred as (batch, classes) and y as (batch,)."
        )
    classes = y_pred.shape[1]
    if not 0.0 <= label_smoothing <= 1.0:
        raise UsageError(f"label_smoothing must lie between 0 and 1, not {label_smoothing}.")
    if weight is not None:
        weight = torch.as_tensor(weight, dtype=torch.float64, device=y.device)
        if weight.shape != (classes,):
            raise UsageError(
                f"weight has shape {tuple(weight.shape)}, but there are {classes} classes. Give "
                "one weight per class."
            )
    known = y.isfinite()
    labels = torch.where(known, y, 0).long()
    _require_classes(labels, classes)
    loss = cross_entropy(
        y_pred.double(), labels, weight, reduction="none", label_smoothing=label_smoothing
    )
    return like_input(loss.masked_fill(~known, torch.nan), y_pred)


def _require_classes(labels: torch.Tensor, classes: int) -> None:
    """Raises DataError with the first label out of range; on a GPU it would abort the process."""
    strange = ((labels < 0) | (labels >= classes)) & (labels != IGNORED)
    if strange.any():
        first = labels[strange][0].item()
        raise DataError(
            f"{int(strange.sum()):,} labels in y are none of the {classes} classes; the first is "
            f"{first}. Number the classes 0 to {classes - 1}."
        )


LOSS = Loss(
    name="cross-entropy",
    aliases=("ce",),
    scores="classes",
    options=("label_smoothing", "weight"),
    function=cross_entropy_loss,
    unit="nats",
)
