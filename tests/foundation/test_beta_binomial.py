"""The distribution of votes: values of scipy and of mpmath at 40 digits, and its exact ends."""

from __future__ import annotations

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from scipy.stats import betabinom

from tests.reference.cases import dirichlet_cases
from zoocli.foundation.kernels.tree_features import predict

BOUND = 1e-10
NAMES = ("predicted", "deviation", "below", "up_to")


def predicted(concentrations, votes):
    """Of one question: concentrations (passes, answers, galaxies), votes (answers, galaxies).

    The kernel's own functions, run as Python.
    """
    concentrations, votes = np.asarray(concentrations, float), np.asarray(votes, np.int64)
    found = SimpleNamespace(**{name: np.empty(votes.shape) for name in NAMES})
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for galaxy, k in enumerate(votes.T):
            work = SimpleNamespace(**{name: np.zeros(len(k)) for name in NAMES})
            predict(work, concentrations[..., galaxy], k, 0, len(k), int(k.sum()))
            for name in NAMES:
                getattr(found, name)[:, galaxy] = getattr(work, name)
    return found


def exact(k, n, a, b):
    """P(K < k) and P(K <= k) of the Beta-binomial, from mpmath's Gamma functions."""
    with mpmath.workdps(40):
        a, b = mpmath.mpf(a), mpmath.mpf(b)
        term = mpmath.beta(a, b + n) / mpmath.beta(a, b)  # K = 0
        below = mpmath.mpf(0)
        for i in range(k):
            below += term
            term *= (n - i) * (a + i) / ((i + 1) * (b + n - i - 1))
        return float(below), float(below + term)


def test_scipy_agrees_at_usual_votes():
    random = np.random.default_rng(0)
    concentrations = 1 + 100 * random.random((1, 3, 2000)) ** 3
    votes = random.multinomial(40, [0.2, 0.5, 0.3], 2000).T
    found = predicted(concentrations, votes)
    a = concentrations[0]
    b = a.sum(axis=0) - a
    np.testing.assert_allclose(found.below, betabinom.cdf(votes - 1, 40, a, b), rtol=0, atol=BOUND)
    np.testing.assert_allclose(found.up_to, betabinom.cdf(votes, 40, a, b), rtol=0, atol=BOUND)
    deviation = betabinom.std(40, a, b) / 40
    np.testing.assert_allclose(found.deviation, deviation, rtol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 40, 1500])
@pytest.mark.parametrize("a", [1e-3, 0.7, 30.0, 1e6])
@pytest.mark.parametrize("b", [1e-3, 1.0, 250.0, 1e6])
def test_mpmath_agrees_in_extremes(n, a, b):
    for k in sorted({0, 1, n // 3, n - 1, n}):
        found = predicted([[[a], [b]]], [[k], [n - k]])
        below, up_to = exact(k, n, a, b)
        assert found.below[0, 0] == pytest.approx(below, rel=0, abs=BOUND)
        assert found.up_to[0, 0] == pytest.approx(up_to, rel=0, abs=BOUND)


@pytest.mark.parametrize(("a", "b"), [(3.0, 5.0), (4e5, 6e5), (2e-3, 1e-3)])
def test_mpmath_agrees_at_very_many_votes(a, b):
    n = 50_000
    k = 20_100
    found = predicted([[[a], [b]]], [[k], [n - k]])
    below, up_to = exact(k, n, a, b)
    assert found.below[0, 0] == pytest.approx(below, rel=0, abs=BOUND)
    assert found.up_to[0, 0] == pytest.approx(up_to, rel=0, abs=BOUND)


def test_one_vote_more_is_the_likelihood():
    """For two answers P(K <= k) - P(K < k) = exp(-loss): the reference values of the loss."""
    cases = [case for case in dirichlet_cases() if len(case.votes) == 2 and sum(case.votes) > 0]
    cases = [case for case in cases if sum(case.votes) < 100_000]
    assert len(cases) > 10
    for case in cases:
        found = predicted(
            np.array(case.concentrations)[None, :, None], np.array(case.votes)[:, None]
        )
        likelihood = np.exp(-case.loss)
        assert found.up_to[0, 0] - found.below[0, 0] == pytest.approx(likelihood, abs=1e-9)


def test_the_ends_are_exact():
    found = predicted([[[3.0, 0.01, 1e6], [5.0, 0.02, 10.0]]], [[0, 0, 0], [7, 7, 7]])
    assert found.below[0].tolist() == [0.0, 0.0, 0.0]  # K < 0
    assert found.up_to[1].tolist() == [1.0, 1.0, 1.0]  # K <= n


def test_several_passes_average_their_distributions():
    random = np.random.default_rng(1)
    concentrations = random.uniform(0.5, 60, (4, 3, 50))
    votes = random.multinomial(25, [0.2, 0.5, 0.3], 50).T
    found = predicted(concentrations, votes)
    every = [predicted(one[None], votes) for one in concentrations]
    for name in ("below", "up_to"):
        mean = np.mean([getattr(one, name) for one in every], axis=0)
        np.testing.assert_allclose(getattr(found, name), mean, rtol=1e-13, atol=1e-15)
    fractions = concentrations / concentrations.sum(axis=1, keepdims=True)
    within = np.mean([np.square(one.deviation) for one in every], axis=0)
    total = np.sqrt(within + fractions.var(axis=0))
    np.testing.assert_allclose(found.deviation, total, rtol=1e-12)


@pytest.mark.parametrize("largest", [1e6, 1e12, 1e18])
def test_an_answer_beside_which_the_others_vanish(largest):
    """A - a has few digits of the others' concentrations, or none."""
    for votes in ([9, 1, 0], [0, 4, 6], [5000, 0, 0]):
        found = predicted([[[largest], [1e-3], [2e-3]]], [[k] for k in votes])
        for answer, (a, b) in enumerate([(largest, 3e-3), (1e-3, largest), (2e-3, largest)]):
            below, up_to = exact(votes[answer], sum(votes), a, b)
            assert found.below[answer, 0] == pytest.approx(below, rel=0, abs=BOUND)
            assert found.up_to[answer, 0] == pytest.approx(up_to, rel=0, abs=BOUND)


@pytest.mark.parametrize("a", [5e-324, 1e-300, 1e-200, 1e200, 1e300])
@pytest.mark.parametrize("b", [5e-324, 1e-300, 1.0, 1e300])
def test_any_concentrations_give_probabilities(a, b):
    found = predicted([[[a], [b]]], [[300], [500]])
    assert np.all((found.below >= 0) & (found.below <= found.up_to) & (found.up_to <= 1))
    np.testing.assert_allclose(found.below[0] + found.up_to[1], 1, atol=BOUND)  # K and n - K


def test_far_tails_of_certain_predictions():
    found = predicted([[[1e6] * 2, [1e6] * 2]], [[0, 9000], [9000, 0]])
    assert (found.below[0].tolist(), found.up_to[0].tolist()) == ([0.0, 1.0], [0.0, 1.0])
