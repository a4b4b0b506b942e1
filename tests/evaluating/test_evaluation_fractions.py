"""Vote-fraction errors of an evaluation against scikit-learn, scipy and exact enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from tests.evaluations import SMALL, both, galaxies_of, metrics_of, simulated, sums_of
from zoocli.evaluating.tree.fractions import OF_SEVERAL_VOTES, SCALES
from zoocli.runs.options.rules import Rules


def fractions_of(galaxies, answer):
    """The predicted and observed fractions and the votes of the galaxies with any."""
    question = next(q for q in galaxies.schema.questions if answer in q.answers)
    a = galaxies.concentrations[:, question.columns]
    votes = galaxies.votes[question.columns]
    voted = votes.sum(axis=0) > 0
    place = answer.index - question.columns.start
    p = (a[:, place] / a.sum(axis=1)).mean(axis=0)
    return (
        p[voted],
        (votes[place] / np.maximum(votes.sum(axis=0), 1))[voted],
        votes.sum(axis=0)[voted],
    )


@pytest.mark.parametrize(
    "galaxies",
    [simulated(passes=3), *both()],
)
def test_errors_against_scikit_learn(galaxies):
    metrics = metrics_of(galaxies)
    for question in galaxies.schema.questions:
        for answer in question.answers:
            p, o, n = fractions_of(galaxies, answer)
            found = {name: metrics[question.name, answer.name, name] for name in SCALES}
            for name, one in found.items():
                assert (np.sum(n >= 2) if name in OF_SEVERAL_VOTES else len(p)) == one.N
            assert found["bias"].value == pytest.approx((p - o).mean(), abs=1e-9)
            assert found["mae"].value == pytest.approx(sk.mean_absolute_error(o, p), abs=1e-9)
            rmse = sk.root_mean_squared_error(o, p)
            assert found["rmse"].value == pytest.approx(rmse, abs=1e-9)
            if np.ptp(o) > 0:
                assert found["r2"].value == pytest.approx(sk.r2_score(o, p), abs=1e-9)
                assert found["pearson"].value == pytest.approx(stats.pearsonr(p, o)[0], abs=1e-9)
            else:
                assert found["r2"].value is None and found["pearson"].value is None
            several = n >= 2
            p, o, n = p[several], o[several], n[several]
            noise = o * (1 - o) / (n - 1)
            excess = np.mean((p - o) ** 2) - noise.mean()
            assert found["noise_rmse"].value == pytest.approx(np.sqrt(noise.mean()), abs=1e-9)
            corrected = found["corrected_rmse"].value
            assert corrected == pytest.approx(np.sqrt(max(excess, 0)), abs=1e-9)
            volunteers = found["volunteers"].value
            if excess > 0 and noise.any():
                assert volunteers == pytest.approx(np.mean(n * noise) / excess, rel=1e-9)
            else:
                assert volunteers is None


def test_questions_and_levels_pool_their_answers():
    galaxies = simulated()
    metrics = metrics_of(galaxies)
    answers = {q.name: [fractions_of(galaxies, one) for one in q.answers] for q in SMALL.questions}
    answers["overall"] = [one for several in answers.values() for one in several]
    for name, several in answers.items():
        p, o, n = (np.concatenate(parts) for parts in zip(*several, strict=True))
        spread = sum(np.sum((o - o.mean()) ** 2) for _, o, _ in several)
        rmse = np.sqrt(np.mean((p - o) ** 2))
        assert metrics[name, None, "rmse"].value == pytest.approx(rmse, abs=1e-9)
        r2 = 1 - np.sum((p - o) ** 2) / spread
        assert metrics[name, None, "r2"].value == pytest.approx(r2, abs=1e-9)
        mae = np.mean([np.abs(p - o).mean() for p, o, _ in several])
        assert metrics[name, None, "mae"].value == pytest.approx(mae, abs=1e-9)
        pearson = np.mean([stats.pearsonr(p, o)[0] for p, o, _ in several])
        assert metrics[name, None, "pearson"].value == pytest.approx(pearson, abs=1e-9)
        p, o, n = (one[n >= 2] for one in (p, o, n))
        noise = o * (1 - o) / (n - 1)
        volunteers = np.sum(n * noise) / np.sum((p - o) ** 2 - noise)
        assert metrics[name, None, "volunteers"].value == pytest.approx(volunteers, rel=1e-9)
    assert ("overall", None, "bias") not in metrics


def test_bins_of_votes():
    galaxies = simulated()
    metrics = metrics_of(galaxies)
    answer = SMALL.questions[1].answers[0]
    p, o, n = fractions_of(galaxies, answer)
    seen = 0
    for name, low, high in (("1-4", 1, 4), ("5-9", 5, 9), ("10-19", 10, 19), ("40+", 40, 999)):
        chosen = (n >= low) & (n <= high)
        found = metrics["bar", answer.name, f"rmse:votes-{name}"]
        assert chosen.sum() == found.N
        seen += found.N
        if found.N:
            assert found.value == pytest.approx(sk.root_mean_squared_error(o[chosen], p[chosen]))
        else:
            assert found.value is None
    assert seen + metrics["bar", answer.name, "rmse:votes-20-39"].N == len(p)


def beta_binomial_mixture(a, n):
    """The probabilities of 0..n votes for the first answer, of an equal mixture of passes."""
    return np.mean([stats.betabinom.pmf(np.arange(n + 1), n, *x) for x in a], axis=0)


@pytest.mark.parametrize("passes", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 7, 60])
def test_the_noise_is_the_spread_of_the_predicted_distribution(passes, n):
    random = np.random.default_rng(passes * n)
    a = 0.2 + 20 * random.random((passes, 2))
    probabilities = beta_binomial_mixture(a, n)
    fractions_possible = np.arange(n + 1) / n
    mean = (probabilities * fractions_possible).sum()
    variance = (probabilities * (fractions_possible - mean) ** 2).sum()
    concentrations = np.ones((passes, 7, 1))
    concentrations[:, 3:5, 0] = a
    votes = np.zeros((7, 1))
    votes[3] = n
    galaxies = galaxies_of(SMALL, concentrations, votes)
    noise = sums_of(galaxies)["buckets/fractions/predicted_noise"].sum(axis=0)
    assert noise[3] == pytest.approx(variance, abs=1e-12)
    assert galaxies.predicted[3, 0] == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize("passes", [1, 3])
def test_a_calibrated_prediction_has_the_rmse_of_noise_alone(passes):
    random = np.random.default_rng(8)
    galaxies = 12_000
    a = 1 + 20 * random.random((passes, 7, galaxies))
    drawn = a[random.integers(passes, size=galaxies), 3:5, np.arange(galaxies)]
    n = random.integers(1, 30, galaxies)
    votes = np.zeros((7, galaxies))
    votes[3] = random.binomial(n, random.beta(drawn[:, 0], drawn[:, 1]))
    votes[4] = n - votes[3]
    metrics = metrics_of(galaxies_of(SMALL, a, votes))
    ratio = metrics["bar", "bar_yes", "dispersion"]
    half = (ratio.high - ratio.low) / 2
    assert abs(ratio.value - 1) < 2 * half < 0.06


@pytest.mark.parametrize("m", [8, 34.2])
def test_the_volunteers_that_a_prediction_is_worth_are_recovered(m):
    """Predictions that are m volunteers' mean: a whole number of them, and 0.2 of one more."""
    random = np.random.default_rng(int(m))
    galaxies = 60_000
    truth = random.beta(2, 3, galaxies)
    more = random.random(galaxies) < m % 1
    volunteers = int(m) + more
    # The mean over galaxies of q (1 - q) / volunteers is that of 1 / m.
    worth = 1 / np.mean(1 / volunteers)
    p = (random.binomial(volunteers, truth) / volunteers).clip(1e-6, 1 - 1e-6)
    n = random.integers(2, 40, galaxies)
    votes = np.zeros((7, galaxies))
    votes[3] = random.binomial(n, truth)
    votes[4] = n - votes[3]
    concentrations = np.ones((1, 7, galaxies))
    concentrations[0, 3:5] = 50 * np.stack([p, 1 - p])
    found = metrics_of(galaxies_of(SMALL, concentrations, votes))["bar", "bar_yes", "volunteers"]
    assert found.value == pytest.approx(worth, rel=0.04)
    assert found.low < worth < found.high


