"""What every loss keeps to, whatever it computes; a new loss file is picked up by itself."""

from __future__ import annotations

import math
import subprocess
import sys
from importlib import import_module

import pytest
import torch

import zoocli.losses
from tests.conftest import ROOT
from tests.devices import DEVICES
from zoocli.errors import UsageError
from zoocli.losses import Loss, find_loss, loss_names

FLOATS = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
BATCH = 12
pytestmark = pytest.mark.parametrize("name", loss_names())


def example(loss: Loss, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    """Predictions and targets of BATCH galaxies that the loss can score."""
    generator = torch.Generator().manual_seed(3)

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, dtype=torch.float64, generator=generator)

    def whole(high: int, *shape: int) -> torch.Tensor:
        return torch.randint(0, high, shape, generator=generator)

    predictions, targets = {
        "tree": lambda: (0.5 + 20 * uniform(BATCH, 4), whole(15, BATCH, 4)),
        "classes": lambda: (6 * uniform(BATCH, 4) - 3, whole(4, BATCH)),
        "values": lambda: (10 * uniform(BATCH), 10 * uniform(BATCH)),
    }[loss.scores]()
    return predictions.to(dtype), targets


def test_description(name: str) -> None:
    loss = find_loss(name)
    assert loss.name == name
    assert all(find_loss(alias) is loss for alias in loss.aliases)
    assert loss.scores in {"tree", "classes", "values"}
    assert loss.unit is None or loss.unit


def test_file_is_named_as_the_loss_and_has_the_public_function(name: str) -> None:
    loss = find_loss(name)
    module = sys.modules[loss.function.__module__]
    assert module.__name__ == f"zoocli.losses.{name.replace('-', '_')}"
    assert getattr(module, loss.function.__name__) is loss.function
    assert set(loss.options) <= set(loss.function.__annotations__)
    assert loss.function.__doc__
    assert ">>>" in loss.function.__doc__


def test_kernel_has_the_functions_that_scoring_calls(name: str) -> None:
    loss = find_loss(name)
    if loss.kernel is not None:
        assert loss.scores == "tree"
        kernel = import_module(loss.kernel)
        assert callable(kernel.question_losses)
        assert callable(kernel.scratch)


def test_no_votes_lose_nothing(name: str) -> None:
    loss = find_loss(name)
    predictions, targets = example(loss)
    if loss.scores == "tree":
        assert loss.function(predictions, torch.zeros_like(targets)).tolist() == [0.0] * BATCH


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_shape_dtype_and_float64_inside(name: str, dtype: torch.dtype, device: str) -> None:
    loss = find_loss(name)
    predictions, targets = (tensor.to(device) for tensor in example(loss, dtype))
    result = loss.function(predictions, targets)
    assert result.shape == (BATCH,)
    assert result.dtype == dtype
    assert result.device == predictions.device
    assert torch.equal(result, loss.function(predictions.double(), targets).to(dtype))


def test_whole_numbers_give_float64(name: str) -> None:
    loss = find_loss(name)
    predictions, targets = example(loss)
    whole = predictions.round().clamp(min=1).long()
    assert torch.equal(loss.function(whole, targets), loss.function(whole.double(), targets))


@pytest.mark.parametrize("device", DEVICES)
def test_devices_agree(name: str, device: str) -> None:
    loss = find_loss(name)
    predictions, targets = example(loss)
    result = loss.function(predictions.to(device), targets.to(device)).cpu()
    torch.testing.assert_close(result, loss.function(predictions, targets), rtol=0, atol=1e-9)


def test_batches_and_order_change_nothing(name: str) -> None:
    loss = find_loss(name)
    predictions, targets = example(loss)
    whole = loss.function(predictions, targets)
    parts = [loss.function(predictions[i : i + 5], targets[i : i + 5]) for i in range(0, BATCH, 5)]
    order = torch.randperm(BATCH, generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-15, atol=1e-14)
    shuffled = loss.function(predictions[order], targets[order])
    torch.testing.assert_close(shuffled, whole[order], rtol=1e-15, atol=1e-14)


def test_an_empty_batch(name: str) -> None:
    loss = find_loss(name)
    predictions, targets = example(loss)
    assert loss.function(predictions[:0], targets[:0]).shape == (0,)


@pytest.mark.parametrize("device", DEVICES)
def test_gradient(name: str, device: str) -> None:
    loss = find_loss(name)
    predictions, targets = (tensor.to(device) for tensor in example(loss))
    predictions.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss.function(x, targets), (predictions,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradient_comes_back_in_the_dtype_of_the_predictions(name: str, dtype: torch.dtype) -> None:
    loss = find_loss(name)
    predictions, targets = example(loss, dtype)
    predictions.requires_grad_()
    loss.function(predictions, targets).sum().backward()
    assert predictions.grad is not None
    assert predictions.grad.dtype == dtype
    assert predictions.grad.isfinite().all()


def test_inputs_are_left_as_they_are(name: str) -> None:
    loss = find_loss(name)
    predictions, targets = example(loss)
    before = predictions.clone(), targets.clone()
    loss.function(predictions, targets)
    assert torch.equal(predictions, before[0])
    assert torch.equal(targets, before[1])


@pytest.mark.parametrize("side", ["prediction", "target"])
def test_nan_stays_in_its_row(name: str, side: str) -> None:
    loss = find_loss(name)
    predictions, targets = example(loss)
    expected = loss.function(predictions, targets)
    targets = targets.double()
    spoiled = predictions if side == "prediction" else targets
    spoiled[3] = math.nan
    predictions.requires_grad_()
    result = loss.function(predictions, targets)
    result.nansum().backward()
    others = torch.arange(BATCH) != 3
    assert result[3].isnan()
    assert torch.equal(result[others], expected[others])
    assert predictions.grad is not None
    assert predictions.grad[others].isfinite().all()


def test_an_unknown_loss_names_the_closest(name: str) -> None:
    with pytest.raises(UsageError, match=rf"no loss '{name}x'\. Did you mean '{name}'"):
        find_loss(name + "x")


def test_every_function_is_public(name: str) -> None:
    function = find_loss(name).function
    assert getattr(zoocli.losses, function.__name__, function) is function


def test_looking_a_loss_up_needs_no_torch(name: str) -> None:
    code = (
        "import sys, zoocli.losses as losses; "
        f"losses.find_loss({name!r}); losses.loss_names(); "
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    root = ROOT
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
