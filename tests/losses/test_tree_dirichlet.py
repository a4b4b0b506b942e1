"""The losses of a whole tree as one operation: mpmath's values and gradients, and torch's rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch

from tests.devices import DEVICES, ON_CUDA
from tests.reference.cases import dirichlet_cases
from zoocli.errors import DataError
from zoocli.losses import (
    CustomMultiQuestionLoss,
    get_dirichlet_loss_func,
    get_dirichlet_neg_log_prob,
)
from zoocli.losses.tree_dirichlet import (
    ROWS_OF_A_THREAD,
    by_torch,
    dirichlet_losses,
    tree_losses,
)

PAIRS = {"smooth": ["_yes", "_no", "_artifact"], "bar": ["_strong", "_none"]}
ANSWERS = [question + answer for question, answers in PAIRS.items() for answer in answers]
SIZES = [3, 2]
REGIMES = ("zoobot", "wide", "extreme")
Way = Callable[[torch.Tensor, torch.Tensor, list[int]], tuple[torch.Tensor, ...]]


def galaxies(count: int = 40, seed: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    inputs = 0.1 + 100 * torch.rand(count, 5, dtype=torch.float64, generator=generator)
    votes = torch.randint(0, 20, (count, 5), generator=generator)
    votes[0] = 0
    votes[1, 3:] = 0
    votes[2] = 300
    return inputs, votes


def one_by_one(inputs: torch.Tensor, votes: torch.Tensor) -> torch.Tensor:
    """Question by question, by torch's own operations."""
    parts = zip(inputs.split(SIZES, 1), votes.split(SIZES, 1), strict=True)
    return torch.stack([get_dirichlet_neg_log_prob(a, k) for a, k in parts], dim=1)


def compiled_loop(a: torch.Tensor, k: torch.Tensor, sizes: list[int]) -> tuple[torch.Tensor, ...]:
    losses: tuple[torch.Tensor, ...] = dirichlet_losses(a, k, sizes)
    return losses


WAYS = [(compiled_loop, "cpu"), (by_torch, "cpu"), pytest.param(by_torch, "cuda", marks=ON_CUDA)]


@pytest.mark.parametrize(("compute", "device"), WAYS)
@pytest.mark.parametrize("regime", REGIMES)
def test_mpmath(regime: str, compute: Way, device: str) -> None:
    cases = [case for case in dirichlet_cases() if case.regime == regime]
    for size, group in itertools.groupby(
        sorted(cases, key=lambda case: len(case.votes)), lambda case: len(case.votes)
    ):
        several = list(group)
        a = torch.tensor([case.concentrations for case in several], dtype=torch.float64)
        k = torch.tensor([case.votes for case in several])
        losses, gradients = (one.cpu() for one in compute(a.to(device), k.to(device), [size]))
        for case, loss, gradient, row in zip(several, losses[:, 0], gradients, a, strict=True):
            assert abs(loss.item() - case.loss) <= case.bound, case
            expected = torch.tensor(case.gradient, dtype=torch.float64)
            # The derivative is a difference of two sums, of which that many digits may cancel.
            n = sum(case.votes)
            terms = torch.minimum(n / row.sum(), torch.tensor(40.0 + math.log1p(n)))
            terms = terms + torch.tensor(case.votes) / row
            # torch's digamma gives the digits that its two values share.
            rounding = 1e-14 * terms if compute is compiled_loop else 1e-12 + 1e-15 / row
            allowed = 1e-10 * expected.abs() + rounding
            assert ((gradient - expected).abs() <= allowed).all(), case


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_it_is_the_loss_of_each_question(device: str, dtype: torch.dtype) -> None:
    inputs, votes = galaxies()
    inputs = inputs.to(device, dtype).requires_grad_()
    votes = votes.to(device)
    losses = tree_losses(inputs, votes, SIZES)
    assert losses.dtype == dtype
    (gradient,) = torch.autograd.grad(losses.sum(), inputs)
    expected = one_by_one(inputs, votes)
    (expected_gradient,) = torch.autograd.grad(expected.sum(), inputs)
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(gradient, expected_gradient)


@pytest.mark.parametrize("device", DEVICES)
def test_torchs_own_operations_differentiate_to_their_gradients(device: str) -> None:
    inputs, votes = (one.to(device) for one in galaxies())
    inputs.requires_grad_()
    losses, gradients = by_torch(inputs, votes, SIZES)
    (expected,) = torch.autograd.grad(losses.sum(), inputs)
    torch.testing.assert_close(gradients, expected, rtol=1e-10, atol=1e-12)


def test_without_votes_both_are_exactly_zero() -> None:
    inputs, votes = galaxies()
    inputs.requires_grad_()
    losses = tree_losses(inputs, votes, SIZES)
    losses.sum().backward()
    assert inputs.grad is not None
    assert (losses[0] == 0).all() and (inputs.grad[0] == 0).all()
    assert losses[1, 1] == 0 and (inputs.grad[1, 3:] == 0).all() and losses[1, 0] != 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -1.0])