def test_a_climatology_is_worth_few_volunteers():
    random = np.random.default_rng(6)
    n = random.integers(2, 40, 5000)
    votes = np.zeros((7, 5000))
    votes[3] = random.binomial(n, random.beta(2, 3, 5000))
    votes[4] = n - votes[3]
    concentrations = np.ones((1, 7, 5000))
    concentrations[0, 3:5] = [[2], [3]]
    found = metrics_of(galaxies_of(SMALL, concentrations, votes))
    assert found["bar", "bar_yes", "volunteers"].value == pytest.approx(5, rel=0.1)
    assert found["bar", "bar_yes", "dispersion"].value == pytest.approx(1, abs=0.02)


def test_the_truth_is_worth_more_volunteers_than_can_be_told():
    random = np.random.default_rng(7)
    truth = random.beta(2, 3, 400)
    n = random.integers(2, 40, 400)
    votes = np.zeros((7, 400))
    votes[3] = random.binomial(n, truth)
    votes[4] = n - votes[3]
    concentrations = np.ones((1, 7, 400))
    concentrations[0, 3:5] = 1e4 * np.stack([truth, 1 - truth])
    found = metrics_of(galaxies_of(SMALL, concentrations, votes))["bar", "bar_yes", "volunteers"]
    assert found.low > 50 and found.high is None


