"""The intervals of shares: published values, and what half a galaxy changes, cell by cell."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluations import metrics_of, simulated
from zoocli.evaluating.confusion import Confusion, HalfMatrix
from zoocli.evaluating.intervals import HalfGalaxies, wilson_interval, with_intervals
from zoocli.evaluating.metric import Estimate

SHARES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
# True answers in rows, predicted ones in columns; the last answer never occurs.
MATRIX = np.array(
    [[60.0, 2.0, 1.0, 0.0], [0.0, 7.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
)


def numbers_of(confusion: Confusion) -> dict[str, np.ndarray]:
    """Those of the question, and of every answer."""
    of_answers = {
        f"{metric}-{number}": one
        for metric, (values, _) in confusion.of_answers.items()
        for number, one in enumerate(values)
    }
    return dict(confusion.of_question()) | of_answers


@pytest.mark.parametrize(
    ("right", "galaxies", "low", "high"),
    [
        # Newcombe 1998, Statist. Med. 17, 857, Table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_as_published(right, galaxies, low, high):
    assert wilson_interval(right / galaxies, galaxies) == pytest.approx((low, high), abs=5e-5)
    mirrored = wilson_interval(1 - right / galaxies, galaxies)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_half_galaxies_are_where_answers_occur():
    cells = HalfMatrix.of(Confusion.of(MATRIX[..., np.newaxis]), np.zeros(4, np.intp)).cells
    assert cells.tolist() == [
        [0.5, 0.25, 0.25, 0.0],
        [0.25, 0.5, 0.25, 0.0],
        [0.25, 0.25, 0.5, 0.0],
        [0.0, 0.0, 0.0, 0.0],
    ]


def test_half_galaxies_stay_within_their_question():
    confusion = Confusion(*np.ones((3, 4, 1)))
    cells = HalfMatrix.of(confusion, np.array([0, 0, 1, 1])).cells
    assert np.array_equal(cells, np.kron(np.eye(2), np.full((2, 2), 0.5)))


def test_effect_of_half_galaxies_is_that_of_changing_each_cell():
    halves = HalfMatrix.of(Confusion.of(MATRIX[..., np.newaxis]), np.zeros(4, np.intp))
    plain = numbers_of(Confusion.of(MATRIX[..., np.newaxis]))
    smoothed = numbers_of(Confusion.of((MATRIX + halves.cells)[..., np.newaxis]))
    one_more = np.stack([MATRIX + one.reshape(4, 4) for one in np.eye(16)], axis=-1)
    changed = numbers_of(Confusion.of(one_more))
    for name, values in numbers_of(halves.confusions()).items():
        if np.isnan(plain[name][0]):
            continue
        effect = halves.effect(values)
        assert effect.share == pytest.approx(smoothed[name][0], abs=1e-12)
        variance = halves.cells.ravel() @ np.nan_to_num(changed[name] - plain[name]) ** 2
        # A galaxy changes its label's and its prediction's numbers nearly independently.
        assert effect.variance == pytest.approx(variance, rel=0.15)


def test_the_effective_galaxies_of_a_simple_share_are_all_of_them():
    right, galaxies = 70.0, 74.0
    share = right / galaxies
    replicates = np.random.default_rng(0).poisson([right, galaxies - right], (100_000, 2))
    drawn = replicates[:, 0] / replicates.sum(axis=1)
    one = Estimate("bar", None, "accuracy", np.array([share]), np.array([galaxies]))
    other = Estimate("bar", None, "accuracy", drawn, replicates.sum(axis=1))
    matrix = np.array([[35.0, 2.0], [2.0, 35.0]])[..., np.newaxis]
    halves = HalfMatrix.of(Confusion.of(matrix), np.zeros(2, np.intp))
    accuracy = dict(halves.confusions().of_question())["accuracy"]
    [metric] = with_intervals([one], [other], {one.key: halves.effect(accuracy)})
    assert (metric.low, metric.high) == pytest.approx(wilson_interval(share, galaxies), abs=0.003)


def test_all_galaxies_right_is_not_certainty():
    always = Estimate("bar", None, "accuracy", np.ones(1), np.array([20.0]))
    replicates = Estimate("bar", None, "accuracy", np.ones(50), np.full(50, 20.0))
    unknown = HalfGalaxies(1.0, 0.0)  # only one answer occurs: no other could have been wrong
    [metric] = with_intervals([always], [replicates], {always.key: unknown})
    assert (metric.low, metric.high) == pytest.approx(wilson_interval(1.0, 20))
    [metric] = with_intervals([always], [replicates])
    assert (metric.low, metric.high) == (1.0, 1.0)  # percentiles know no better


def test_few_galaxies_of_an_answer_widen_the_interval_of_the_mean():
    def width(matrix: np.ndarray) -> float:
        halves = HalfMatrix.of(Confusion.of(matrix[..., np.newaxis]), np.zeros(2, np.intp))
        values = dict(halves.confusions().of_question())["balanced_accuracy"]
        one = Estimate("bar", None, "balanced_accuracy", np.ones(1), np.array([matrix.sum()]))
        [metric] = with_intervals([one], [one], {one.key: halves.effect(values)})
        assert metric.low is not None and metric.high is not None
        return metric.high - metric.low

    assert width(np.diag([98.0, 2.0])) > 4 * width(np.diag([50.0, 50.0]))


def test_intervals_of_shares_hold_them_and_have_a_width():
    found = metrics_of(simulated(300), replicates=50)
    shares = [
        one for one in found.values() if one.metric.startswith(SHARES) and one.low is not None
    ]
    assert len(shares) > 100
    for one in shares:
        assert 0.0 <= one.low <= one.value <= one.high <= 1.0
        assert one.low < one.high


@pytest.mark.parametrize("galaxies", [20, 74])
@pytest.mark.parametrize("share", [0.6, 0.94])
def test_intervals_of_shares_hold_the_truth_as_often_as_they_say(galaxies, share):
    random = np.random.default_rng(galaxies)
    cells = np.full((3, 3), (1 - share) / 6)
    np.fill_diagonal(cells, share / 3)
    truth = numbers_of(Confusion.of(cells[..., np.newaxis]))
    repeats, held = 300, dict.fromkeys(["accuracy", "balanced_accuracy", "precision_weighted"], 0)
    for _ in range(repeats):
        matrix = random.multinomial(galaxies, cells.ravel()).reshape(3, 3, 1).astype(np.float64)
        halves = HalfMatrix.of(Confusion.of(matrix), np.zeros(3, np.intp))
        drawn = random.poisson(np.repeat(matrix, 200, axis=2)).astype(np.float64)
        point, replicates, changed = (
            numbers_of(one)
            for one in (Confusion.of(matrix), Confusion.of(drawn), halves.confusions())
        )
        for name in held:
            one, other = (
                Estimate("bar", None, name, values[name], np.array([galaxies]))
                for values in (point, replicates)
            )
            [metric] = with_intervals([one], [other], {one.key: halves.effect(changed[name])})
            assert metric.low is not None and metric.high is not None
            held[name] += metric.low <= truth[name][0] <= metric.high
    for times in held.values():
        assert times / repeats > 0.92  # 0.95 less more than two standard errors
