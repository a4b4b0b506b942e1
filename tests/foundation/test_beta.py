"""Credible intervals against scipy, mpmath and bisection, over all concentrations."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy import special

from zoocli.products.catalog import credible_intervals

WITHIN = 1e-9
REGIMES = {"zoobot": (0, 2), "wide": (-3, 6), "small": (-3, 0), "large": (3, 6)}
LEVELS = (0.9, 0.5, 0.999, 0.01)


def intervals(a, b, level=0.9, kind="mixture"):
    """The interval of Beta(a, b), a and b (galaxies,) or (passes, galaxies)."""
    concentrations = np.stack(np.broadcast_arrays(np.atleast_2d(a), np.atleast_2d(b)), axis=1)
    lower, upper = credible_intervals(concentrations.astype(float), [slice(0, 2)], level, kind)
    # The second answer's fraction is one minus the first's.
    np.testing.assert_allclose(lower[1], 1 - upper[0], rtol=0, atol=WITHIN)
    np.testing.assert_allclose(upper[1], 1 - lower[0], rtol=0, atol=WITHIN)
    return lower[0], upper[0]


def drawn(regime, *shape, seed=0):
    random = np.random.default_rng(seed)
    return 10 ** random.uniform(*REGIMES[regime], (2, *shape))


def is_quantile(x, a, b, tail, within=WITHIN):
    """Whether the mixture's distribution function passes `tail` within `within` of x.

    Bisection in disguise: no solver is involved, only the function itself.
    """
    share = special.betainc(a, b, np.clip([x - within, x + within], 0, 1)[:, None]).mean(axis=1)
    slack = 1e-12 * tail
    return (share[0] <= tail + slack) & (share[1] >= tail - slack)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("regime", REGIMES)
def test_one_pass_agrees_with_scipy(regime, level):
    a, b = drawn(regime, 1000)
    lower, upper = intervals(a, b, level)
    tail = (1 - level) / 2
    np.testing.assert_allclose(lower, special.betaincinv(a, b, tail), rtol=0, atol=WITHIN)
    np.testing.assert_allclose(upper, special.betainccinv(a, b, tail), rtol=0, atol=WITHIN)


@pytest.mark.parametrize(
    ("a", "b"), [(3, 4), (1, 1), (0.001, 0.002), (0.3, 57), (41, 2.5), (1200, 1e-3), (900, 1100)]
)
def test_one_pass_agrees_with_fifty_digits(a, b):
    lower, upper = intervals(float(a), float(b))
    with mpmath.workdps(50):
        for end, tail in ((lower[0], 0.05), (upper[0], 0.95)):
            share = [
                mpmath.betainc(a, b, 0, mpmath.mpf(x), regularized=True)
                for x in np.clip([end - WITHIN, end + WITHIN], 0, 1)
            ]
            assert share[0] <= tail <= share[1]


@pytest.mark.parametrize("passes", [2, 5, 20])
@pytest.mark.parametrize("regime", REGIMES)
def test_mixtures(regime, passes):
    a, b = drawn(regime, passes, 60, seed=passes)
    for level in (0.9, 0.3):
        tail = (1 - level) / 2
        lower, upper = intervals(a, b, level)
        assert is_quantile(lower, a, b, tail).all()
        assert is_quantile(1 - upper, b, a, tail).all()


def test_the_check_of_mixtures_can_fail():
    a, b = drawn("zoobot", 5, 20)
    lower, _ = intervals(a, b)
    assert not is_quantile(lower + 3e-9, a, b, 0.05).any()
    medians, _ = intervals(a, b, kind="zoobot")
    assert not is_quantile(medians, a, b, 0.05).any()


def test_passes_that_are_far_apart():
    """One pass is sure of 0.1 and the other of 0.9: the mixture's interval spans both."""
    a, b = np.array([[1e5], [9e5]]), np.array([[9e5], [1e5]])
    lower, upper = intervals(a, b)
    assert lower[0] == pytest.approx(special.betaincinv(1e5, 9e5, 0.1), abs=WITHIN)
    assert upper[0] == pytest.approx(special.betaincinv(9e5, 1e5, 0.9), abs=WITHIN)