def test_the_density_counts_every_galaxy_once():
    galaxies = simulated()
    density = sums_of(galaxies)["histograms/density"]
    p, o, _ = fractions_of(galaxies, SMALL.questions[0].answers[1])
    expected, _, _ = np.histogram2d(p, o, bins=np.arange(51) / 50)
    assert density.shape == (7, 50, 50)
    # A fraction on an edge may round into the bin beside it.
    assert np.abs(density[1] - expected).sum() < 0.01 * len(p)
    assert density[1].sum() == len(p)


def test_constants_have_no_correlation():
    votes = np.tile([[1], [2], [7], [3], [1], [0], [0]], 50)
    metrics = metrics_of(galaxies_of(SMALL, np.full((1, 7, 50), 3.0), votes))
    for metric in ("r2", "pearson"):
        assert metrics["shape", "shape_disk", metric].value is None
        assert metrics["shape", None, metric].value is None
    assert metrics["bar", "bar_yes", "bias"].value == pytest.approx(-0.25)


def test_nobody_counts():
    galaxies = simulated(300)
    metrics = metrics_of(galaxies, Rules(min_votes=10_000))
    for metric in (*SCALES, "precision", "recall", "f1"):
        found = metrics["shape", "shape_disk", metric]
        assert (found.value, found.low, found.high, found.N) == (None, None, None, 0)
    for metric in ("rmse", "accuracy", "balanced_accuracy", "f1_macro", "recall_weighted"):
        found = metrics["overall", None, metric]
        assert (found.value, found.low, found.high, found.N) == (None, None, None, 0)
    assert metrics["overall", None, "loss"].value is not None


def test_the_reliability_error_is_the_distance_without_noise():
    galaxies = simulated(galaxies=20_000, blur=0.0)
    metrics = metrics_of(galaxies)
    question = galaxies.schema.questions[0]
    for answer in question.answers:
        found = metrics[question.name, answer.name, "reliability_error"]
        p, o, _ = fractions_of(galaxies, answer)
        assert len(p) == found.N and found.low is None
        group = np.searchsorted(np.quantile(p, np.linspace(0, 1, 21)[1:-1]), p)
        excess = 0.0
        for number in range(20):
            d = (o - p)[group == number]
            excess += len(d) / len(p) * (d.mean() ** 2 - d.var(ddof=1) / len(d))
        # The groups here are cut at the quantiles themselves, not at the bins nearest to them.
        assert found.value == pytest.approx(np.sqrt(max(excess, 0)), abs=3e-3)
        assert found.value < 0.01
    a = galaxies.concentrations.copy()
    total = a[:, question.columns].sum(axis=1)
    a[:, 0] = np.clip(a[:, 0] + 0.1 * total, None, None)  # p of the first answer is off
    wrong = galaxies_of(galaxies.schema, a, galaxies.votes)
    p, o, _ = fractions_of(wrong, question.answers[0])
    found = metrics_of(wrong)[question.name, question.answers[0].name, "reliability_error"].value
    assert found == pytest.approx((p - o).mean(), rel=0.2) and found > 0.04
