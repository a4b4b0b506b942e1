"""Cross-entropy, squared and absolute error: values by hand and from torch's own functions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from zoocli.errors import DataError, UsageError
from zoocli.losses import cross_entropy_loss, l1_loss, mse_loss

LOGITS = [[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 800.0, 1.0]]
LABELS = [0, 2, 1]


def float64(values: object) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def by_hand(logits: list[float], label: int, smoothing: float, weight: list[float]) -> float:
    """The definition: cross-entropy with the smoothed target, each class weighted."""
    largest = max(logits)
    log_total = largest + math.log(math.fsum(math.exp(x - largest) for x in logits))
    classes = len(logits)
    return math.fsum(
        ((1 - smoothing) * (label == c) + smoothing / classes) * weight[c] * (log_total - x)
        for c, x in enumerate(logits)
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 3.0]])
def test_cross_entropy_by_hand(smoothing: float, weight: list[float] | None) -> None:
    given = None if weight is None else torch.tensor(weight)
    losses = cross_entropy_loss(float64(LOGITS), torch.tensor(LABELS), smoothing, given)
    expected = [
        by_hand(logits, label, smoothing, weight or [1.0] * 3)
        for logits, label in zip(LOGITS, LABELS, strict=True)
    ]
    assert losses.tolist() == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("labels", [[0, 2, 1], [2, -100, 0]])
def test_cross_entropy_is_torch_without_reduction(labels: list[int]) -> None:
    y_pred, y = float64(LOGITS), torch.tensor(labels)
    weight = float64([0.5, 2.0, 3.0])
    expected = functional.cross_entropy(y_pred, y, weight, reduction="none", label_smoothing=0.2)
    assert torch.equal(cross_entropy_loss(y_pred, y, 0.2, weight), expected)


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_the_classes() -> None:
    loss = cross_entropy_loss(torch.zeros(1, 7, dtype=torch.float64), torch.tensor([3]))
    assert loss.item() == pytest.approx(math.log(7), abs=1e-15)


def test_cross_entropy_takes_labels_and_weights_of_other_dtypes() -> None:
    y_pred = torch.tensor(LOGITS)
    expected = cross_entropy_loss(y_pred, torch.tensor(LABELS), weight=[0.5, 0.25, 4.0])
    for dtype in (torch.float32, torch.int32, torch.uint8):
        weight = torch.tensor([0.5, 0.25, 4.0], dtype=torch.float16)
        losses = cross_entropy_loss(y_pred, torch.tensor(LABELS, dtype=dtype), weight=weight)
        assert torch.equal(losses, expected)


def test_cross_entropy_of_a_map_of_labels() -> None:
    y_pred = torch.zeros(2, 3, 5)
    losses = cross_entropy_loss(y_pred, torch.zeros(2, 5))
    assert losses.shape == (2, 5)
    assert losses.flatten().tolist() == pytest.approx([math.log(3)] * 10)


def test_cross_entropy_of_a_missing_label_is_nan() -> None:
    y_pred = float64(LOGITS).requires_grad_()
    losses = cross_entropy_loss(y_pred, torch.tensor([0.0, math.nan, math.inf]))
    losses.sum().backward()
    assert losses.isnan().tolist() == [False, True, True]
    assert y_pred.grad is not None
    assert y_pred.grad.isfinite().all()


@pytest.mark.parametrize("label", [3, -1, 1000])
def test_cross_entropy_names_a_label_that_is_no_class(label: int) -> None:
    with pytest.raises(DataError, match=rf"1 labels in y are none of the 3 classes.* {label}\."):
        cross_entropy_loss(torch.zeros(2, 3), torch.tensor([0, label]))


@pytest.mark.parametrize("shape", [(2, 1), (3,), (), (2, 3)])
def test_cross_entropy_refuses_shapes_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="y_pred has shape"):
        cross_entropy_loss(torch.zeros(2, 3), torch.zeros(shape))


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, math.nan])
def test_cross_entropy_refuses_impossible_smoothing(smoothing: float) -> None:
    with pytest.raises(UsageError, match="label_smoothing"):
        cross_entropy_loss(torch.zeros(2, 3), torch.tensor([0, 1]), label_smoothing=smoothing)


def test_cross_entropy_refuses_a_weight_too_few() -> None:
    with pytest.raises(UsageError, match="3 classes"):
        cross_entropy_loss(torch.zeros(2, 3), torch.tensor([0, 1]), weight=[1.0, 2.0])


def test_squared_and_absolute_error_by_hand() -> None:
    y_pred, y = float64([1.5, -2.0, 0.0]), torch.tensor([1, 2, 0])
    assert mse_loss(y_pred, y).tolist() == [0.25, 16.0, 0.0]
    assert l1_loss(y_pred, y).tolist() == [0.5, 4.0, 0.0]


def test_squared_error_of_several_targets_stays_unreduced() -> None:
    y_pred = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert mse_loss(y_pred, torch.zeros(2, 2)).tolist() == [[1.0, 4.0], [9.0, 16.0]]


def test_large_whole_targets_keep_their_digits() -> None:
    """In float32, 2^24 + 1 and 2^24 are the same."""
    y_pred = torch.tensor([2.0**24])
    assert l1_loss(y_pred, torch.tensor([2**24 + 1])).item() == 1.0


@pytest.mark.parametrize("loss", [mse_loss, l1_loss])
def test_values_of_other_shapes_are_not_broadcast(loss: object) -> None:
    assert callable(loss)
    with pytest.raises(DataError, match=r"\(4,\).*\(4, 1\)"):
        loss(torch.zeros(4), torch.zeros(4, 1))
