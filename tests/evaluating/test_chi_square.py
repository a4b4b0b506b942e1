"""The chi-square test against scipy, Holm's adjustment by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from zoocli.evaluating.chi_square import chi_square_survival, uniformity
from zoocli.evaluating.comparing.holm import holm


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 19, 20, 99, 100, 1001])
def test_survival_is_that_of_scipy(degrees):
    for statistic in np.geomspace(1e-8, 1200, 60):
        expected = stats.chi2.sf(statistic, degrees)
        assert chi_square_survival(statistic, degrees) == pytest.approx(expected, rel=1e-12, abs=0)


def test_survival_at_the_ends():
    assert chi_square_survival(0.0, 19) == 1.0
    assert chi_square_survival(1e6, 19) == 0.0


def test_uniformity_is_that_of_scipy():
    counts = np.random.default_rng(0).multinomial(1000, np.ones(20) / 20)
    statistic, p = uniformity(counts)
    expected = stats.chisquare(counts)
    assert (statistic, p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-12)


def test_no_uniformity_of_too_few():
    assert uniformity(np.full(20, 4)) is None
    assert uniformity(np.full(20, 5)) == (0.0, 1.0)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == [0.03, 0.06, 0.06, 0.02]
    assert holm([None, 0.9, 0.8, None]) == [None, 1.0, 1.0, None]
    assert holm([0.01, None, 0.03]) == [0.02, None, 0.03]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    assert holm([None, None]) == [None, None]