def test_what_has_no_likelihood_is_nan_there_and_nowhere_else(bad: float) -> None:
    inputs, votes = galaxies()
    expected = tree_losses(inputs, votes, SIZES)
    inputs[7, 1] = bad
    votes[8, 4] = -1
    expected[7, 0] = expected[8, 1] = math.nan
    for compute in (tree_losses, lambda a, k, sizes: by_torch(a, k, sizes)[0]):
        leaf = inputs.clone().requires_grad_()
        losses = compute(leaf, votes, SIZES)
        torch.testing.assert_close(losses, expected, equal_nan=True, rtol=1e-11, atol=1e-11)
        losses.nansum().backward()
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()
        assert (leaf.grad[7, :3] == 0).all() and (leaf.grad[8, 3:] == 0).all()
        assert (leaf.grad[7, 3:] != 0).all()


def test_gradcheck() -> None:
    inputs, votes = galaxies(6)
    inputs, votes = (inputs / 4).requires_grad_(), votes.clamp(max=30)
    assert torch.autograd.gradcheck(lambda a: tree_losses(a, votes, SIZES), (inputs,))
    assert torch.autograd.gradgradcheck(lambda a: tree_losses(a, votes, SIZES), (inputs,))


def test_torchs_own_checks_of_an_operation() -> None:
    inputs, votes = galaxies()
    for leaf in (inputs, inputs.clone().requires_grad_()):
        torch.library.opcheck(dirichlet_losses, (leaf, votes, SIZES))


def test_compiled_without_a_graph_break() -> None:
    inputs, votes = galaxies()
    loss = get_dirichlet_loss_func(PAIRS)
    targets = dict(zip(ANSWERS, votes.unbind(1), strict=True))

    def step(a: torch.Tensor) -> torch.Tensor:
        return loss(a.exp(), targets).sum()

    leaf = inputs.log().float().requires_grad_()
    (expected,) = torch.autograd.grad(step(leaf), leaf)
    compiled = torch.compile(step, fullgraph=True, backend="aot_eager")
    (found,) = torch.autograd.grad(compiled(leaf), leaf)
    torch.testing.assert_close(found, expected)


def test_vmap_over_batches() -> None:
    inputs, votes = galaxies()
    expected = tree_losses(inputs, votes, SIZES)
    stacked = torch.func.vmap(lambda a, k: tree_losses(a, k, SIZES))(
        inputs.reshape(4, 10, 5), votes.reshape(4, 10, 5)
    )
    assert torch.equal(stacked.reshape(40, 2), expected)
    shared = torch.func.vmap(lambda a: tree_losses(a, votes[:10], SIZES))(inputs.reshape(4, 10, 5))
    assert torch.equal(shared[0], expected[:10])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_under_autocast(dtype: torch.dtype) -> None:
    inputs, votes = galaxies()
    layer = torch.nn.Linear(5, 5)
    with torch.autocast("cpu", dtype=dtype):
        concentrations = 1 + torch.sigmoid(layer(inputs.float()))
        losses = get_dirichlet_loss_func(PAIRS)(concentrations, votes)
    losses.sum().backward()
    assert layer.weight.grad is not None and layer.weight.grad.isfinite().all()


def test_threads_change_nothing() -> None:
    inputs, votes = galaxies(4 * ROWS_OF_A_THREAD + 3)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(dirichlet_losses(inputs, votes, SIZES))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_targets_as_one_tensor() -> None:
    inputs, votes = galaxies()
    targets = dict(zip(ANSWERS, votes.unbind(1), strict=True))
    for functional in (get_dirichlet_neg_log_prob, lambda a, k: (a - k).sum(1)):
        loss = CustomMultiQuestionLoss(PAIRS, functional)
        assert torch.equal(loss(inputs, votes), loss(inputs, targets))
    loss = get_dirichlet_loss_func(PAIRS)
    floats = votes.double() + 0.75
    floats[3, 4] = math.nan
    losses = loss(inputs, floats)
    assert losses.isnan().nonzero().tolist() == [[3, 1]]
    assert torch.equal(losses[4:], loss(inputs, votes)[4:])
    with pytest.raises(DataError, match="targets has shape"):
        loss(inputs, votes[:, :4])


def test_a_training_ends_where_the_general_way_ends() -> None:
    inputs, votes = galaxies(256)
    features = torch.cat([inputs.log(), votes[:, :2].double()], dim=1)

    def trained(loss: torch.nn.Module) -> torch.Tensor:
        torch.manual_seed(0)
        layer = torch.nn.Linear(7, 5, dtype=torch.float64)
        optimizer = torch.optim.SGD(layer.parameters(), lr=1e-4)
        targets = dict(zip(ANSWERS, votes.unbind(1), strict=True))
        for _ in range(200):
            optimizer.zero_grad()
            loss(1 + 100 * torch.sigmoid(layer(features)), targets).sum(1).mean().backward()
            optimizer.step()
        return layer.weight.detach()

    general = CustomMultiQuestionLoss(PAIRS, lambda a, k: get_dirichlet_neg_log_prob(a, k))
    torch.testing.assert_close(
        trained(get_dirichlet_loss_func(PAIRS)), trained(general), rtol=1e-9, atol=1e-12
    )
