"""The linear head."""

from __future__ import annotations

import pytest
import torch

from tests.devices import DEVICES
from zoocli.heads import LinearHead


@pytest.mark.parametrize("device", DEVICES)
def test_is_a_linear_map_when_it_does_not_train(device: str) -> None:
    head = LinearHead(6, 3).to(device).eval()
    x = torch.randn(4, 6, device=device)
    torch.testing.assert_close(head(x), x @ head.linear.weight.T + head.linear.bias)


@pytest.mark.parametrize("shape", [(1, 6), (5, 6), (0, 6), (1, 1, 6)])
def test_one_output_squeezes_the_last_dimension_only(shape: tuple[int, ...]) -> None:
    assert LinearHead(6, 1)(torch.zeros(shape)).shape == shape[:-1]


def test_several_outputs_keep_theirs() -> None:
    assert LinearHead(6, 3)(torch.zeros(1, 6)).shape == (1, 3)


def test_dropout_comes_before_the_linear_layer_and_only_in_training() -> None:
    head = LinearHead(4, 2, head_dropout_prob=1.0)
    x = torch.ones(3, 4)
    assert torch.equal(head(x), head.linear.bias.expand(3, 2))
    assert not torch.equal(head.eval()(x), head.linear.bias.expand(3, 2))


def test_dropout_defaults_to_one_half() -> None:
    assert LinearHead(4, 2).dropout.p == 0.5


def test_activation_comes_last() -> None:
    head = LinearHead(4, 3, activation=lambda x: x.softmax(-1)).eval()
    fractions = head(torch.randn(5, 4))
    torch.testing.assert_close(fractions.sum(1), torch.ones(5))
    single = LinearHead(4, 1, activation=torch.sigmoid).eval()
    x = torch.randn(5, 4)
    torch.testing.assert_close(single(x), torch.sigmoid(single.linear(x))[:, 0])


def test_weights_have_the_names_that_users_have_on_disk() -> None:
    head = LinearHead(4, 3)
    assert list(head.state_dict()) == ["linear.weight", "linear.bias"]
    other = LinearHead(4, 3)
    other.load_state_dict(head.state_dict())
    x = torch.randn(2, 4)
    assert torch.equal(head.eval()(x), other.eval()(x))
    assert (head.input_dim, head.output_dim) == (4, 3)


def test_gradients_reach_the_features() -> None:
    x = torch.randn(2, 4, requires_grad=True)
    LinearHead(4, 1, head_dropout_prob=0.0)(x).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
