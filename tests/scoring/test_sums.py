"""Additive statistics, against numpy and scipy, and that they add up."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from zoocli.schema import Levels
from zoocli.scoring.sums import Statistics, Sums

LEVELS = Levels({"first": (0, 1), "second": (2,)}, ("a", "b", "c"))
LOSSES = st.one_of(st.just(math.nan), st.floats(0.0, 1e6))


def add_up(losses: np.ndarray, votes: np.ndarray | None) -> Sums:
    sums = Sums.zeros(len(LEVELS))
    sums.add_batch(LEVELS, losses.sum(axis=0), losses, votes)
    return sums


def assert_close(ours: Sums, theirs: Sums) -> None:
    for counts in ("galaxies", "galaxies_all", "votes"):
        assert getattr(ours, counts).tolist() == getattr(theirs, counts).tolist()
    np.testing.assert_allclose(ours.sum, theirs.sum, rtol=1e-12, atol=0)
    np.testing.assert_allclose(ours.sum_squares, theirs.sum_squares, rtol=1e-12, atol=0)


def test_means_and_standard_errors_are_those_of_numpy_and_scipy() -> None:
    random = np.random.default_rng(3)
    votes = random.integers(0, 3, (3, 500), dtype=np.int32)
    losses = random.gamma(2.0, 3.0, votes.shape) * (votes > 0)
    for number, statistics in enumerate(list(add_up(losses, votes).statistics())[3:]):
        answered = losses[number][votes[number] > 0]
        assert statistics.mean == pytest.approx(answered.mean(), rel=1e-13)
        assert statistics.mean_all == pytest.approx(losses[number].mean(), rel=1e-13)
        assert statistics.se == pytest.approx(stats.sem(answered), rel=1e-12)
        assert statistics.galaxies == len(answered)
        assert statistics.galaxies_all == 500
        assert statistics.votes == votes[number].sum()


def test_campaigns_count_a_galaxy_with_a_vote_for_any_of_their_questions() -> None:
    losses = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 4.0], [8.0, 16.0, 0.0]])
    votes = np.array([[3, 0, 1], [0, 0, 2], [1, 1, 0]], np.int32)
    overall, first, second, *_ = add_up(losses, votes).statistics()
    assert (overall.sum, overall.galaxies, overall.votes) == (31.0, 3, 8)
    assert (first.sum, first.galaxies, first.galaxies_all, first.votes) == (7.0, 2, 3, 6)
    assert (second.sum, second.galaxies, second.votes) == (24.0, 2, 2)


def test_a_null_leaves_every_statistic_of_its_groups_and_no_other() -> None:
    losses = np.array([[math.nan, 1.0], [2.0, 2.0], [4.0, 4.0]])
    votes = np.full((3, 2), 5, np.int32)
    overall, first, second, *questions = add_up(losses, votes).statistics()
    assert (overall.sum, overall.galaxies_all, overall.votes) == (7.0, 1, 15)
    assert (first.sum, first.galaxies, first.votes) == (3.0, 1, 10)
    assert (second.sum, second.galaxies, second.votes) == (8.0, 2, 10)
    assert [question.galaxies_all for question in questions] == [1, 2, 2]


def test_a_loss_without_votes_counts_every_galaxy() -> None:
    losses = np.array([[0.0, 2.0], [1.0, 1.0], [math.nan, 3.0]])
    sums = add_up(losses, None)
    statistics = list(sums.statistics(count_votes=False))
    assert [group.galaxies for group in statistics] == [1, 2, 1, 2, 2, 1]
    assert all(group.mean == group.mean_all for group in statistics)
    assert {group.votes for group in statistics} == {None}


def test_no_galaxies_have_no_mean() -> None:
    empty = Statistics.from_sums(0.0, 0.0, 0, 0, 0)
    assert (empty.mean, empty.mean_all, empty.se) == (None, None, None)
    unanswered = Statistics.from_sums(0.0, 0.0, 0, 7, 0)
    assert (unanswered.mean, unanswered.mean_all) == (None, 0.0)
    assert Statistics.from_sums(2.0, 4.0, 1, 1, 3).se is None


def test_equal_losses_have_no_spread() -> None:
    losses = np.full(1000, 0.1)
    sums = Sums.zeros(1)
    sums.add(0, losses, None)
    [statistics] = sums.statistics()
    assert statistics.se == pytest.approx(0.0, abs=1e-9)


@given(
    arrays.arrays(np.float64, st.tuples(st.just(3), st.integers(0, 40)), elements=LOSSES),
    st.lists(st.integers(0, 40), max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_any_split_adds_up(losses: np.ndarray, cuts: list[int], seed: int) -> None:
    votes = np.random.default_rng(seed).integers(0, 200, losses.shape, dtype=np.int32)
    losses = np.where(votes == 0, 0.0, losses)
    total = Sums.zeros(len(LEVELS))
    edges = [0, *sorted(cuts), 40]
    for start, stop in pairwise(edges):
        total += add_up(losses[:, start:stop], votes[:, start:stop])
    whole = add_up(losses, votes)
    assert_close(total, whole)
    parts = [sums.statistics() for sums in (total, whole)]
    for ours, theirs in zip(*parts, strict=True):
        assert (ours.mean is None) == (theirs.mean is None) == (theirs.galaxies == 0)


def test_statistics_add_up_as_sums_do() -> None:
    one, two = np.array([1.0, 0.0, 4.0]), np.array([2.0, 0.5])
    parts: list[Statistics] = []
    for losses in (one, two, np.concatenate([one, two])):
        sums = Sums.zeros(1)
        sums.add(0, losses, (losses > 0).astype(np.int32))
        parts += sums.statistics()
    assert parts[0] + parts[1] == parts[2]
    no_votes = Statistics.from_sums(1.0, 1.0, 1, 1, None)
    assert (parts[0] + no_votes).votes is None


def test_the_difference_shows_when_a_vote_is_lost() -> None:
    losses = np.array([[1.0], [1.0], [1.0]])
    ours = add_up(losses, np.array([[1], [1], [1]], np.int32))
    theirs = add_up(losses, np.array([[1], [1], [2]], np.int32))
    with pytest.raises(AssertionError):
        assert_close(ours, theirs)