def test_equal_passes_are_one_pass():
    a, b = drawn("wide", 300)
    one, same = intervals(a, b), intervals(np.tile(a, (7, 1)), np.tile(b, (7, 1)))
    np.testing.assert_allclose(same, one, rtol=0, atol=1e-10)


@pytest.mark.parametrize("passes", [3, 4])
def test_zoobots_way_is_the_median_of_the_passes(passes):
    a, b = drawn("zoobot", passes, 50)
    lower, upper = intervals(a, b, kind="zoobot")
    expected = np.median(special.betaincinv(a, b, 0.05), axis=0)
    np.testing.assert_allclose(lower, expected, rtol=0, atol=WITHIN)
    expected = np.median(special.betaincinv(a, b, 0.95), axis=0)
    np.testing.assert_allclose(upper, expected, rtol=0, atol=WITHIN)


def test_other_answers_are_added_up():
    concentrations = np.array([[[3.0], [4.0], [5.0], [0.001]]])
    lower, upper = credible_intervals(concentrations, [slice(0, 4)])
    a = concentrations[0, :, 0]
    np.testing.assert_allclose(lower[:, 0], special.betaincinv(a, a.sum() - a, 0.05), atol=WITHIN)
    np.testing.assert_allclose(upper[:, 0], special.betaincinv(a, a.sum() - a, 0.95), atol=WITHIN)


EXTREMES = [1e-300, 1e-30, 1e-6, 1.0, 1e3, 3e8, 2e9, 1e15, 1e100, 1e300]


@pytest.mark.parametrize("b", EXTREMES)
def test_extreme_concentrations_end_and_are_intervals(b):
    lower, upper = intervals(np.array(EXTREMES), b)
    assert (lower >= 0).all() and (lower <= upper).all() and (upper <= 1).all()
    mean = np.array(EXTREMES) / (np.array(EXTREMES) + b)
    certain = np.minimum(EXTREMES, b) > 1e14  # a point, as far as nine digits go
    np.testing.assert_allclose(lower[certain], mean[certain], rtol=0, atol=1e-6)
    lower, upper = intervals(np.array([[x] for x in EXTREMES]), b)
    assert 0 <= lower[0] <= upper[0] <= 1


@pytest.mark.parametrize(("a", "b"), [(3e8, 5e8), (2e9, 3e9), (1e12, 1e10)])
def test_large_concentrations_are_nearly_normal(a, b):
    lower, upper = intervals(a, b)
    total = a + b
    spread = math.sqrt(a / total * b / total / total)
    normal = special.ndtri(0.95)
    skew = spread * (b - a) / math.sqrt(a * b * total) / 3 * (normal**2 - 1)  # Cornish and Fisher
    assert lower[0] == pytest.approx(a / total - normal * spread + skew, abs=WITHIN)
    assert upper[0] == pytest.approx(a / total + normal * spread + skew, abs=WITHIN)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf, 1.7e308])
def test_what_no_distribution_has_is_nan_for_its_question_alone(bad):
    concentrations = np.full((2, 5, 3), 1e308 if bad == 1.7e308 else 2.0)
    concentrations[:, 3:] = 2.0
    concentrations[:, :3, [0, 2]] = 2.0
    concentrations[1, 1, 1] = bad
    for kind in ("mixture", "zoobot"):
        ends = credible_intervals(concentrations, [slice(0, 3), slice(3, 5)], 0.9, kind)
        for end in ends:
            assert np.isnan(end[:3, 1]).all()
            assert not np.isnan(np.delete(end, 1, axis=1)).any()
            assert not np.isnan(end[3:]).any()


def test_a_galaxy_has_the_same_interval_in_any_company():
    random = np.random.default_rng(3)
    concentrations = random.uniform(1, 101, (3, 5, 40))
    questions = [slice(0, 3), slice(3, 5)]
    for kind in ("mixture", "zoobot"):
        together = credible_intervals(concentrations, questions, 0.9, kind)
        for galaxy in range(0, 40, 7):
            alone = credible_intervals(
                concentrations[:, :, galaxy : galaxy + 1], questions, 0.9, kind
            )
            np.testing.assert_array_equal(np.array(alone)[..., 0], np.array(together)[..., galaxy])
