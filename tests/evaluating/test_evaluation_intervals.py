"""The intervals of shares: published values, and what half a galaxy changes, cell by cell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.evaluations import metrics_of, simulated
from zoocli.evaluating.absolute import AbsoluteMeans
from zoocli.evaluating.confusion import Confusion, HalfMatrix
from zoocli.evaluating.intervals import HalfGalaxies, wilson_interval, with_intervals
from zoocli.evaluating.metric import Estimate, Scale
from zoocli.evaluating.student import student_quantile

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


def share(values: list[float], galaxies: list[float]) -> Estimate:
    """A share, then the same without each bucket."""
    return Estimate("bar", None, "accuracy", np.array(values), np.array(galaxies), Scale.SHARE)


def left_out(matrix: np.ndarray) -> np.ndarray:
    """A matrix (true, predicted), then the same without each of its galaxies: (..., 1 + N)."""
    cells = np.repeat(np.arange(matrix.size), matrix.ravel().astype(int))
    return np.stack(
        [matrix, *(matrix - one for one in np.eye(matrix.size)[cells].reshape(-1, *matrix.shape))],
        axis=-1,
    )


def test_the_effective_galaxies_of_a_simple_share_are_all_of_them():
    right, galaxies = 70, 74
    without = np.append(np.full(right, right - 1), np.full(galaxies - right, right))
    values = np.append(right / galaxies, without / (galaxies - 1))
    [metric] = with_intervals([share(values, [galaxies] + [galaxies - 1] * galaxies)])
    expected = wilson_interval(right / galaxies, galaxies)
    assert (metric.low, metric.high) == pytest.approx(expected, abs=0.006)


def test_all_galaxies_right_is_not_certainty():
    always = share([1.0] * 21, [20.0] + [19.0] * 20)
    unknown = HalfGalaxies(1.0, 0.0)  # only one answer occurs: no other could have been wrong
    [metric] = with_intervals([always], {always.key: unknown})
    assert (metric.low, metric.high) == pytest.approx(wilson_interval(1.0, 20))
    [metric] = with_intervals([always])
    assert metric.low < 0.95 and metric.high == 1.0


@pytest.mark.parametrize(
    ("scale", "values", "low", "high"),
    [
        (Scale.PLAIN, [5.0, 4.0, 6.0], 5 - 6.0, 5 + 6.0),
        (Scale.LOG, np.exp([1.0, 0.9, 1.1]), np.exp(0.4), np.exp(1.6)),
        (
            Scale.LOG_REST,
            1 - np.exp(-np.array([1.0, 0.9, 1.1])),
            1 - np.exp(-0.4),
            1 - np.exp(-1.6),
        ),
        (Scale.ATANH, np.tanh([1.0, 0.9, 1.1]), np.tanh(0.4), np.tanh(1.6)),
        (Scale.SQUARE, np.sqrt([1.0, 0.9, 1.1]), np.sqrt(0.4), np.sqrt(1.6)),
        (Scale.SQUARE, [-0.1, -np.sqrt(0.11), np.sqrt(0.09)], 0.0, np.sqrt(0.59)),
        (Scale.INVERSE, 1 / np.array([1.0, 0.9, 1.1]), 1 / 1.6, 1 / 0.4),
        (Scale.INVERSE, 1 / np.array([0.5, 0.4, 0.6]), 1 / 1.1, None),
        (Scale.INVERSE, 1 / np.array([-0.1, -0.2, 0.01]), 1 / 0.53, None),
    ],
)
def test_intervals_are_symmetric_on_their_scale(scale, values, low, high):
    """Each with two buckets, which have 1 degree of freedom: the quantile is not looked at."""
    galaxies = np.array([10.0, 5.0, 5.0])
    estimate = Estimate("bar", None, "x", np.array(values), galaxies, scale)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zoocli.evaluating.intervals.student_quantile", lambda _: 3.0)
        [metric] = with_intervals([estimate])
    assert metric.low == pytest.approx(low, abs=1e-9)
    assert metric.high == (None if high is None else pytest.approx(high, abs=1e-9))


@pytest.mark.parametrize("degrees", [1, 1.3, 2, 4.6, 9, 57.5, 1023])
def test_students_quantile(degrees):
    assert student_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-9)


def test_a_mean_of_absolute_values_is_within_its_bound():
    """Whether the differences vary together or alone; the bound holds at least as often as 95 %."""
    for shared in (0.0, 0.7, 1.0):
        random = np.random.default_rng(int(10 * shared))
        held = 0
        for _ in range(300):
            noise = shared * random.normal(size=(60, 1)) + (1 - shared) * random.normal(
                size=(60, 12)
            )
            sums = noise.T
            without = (sums.sum(axis=1, keepdims=True) - sums) / 59
            differences = np.column_stack([sums.mean(axis=1), without])
            value, reach = AbsoluteMeans(differences).weighted(np.full(12, 1 / 12))
            held += value - reach <= 0.0
        assert held >= 277


def test_few_galaxies_of_an_answer_widen_the_interval_of_the_mean():
    def width(matrix: np.ndarray) -> float:
        halves = HalfMatrix.of(Confusion.of(matrix[..., np.newaxis]), np.zeros(2, np.intp))
        values = dict(halves.confusions().of_question())["balanced_accuracy"]
        N = int(matrix.sum())
        one = share([1.0] * (N + 1), [N] + [N - 1] * N)
        [metric] = with_intervals([one], {one.key: halves.effect(values)})
        assert metric.low is not None and metric.high is not None
        return metric.high - metric.low

    assert width(np.diag([98.0, 2.0])) > 4 * width(np.diag([50.0, 50.0]))


def test_intervals_of_shares_hold_them_and_have_a_width():
    found = metrics_of(simulated(300))
    shares = [
        one for one in found.values() if one.metric.startswith(SHARES) and one.low is not None
    ]
    assert len(shares) > 100
    for one in shares:
        assert 0.0 <= one.low <= one.value <= one.high <= 1.0
        assert one.low < one.high


@pytest.mark.parametrize("galaxies", [20, 74])
@pytest.mark.parametrize("right", [0.6, 0.94])
def test_intervals_of_shares_hold_the_truth_as_often_as_they_say(galaxies, right):
    random = np.random.default_rng(galaxies)
    cells = np.full((3, 3), (1 - right) / 6)
    np.fill_diagonal(cells, right / 3)
    truth = numbers_of(Confusion.of(cells[..., np.newaxis]))
    repeats, held = 300, dict.fromkeys(["accuracy", "balanced_accuracy", "precision_weighted"], 0)
    for _ in range(repeats):
        matrix = random.multinomial(galaxies, cells.ravel()).reshape(3, 3, 1).astype(np.float64)
        halves = HalfMatrix.of(Confusion.of(matrix), np.zeros(3, np.intp))
        point = numbers_of(Confusion.of(left_out(matrix[..., 0])))
        changed = numbers_of(halves.confusions())
        counts = np.append(galaxies, np.full(galaxies, galaxies - 1))
        for name in held:
            one = Estimate("bar", None, name, point[name], counts, Scale.SHARE)
            [metric] = with_intervals([one], {one.key: halves.effect(changed[name])})
            assert metric.low is not None and metric.high is not None
            held[name] += metric.low <= truth[name][0] <= metric.high
    for times in held.values():
        assert times / repeats > 0.92  # 0.95 less more than two standard errors
