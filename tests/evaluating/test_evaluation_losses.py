"""Losses of an evaluation against scipy: the climatology's fit above all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpmath import log, loggamma, mpf, workdps
from scipy import optimize, stats
from scipy.special import digamma, gammaln

from tests.evaluations import (
    SMALL,
    both,
    evaluation_of,
    galaxies_of,
    metrics_of,
    simulated,
    sums_of,
)
from zoocli.evaluating.tree import climatology, factorials, histograms
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.runs.options.rules import Rules
from zoocli.runs.provenance import Provenance


def likelihood(a: np.ndarray, votes: np.ndarray) -> float:
    """Of one Dirichlet for all galaxies, by the formula; `votes` (answers, galaxies)."""
    a, n = a[:, np.newaxis], votes.sum(axis=0)
    per_galaxy = gammaln(n + 1) + gammaln(a.sum()) - gammaln(n + a.sum())
    per_answer = gammaln(votes + a) - gammaln(a) - gammaln(votes + 1)
    return float(per_galaxy.sum() + per_answer.sum())


def best_likelihood(votes: np.ndarray) -> float:
    """The highest that scipy finds, over the answers that anybody gave."""
    votes = votes[votes.sum(axis=1) > 0]
    start = np.zeros(len(votes))
    n, galaxies = votes.sum(axis=0), votes.shape[1]

    def slope(logs: np.ndarray) -> np.ndarray:
        a = np.exp(logs)
        shared = (digamma(a.sum()) - digamma(n + a.sum())).sum()
        own = (digamma(votes + a[:, np.newaxis]) - digamma(a)[:, np.newaxis]).sum(axis=1)
        return -a * (own + shared) / galaxies

    found = optimize.minimize(
        lambda logs: -likelihood(np.exp(logs), votes) / galaxies, start, jac=slope, tol=1e-10
    )
    return -float(found.fun) * galaxies


def climatologies(galaxies: VotedGalaxies) -> list[climatology.Climatology | None]:
    return climatology.fit(climatology.collect(galaxies), galaxies.schema)


@pytest.mark.parametrize("galaxies", both(), ids=lambda galaxies: galaxies.schema.name)
def test_the_climatology_is_the_best_dirichlet(galaxies):
    for question, found in zip(galaxies.schema.questions, climatologies(galaxies), strict=True):
        votes = galaxies.votes[question.columns]
        votes = votes[:, votes.sum(axis=0) > 0]
        if votes.shape[1] < 30:
            assert found is None
            continue
        assert found.galaxies == votes.shape[1]
        assert found.loss / found.galaxies == pytest.approx(
            -best_likelihood(votes) / votes.shape[1], abs=1e-9
        )


def fitted(votes: np.ndarray) -> climatology.Climatology:
    """The fit to votes of the question with three answers."""
    rows = np.zeros((7, votes.shape[1]))
    rows[:3] = votes
    found = climatologies(galaxies_of(SMALL, np.ones((1, *rows.shape)), rows))[0]
    assert found is not None
    return found


def test_votes_that_scatter_too_little_are_multinomial():
    votes = np.tile([[6], [3], [1]], 50)
    found = fitted(votes)
    expected = -stats.multinomial.logpmf([6, 3, 1], 10, [0.6, 0.3, 0.1])
    assert found.loss / 50 == pytest.approx(expected, abs=1e-9)
    assert found.concentrations.sum() == pytest.approx(climatology.MULTINOMIAL)


def test_single_votes_are_multinomial():
    votes = np.eye(3)[:, np.repeat([0, 1, 2], [30, 20, 10])]
    expected = stats.entropy([3, 2, 1])
    assert fitted(votes).loss / 60 == pytest.approx(expected, abs=1e-9)


def test_unanimous_galaxies_cost_the_choice_of_their_answer():
    votes = 8 * np.eye(3)[:, np.repeat([0, 1, 2], [30, 20, 10])]
    assert fitted(votes).loss / 60 == pytest.approx(stats.entropy([3, 2, 1]), abs=1e-9)


def test_an_answer_that_nobody_gives_is_left_out():
    random = np.random.default_rng(2)
    votes = np.zeros((3, 200))
    votes[0] = random.binomial(12, random.beta(2, 3, 200))
    votes[2] = 12 - votes[0]
    found = fitted(votes)
    assert found.concentrations[1] == 0
    assert -found.loss == pytest.approx(best_likelihood(votes), abs=1e-8)


def test_one_answer_alone_costs_nothing():
    assert fitted(np.tile([[5], [0], [0]], 40)).loss == pytest.approx(0.0, abs=1e-12)


def test_there_is_no_climatology_below_thirty_galaxies():
    few = simulated().part(slice(0, 29))
    assert climatologies(few)[0] is None
    metrics = metrics_of(few)
    for metric in ("gain", "deviance_explained"):
        assert metrics["shape", None, metric].value is None
        assert metrics["overall", None, metric].value is None
    assert metrics["shape", None, "deviance"].value is not None


@pytest.mark.parametrize("galaxies", both(), ids=lambda galaxies: galaxies.schema.name)
def test_losses_against_numpy(galaxies):
    metrics = metrics_of(galaxies)
    fits = climatologies(galaxies)
    for position, question in enumerate(galaxies.schema.questions):
        votes = galaxies.votes[question.columns]
        n = votes.sum(axis=0)
        voted = n > 0
        loss = galaxies.losses[position]
        floor = -stats.multinomial.logpmf(
            votes[:, voted].T, n[voted], (votes[:, voted] / n[voted]).T
        )
        found = {
            metric: metrics[question.name, None, metric].value
            for metric in ("loss", "loss_all", "se", "deviance", "gain", "deviance_explained")
        }
        assert found["loss"] == pytest.approx(loss[voted].mean(), rel=1e-12)
        assert found["loss_all"] == pytest.approx(loss.mean(), rel=1e-12)
        assert found["se"] == pytest.approx(stats.sem(loss[voted]), rel=1e-9)
        assert found["deviance"] == pytest.approx(2 * (loss[voted] - floor).mean(), abs=1e-9)
        assert np.count_nonzero(voted) == metrics[question.name, None, "loss"].N
        climate = fits[position].loss / voted.sum()
        optimism = len(question.answers) / (2 * voted.sum())
        gain = climate + optimism - loss[voted].mean()
        assert found["gain"] == pytest.approx(gain, abs=1e-9)
        if climate == floor.mean():  # real votes have a question that all answer alike
            assert found["deviance_explained"] is None
            continue
        explained = (climate - loss[voted].mean()) / (climate - floor.mean())
        assert found["deviance_explained"] == pytest.approx(explained, abs=1e-9)


def _as_drawn(galaxies: VotedGalaxies, seed: int) -> VotedGalaxies:
    """The same predictions, with votes that are drawn from them."""
    random = np.random.default_rng(seed)
    votes = np.zeros_like(galaxies.votes)
    for question, n in zip(galaxies.schema.questions, galaxies.total_votes, strict=True):
        a = galaxies.concentrations[:, question.columns]
        chosen = a[random.integers(len(a), size=a.shape[2]), :, np.arange(a.shape[2])]
        for row, (one, count) in enumerate(zip(chosen, n, strict=True)):
            votes[question.columns, row] = random.multinomial(count, random.dirichlet(one))
    return galaxies_of(galaxies.schema, galaxies.concentrations, votes)


@pytest.mark.parametrize("passes", [1, 3])
def test_true_predictions_reach_their_ceiling(passes):
    found = metrics_of(_as_drawn(simulated(passes=passes), 1))
    for name in ("overall", "shape", "bar"):
        explained, ceiling = (found[name, None, one] for one in ("deviance_explained", "ceiling"))
        assert explained.low < ceiling.value < explained.high
        excess = found[name, None, "excess_loss"]
        assert excess.low < 0 < excess.high and excess.high - excess.low < 0.4


def test_predictions_too_sure_of_themselves_stay_below_their_ceiling():
    galaxies = simulated()
    sure = galaxies_of(SMALL, 8 * galaxies.concentrations, galaxies.votes)
    found = metrics_of(sure)
    assert found["shape", None, "excess_loss"].low > 0
    assert found["shape", None, "deviance_explained"].high < found["shape", None, "ceiling"].low


def test_the_drawn_votes_are_those_of_the_prediction():
    """Their mean loss is the entropy of the Beta-binomial, by enumeration."""
    galaxies, n, a = 40_000, 9, np.array([2.0, 5.0])
    concentrations = np.ones((1, 7, galaxies))
    concentrations[0, 3:5] = a[:, np.newaxis]
    votes = np.zeros((7, galaxies))
    votes[3] = n
    sums = sums_of(galaxies_of(SMALL, concentrations, votes))
    pmf = stats.betabinom.pmf(np.arange(n + 1), n, *a)
    drawn = sums["buckets/loss/drawn"].sum(axis=0)[-2] / galaxies
    spread = np.sqrt(np.sum(pmf * np.log(pmf) ** 2) - stats.entropy(pmf) ** 2)
    assert drawn == pytest.approx(stats.entropy(pmf), abs=4 * spread / np.sqrt(galaxies))


def test_the_levels_add_up():
    galaxies = simulated()
    metrics = metrics_of(galaxies)
    counts = {level: metrics[level, None, "loss"].N for level in ("overall", "shape", "bar")}
    assert counts["overall"] == counts["shape"] > counts["bar"]
    for metric in ("loss", "gain", "deviance"):
        total = sum(
            metrics[question, None, metric].value * metrics[question, None, metric].N
            for question in ("shape", "bar", "arms")
        )
        assert metrics["overall", None, metric].value * counts["overall"] == pytest.approx(total)
        assert (
            metrics["campaign:small", None, metric]
            == metrics_of(galaxies)["campaign:small", None, metric]
        )


def test_an_invalid_prediction_leaves_its_question_and_the_overall_loss():
    galaxies = simulated()
    losses_with_null = galaxies.losses.copy()
    losses_with_null[0, :10] = np.nan
    voted = galaxies.total_votes[0] > 0
    changed = VotedGalaxies(
        galaxies.schema,
        galaxies.concentrations,
        galaxies.votes,
        galaxies.total_votes,
        losses_with_null,
        galaxies.hashes,
    )
    metrics = metrics_of(changed)
    assert voted[10:].sum() == metrics["shape", None, "loss"].N
    assert len(galaxies) - 10 == metrics["overall", None, "loss_all"].N
    assert voted[10:].sum() == metrics["shape", "shape_disk", "rmse"].N
    assert metrics["bar", None, "loss"] == metrics_of(galaxies)["bar", None, "loss"]


@pytest.mark.parametrize("count", [0, 1, 2, 9, 10, 11, 200, 10_000, 2**31])
def test_factorial_excess(count):
    k = float(count)
    # ln k! - k ln k + k cancels in floats, so that large counts are compared with 1e-6.
    expected = gammaln(k + 1) - (k * np.log(k) if k else 0.0) + k
    found = factorials.factorial_excess(np.array([count]))[0]
    assert found == pytest.approx(expected, abs=1e-12 if count < 1000 else 1e-5)


@pytest.mark.parametrize("a", [1e-3, 1.0, 7.5, 1e4])
def test_rising_factorials_of_many_votes(a):
    counts = np.array([0, 1, 8191, 8192, 8193, 50_000, 2**31 - 1])
    for count, found in zip(counts, factorials.log_rising_ratio(a, counts), strict=True):
        with workdps(40):
            exact = loggamma(mpf(a) + int(count)) - loggamma(a)
            exact -= loggamma(int(count) + 1)
        assert found == pytest.approx(float(exact), rel=1e-11, abs=1e-9)


def test_the_saturated_loss_of_many_votes():
    votes = np.array([[2_000_000_000], [100_000_000], [1]])
    galaxies = galaxies_of(SMALL, np.ones((1, 7, 1)), np.vstack([votes, np.zeros((4, 1))]))
    n = votes.sum()
    with workdps(40):
        exact = -loggamma(mpf(int(n)) + 1)
        for k in map(int, votes[:, 0]):
            exact += loggamma(mpf(k) + 1) - k * log(mpf(k) / int(n))
    sums = sums_of(galaxies, Rules(min_root_votes=2**31))  # nobody counts, which takes no time
    found = sums["buckets/loss/saturated"].sum(axis=0)[0]
    assert found == pytest.approx(float(exact), abs=1e-9)


def test_histograms_keep_every_number_below_8192_and_the_sums_above():
    numbers = np.array([[0, 1, 1, 8191, 8192, 8193, 2**31 - 1]])
    found = histograms.histograms("x", numbers)
    values, counts = histograms.occupied("x", found, 0)
    assert values.tolist() == [1, 8191, 8192.5, 2**31 - 1]
    assert counts.tolist() == [2, 1, 2, 1]
    assert sum(page.size for page in found.values()) < 2000


def test_the_climatology_of_many_votes():
    random = np.random.default_rng(4)
    shares = random.dirichlet([2.0, 3.0, 1.0], 300)
    votes = np.array([random.multinomial(50_000, share) for share in shares]).T
    found = fitted(votes)
    assert found.loss / 300 == pytest.approx(-best_likelihood(votes) / 300, abs=2e-7)
    assert found.concentrations == pytest.approx([2, 3, 1], rel=0.2)


def test_another_loss_has_no_numbers_that_assume_the_dirichlet():
    sums = sums_of(simulated(200))
    dirichlet = evaluation_of(sums, SMALL)
    made = Provenance(loss="my-loss", schema="small", settings={})
    other = replace(dirichlet, provenance=made)
    assert "no Dirichlet-multinomial likelihood" in other.doubts[0]
    for one in other.metrics:
        expected = dirichlet.by_name[one.key]
        if one.metric.partition(":")[0] in ("loss", "mae", "rmse", "volunteers", "accuracy"):
            assert one == expected
        if one.metric in ("gain", "ceiling", "dispersion", "coverage_90", "uniformity_p"):
            assert one.value is one.low is one.high is None and one.N == expected.N
