"""The Dirichlet-multinomial loss against mpmath, scipy, and its own laws."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from scipy.stats import dirichlet_multinomial

from tests.devices import DEVICES
from tests.reference.cases import ANCHOR, DirichletCase, dirichlet_cases
from zoocli.errors import DataError
from zoocli.losses import get_dirichlet_neg_log_prob, stirling
from zoocli.losses.stirling import log_rising_binomial

REGIMES = ("zoobot", "wide", "extreme")


def float64(values: object) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def one_loss(concentrations: tuple[float, ...], votes: tuple[float, ...]) -> float:
    return get_dirichlet_neg_log_prob(float64([concentrations]), torch.tensor([votes])).item()


def by_number_of_answers(regime: str) -> list[list[DirichletCase]]:
    cases = sorted(
        (case for case in dirichlet_cases() if case.regime == regime),
        key=lambda case: len(case.votes),
    )
    return [list(group) for _, group in itertools.groupby(cases, lambda case: len(case.votes))]


def reference_errors(regime: str, device: str = "cpu") -> list[float]:
    """How far each case is off, as a share of what it may be."""
    errors = []
    for cases in by_number_of_answers(regime):
        losses = get_dirichlet_neg_log_prob(
            float64([case.concentrations for case in cases]).to(device),
            torch.tensor([case.votes for case in cases], device=device),
        )
        errors += [
            abs(loss - case.loss) / case.bound
            for loss, case in zip(losses.tolist(), cases, strict=True)
        ]
    return errors


def test_anchor() -> None:
    concentrations, votes, loss = ANCHOR
    assert one_loss(concentrations, votes) == pytest.approx(loss, abs=1e-13, rel=0)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("regime", REGIMES)
def test_mpmath(regime: str, device: str) -> None:
    errors = reference_errors(regime, device)
    assert len(errors) >= 80
    assert max(errors) <= 1.0


def test_the_cases_span_what_they_claim() -> None:
    cases = dirichlet_cases()
    assert {len(case.votes) for case in cases} == set(range(2, 16))
    assert max(max(case.concentrations) for case in cases) == 1e30
    assert min(min(case.concentrations) for case in cases) == 1e-30
    assert all(case.bound == 1e-10 for case in cases if case.regime == "zoobot")
    assert all(case.bound == 1e-9 for case in cases if case.regime == "wide")


def test_the_reference_check_sees_a_flipped_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    original = stirling._remainder
    monkeypatch.setattr(stirling, "_remainder", lambda z: -original(z))
    assert max(reference_errors("wide")) > 1e3


@pytest.mark.parametrize(("constant", "wrong"), [("HALF_LOG", 1e-8), ("LARGE", -250.0)])
def test_the_reference_check_sees_a_wrong_constant(
    constant: str, wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stirling, constant, getattr(stirling, constant) + wrong)
    assert max(reference_errors("wide")) > 1.0


@pytest.mark.parametrize("regime", REGIMES)
def test_gradient_against_digamma(regime: str) -> None:
    """mpmath: psi(n + A) - psi(A) - psi(k_j + a_j) + psi(a_j)."""
    for cases in by_number_of_answers(regime):
        concentrations = float64([case.concentrations for case in cases]).requires_grad_()
        votes = torch.tensor([case.votes for case in cases])
        get_dirichlet_neg_log_prob(concentrations, votes).sum().backward()
        assert concentrations.grad is not None
        gradient = float64([case.gradient for case in cases])
        # Tiny concentrations have gradients 1/A - 1/a_j, in which that many digits cancel.
        cancelling = concentrations.detach().reciprocal()
        allowed = 1e-11 + 1e-12 * gradient.abs() + 1e-15 * cancelling
        assert ((concentrations.grad - gradient).abs() <= allowed).all()


def test_gradcheck() -> None:
    generator = torch.Generator().manual_seed(1)
    concentrations = 0.1 + 30 * torch.rand(6, 4, dtype=torch.float64, generator=generator)
    votes = torch.randint(0, 30, (6, 4), generator=generator)
    votes[0] = 0
    concentrations.requires_grad_()

    def loss(a: torch.Tensor) -> torch.Tensor:
        return get_dirichlet_neg_log_prob(a, votes)

    assert torch.autograd.gradcheck(loss, (concentrations,))
    assert torch.autograd.gradgradcheck(loss, (concentrations,))


def test_scipy() -> None:
    generator = torch.Generator().manual_seed(2)
    concentrations = 1 + 100 * torch.rand(200, 5, dtype=torch.float64, generator=generator)
    votes = torch.randint(0, 50, (200, 5), generator=generator)
    expected = [
        -dirichlet_multinomial.logpmf(k, a, sum(k))
        for a, k in zip(concentrations.tolist(), votes.tolist(), strict=True)
    ]
    torch.testing.assert_close(
        get_dirichlet_neg_log_prob(concentrations, votes), float64(expected), rtol=0, atol=1e-7
    )


@pytest.mark.parametrize("total", [1, 2, 5, 12, 30])
@pytest.mark.parametrize(
    "concentrations", [(0.5, 0.25), (3.0, 4.0, 5.0), (1e-3, 2.0, 1e5), (8.0, 9.5, 0.1, 40.0)]
)
def test_probabilities_of_all_votes_add_up_to_one(
    concentrations: tuple[float, ...], total: int
) -> None:
    answers = len(concentrations)
    possible = [
        votes
        for votes in itertools.product(range(total + 1), repeat=answers)
        if sum(votes) == total
    ]
    assert len(possible) == math.comb(total + answers - 1, answers - 1)
    losses = get_dirichlet_neg_log_prob(
        float64([concentrations] * len(possible)), torch.tensor(possible)
    )
    assert torch.exp(-losses).sum().item() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e-3, 1.0, 101.0, 1e15, 1e154, 1e300])
def test_no_votes_cost_nothing(size: float) -> None:
    concentrations = float64([[size, size / 2, 1.0]]).requires_grad_()
    loss = get_dirichlet_neg_log_prob(concentrations, torch.zeros(1, 3))
    loss.sum().backward()
    assert loss.item() == 0.0
    assert concentrations.grad is not None
    assert torch.equal(concentrations.grad, torch.zeros_like(concentrations))


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e154, 1e200, 1e300])
def test_votes_under_extreme_concentrations(size: float) -> None:
    """All alike, so the loss is that of equal fractions (huge) or of one lump (tiny)."""
    concentrations = float64([[size, size]]).requires_grad_()
    loss = get_dirichlet_neg_log_prob(concentrations, torch.tensor([[2, 1]]))
    # Huge: a binomial of one half. Tiny: ln[2a 3! ... ] = -ln[ 3 a / 2 / 2 ], from the definition.
    expected = -math.log(3 / 8) if size > 1 else -math.log(3 / 4) - math.log(size)
    assert loss.item() == pytest.approx(expected, rel=1e-13)
    loss.sum().backward()
    assert concentrations.grad is not None
    assert concentrations.grad.isfinite().all()


@pytest.mark.parametrize("votes", [(2.0, 3.0), (0.0, 0.0)])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, "overflow"])
def test_impossible_concentrations(bad: float | str, votes: tuple[float, float]) -> None:
    row = [1.7e308, 1.7e308] if isinstance(bad, str) else [bad, 2.0]
    check_only_the_first_row_is_lost(float64([row, [3.0, 4.0]]), float64([votes, (1.0, 2.0)]))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -1.0, -1e300])
def test_impossible_votes(bad: float) -> None:
    check_only_the_first_row_is_lost(
        float64([[1.0, 2.0], [3.0, 4.0]]), float64([[bad, 3.0], [1.0, 2.0]])
    )


def check_only_the_first_row_is_lost(concentrations: torch.Tensor, votes: torch.Tensor) -> None:
    concentrations.requires_grad_()
    losses = get_dirichlet_neg_log_prob(concentrations, votes)
    losses.sum().backward()
    alone = concentrations.detach()[1:].clone().requires_grad_()
    loss = get_dirichlet_neg_log_prob(alone, votes[1:])
    loss.sum().backward()
    assert math.isnan(losses[0].item())
    assert losses[1].item() == loss.item()
    assert concentrations.grad is not None
    assert alone.grad is not None
    assert torch.equal(concentrations.grad[1:], alone.grad)
    assert torch.equal(concentrations.grad[0], torch.zeros(2, dtype=torch.float64))


def test_fractional_votes_are_truncated() -> None:
    assert one_loss((3.0, 4.0), (2.9, 1.0)) == one_loss((3.0, 4.0), (2.0, 1.0))


def test_one_answer_is_certain() -> None:
    assert one_loss((3.5,), (7,)) == 0.0


def test_shapes_that_differ() -> None:
    with pytest.raises(DataError, match=r"\(2, 3\).*\(2, 2\)"):
        get_dirichlet_neg_log_prob(torch.ones(2, 3), torch.ones(2, 2))


def test_rising_binomial_of_one_vote_is_a_logarithm() -> None:
    """Gamma(a + 1) / Gamma(a) = a."""
    a = float64([1e-300, 1e-8, 0.5, 1.0, 9.99, 10.0, 1e6, 1e300])
    torch.testing.assert_close(
        log_rising_binomial(a, torch.ones_like(a)), a.log(), rtol=1e-14, atol=1e-14
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_narrow_dtypes_are_computed_in_float64(dtype: torch.dtype) -> None:
    concentrations = torch.tensor([[3.0, 40.0, 5.5], [0.5, 1.0, 2.0]], dtype=dtype)
    votes = torch.tensor([[10, 20, 30], [0, 1, 90]])
    loss = get_dirichlet_neg_log_prob(concentrations, votes)
    assert loss.dtype == dtype
    assert torch.equal(loss, get_dirichlet_neg_log_prob(concentrations.double(), votes).to(dtype))
