"""Calibration: every number against plain numpy and scipy, and truths that simulations know."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.evaluations import evaluation_of, sums_of, uniforms
from zoocli.evaluating.tree.calibration_sums import EDGES, LEVELS, Calibration
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.products.simulation import dirichlet_multinomial
from zoocli.runs.options.rules import Rules
from zoocli.schema import Schema

TREE = Schema(
    {"shape": ["_smooth", "_disk", "_odd"], "bar": ["_yes", "_no"]},
    {"shape": None, "bar": "shape_disk"},
    "tree",
)
ONE = Schema({"shape": ["_smooth", "_disk", "_odd"]}, {"shape": None}, "one")


def galaxies_of(schema, concentrations, votes, seed=0):
    """Of concentrations (passes, answers, galaxies) and votes (answers, galaxies)."""
    total_votes = np.stack([votes[part].sum(axis=0) for part in schema.question_slices])
    hashes = np.random.default_rng(seed).integers(0, 2**63, votes.shape[1]).astype(np.uint64)
    losses = np.zeros(total_votes.shape)  # only whether they are NaN is looked at
    return VotedGalaxies(
        schema, concentrations, votes.astype(np.int64), total_votes, losses, hashes
    )


def simulated(galaxies=1500, passes=2, seed=1):
    """Galaxies of TREE with 0 to 60 votes; predictions that are near the truth."""
    random = np.random.default_rng(seed)
    truth = random.uniform(1, 30, (5, galaxies))
    everyone = random.integers(0, 60, galaxies)
    shape = dirichlet_multinomial(truth[:3], everyone, random)
    bar = dirichlet_multinomial(truth[3:], shape[1], random)
    noise = np.exp(0.3 * random.standard_normal((passes, 5, galaxies)))
    return galaxies_of(TREE, truth * noise, np.concatenate([shape, bar]), seed)


def drawn(galaxies, factor=1.0, votes=40, seed=0):
    """Galaxies of ONE with as many votes each, predicted by the true concentrations x factor."""
    random = np.random.default_rng(seed)
    truth = np.exp(random.uniform(0, np.log(10), (3, galaxies)))
    counts = dirichlet_multinomial(truth, np.full(galaxies, votes), random)
    return galaxies_of(ONE, factor * truth[None], counts, seed)


def metrics_of(sums, schema):
    """Every metric by question, answer and name."""
    return evaluation_of(sums, schema).by_name


def reference(galaxies, answer, chosen):
    """P(K < k), P(K <= k) and the deviation of k / n by scipy, for the chosen galaxies."""
    part = galaxies.schema.question_slices[galaxies.question_of[answer]]
    a = galaxies.concentrations[:, answer, chosen]
    total = galaxies.concentrations[:, part, :][..., chosen].sum(axis=1)
    k, n = galaxies.votes[answer, chosen], galaxies.votes[part][:, chosen].sum(axis=0)
    cdf = [stats.betabinom.cdf(value, n, a, total - a).mean(axis=0) for value in (k - 1, k)]
    variance = stats.betabinom.var(n, a, total - a) / n**2
    return *cdf, np.sqrt(variance.mean(axis=0) + (a / total).var(axis=0)), k / n


def transform(u, low, high):
    return np.clip((u - low) / (high - low), 0, 1)


@pytest.fixture(scope="module")
def batch():
    return simulated()


@pytest.fixture(scope="module")
def metrics(batch):
    return metrics_of(sums_of(batch), TREE)


PARTS = {"": (1, 10**6), ":votes-1-19": (1, 19), ":votes-20+": (20, 10**6)}


@pytest.mark.parametrize("suffix", PARTS)
@pytest.mark.parametrize("answer", range(5))
def test_every_number_is_that_of_scipy(batch, metrics, answer, suffix):
    question = TREE.questions[batch.question_of[answer]]
    n = batch.total_votes[batch.question_of[answer]]
    least, most = PARTS[suffix]
    chosen = (n >= least) & (n <= most)
    low, high, deviation, _ = reference(batch, answer, chosen)

    def found(metric):
        one = metrics[question.name, TREE.label_cols[answer], metric + suffix]
        assert chosen.sum() == one.N
        return one.value

    coverage = [
        np.mean(transform((1 + c) / 2, low, high) - transform((1 - c) / 2, low, high))
        for c in LEVELS
    ]
    names = [f"coverage_{level}" for level in (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)]
    assert [found(name) for name in names] == pytest.approx(coverage, rel=0, abs=1e-9)
    error = np.mean(np.abs(np.array(coverage) - LEVELS))
    assert found("calibration_error") == pytest.approx(error, rel=0, abs=1e-9)
    assert found("sharpness") == pytest.approx(deviation.mean(), rel=0, abs=1e-9)
    values = low + uniforms(batch.hashes, 0, answer)[chosen] * (high - low)
    test = stats.chisquare(np.histogram(values, 20, (0, 1))[0])
    assert found("uniformity_chi_square") == pytest.approx(test.statistic, rel=1e-9)
    assert found("uniformity_p") == pytest.approx(test.pvalue, rel=1e-9)


def test_levels_are_means_that_weigh_by_galaxies(batch, metrics):
    for metric in ("coverage_90", "calibration_error", "sharpness", "coverage_50:votes-20+"):
        answers = [
            metrics[question.name, answer.name, metric]
            for question in TREE.questions
            for answer in question.answers
        ]
        mean = np.average([one.value for one in answers], weights=[one.N for one in answers])
        assert metrics["overall", None, metric].value == pytest.approx(mean, rel=1e-12)
        assert metrics["campaign:tree", None, metric].value == pytest.approx(mean, rel=1e-12)
    voted = batch.total_votes > 0
    assert voted.any(axis=0).sum() == metrics["overall", None, "coverage_90"].N
    assert voted.any(axis=0).sum() == metrics["overall", None, "sharpness"].N
    assert voted[1].sum() == metrics["bar", None, "sharpness"].N
    many = batch.total_votes >= 20
    assert many.any(axis=0).sum() == metrics["overall", None, "sharpness:votes-20+"].N


def test_p_values_are_adjusted_over_all_answers(metrics):
    answers = [(q.name, a.name) for q in TREE.questions for a in q.answers]
    raw = sorted((metrics[*answer, "uniformity_p"].value, answer) for answer in answers)
    assert metrics[*raw[0][1], "uniformity_p_holm"].value == min(1, 5 * raw[0][0])
    adjusted = [metrics[*answer, "uniformity_p_holm"].value for answer in answers]
    assert metrics["overall", None, "uniformity_p_holm"].value == min(adjusted)
    assert ("overall", None, "uniformity_p") not in metrics


def test_the_histogram_is_the_mean_transform(batch):
    found = Calibration.of(sums_of(batch), [0, 1])
    edges = np.arange(21) / 20
    expected = []
    for answer in (0, 1):
        low, high, *_ = reference(batch, answer, batch.total_votes[0] > 0)
        expected.append(np.diff([transform(u, low, high).mean() for u in edges[1:-1]]))
    np.testing.assert_allclose(found.histogram[1:-1], 20 * np.mean(expected, axis=0), atol=1e-9)
    assert found.histogram.mean() == pytest.approx(1, rel=1e-14)
    assert len(EDGES) == 23 and np.all(np.diff(EDGES) > 0)
    np.testing.assert_allclose(EDGES + EDGES[::-1], 1, rtol=1e-15)


def test_the_reliability_curve_is_that_of_quantiles(batch):
    found = evaluation_of(sums_of(batch), TREE).reliability(slice(0, 1))
    *_, observed = reference(batch, 0, batch.total_votes[0] > 0)
    predicted = batch.predicted[0, batch.total_votes[0] > 0]
    assert found.galaxies.sum() == len(observed) and len(found.galaxies) == 20
    assert np.abs(found.galaxies - len(observed) / 20).max() < 0.02 * len(observed)
    bins = (predicted * 1000).astype(int)
    order = np.argsort(bins, kind="stable")
    for number, members in enumerate(np.split(order, np.cumsum(found.galaxies)[:-1])):
        difference = observed[members] - predicted[members]
        assert found.predicted[number] == pytest.approx(predicted[members].mean(), rel=1e-9)
        assert found.observed[number] == pytest.approx(observed[members].mean(), rel=1e-9)
        assert found.se[number] == pytest.approx(stats.sem(difference), rel=1e-6)


def test_a_reliability_curve_of_equal_predictions():
    concentrations = np.tile([[[3.0], [1.0], [4.0]]], 5)
    batch = galaxies_of(ONE, concentrations, np.tile([[1], [2], [3]], 5))
    curve = evaluation_of(sums_of(batch), ONE).reliability(slice(0, 1))
    assert (curve.predicted.tolist(), curve.galaxies.tolist()) == ([0.375], [5])
    assert curve.se[0] == pytest.approx(0, abs=1e-5)
    alone = evaluation_of(sums_of(batch.part(slice(0, 1))), ONE).reliability(slice(0, 1))
    assert np.isnan(alone.se).tolist() == [True]


def test_rules_and_invalid_predictions_leave_galaxies_out(batch):
    rules = Rules(min_votes=10)
    losses = np.where(np.arange(len(batch)) % 7 == 0, np.nan, batch.losses)
    concentrations = np.where(np.isnan(losses[0]), np.nan, batch.concentrations)
    marked = VotedGalaxies(
        TREE, concentrations, batch.votes, batch.total_votes, losses, batch.hashes
    )
    kept = (np.arange(len(batch)) % 7 != 0) & (batch.total_votes[0] >= 10)
    found = metrics_of(sums_of(marked, rules), TREE)["shape", "shape_disk", "coverage_90"]
    low, high, *_ = reference(batch, 1, kept)
    assert kept.sum() == found.N
    covered = transform(0.95, low, high) - transform(0.05, low, high)
    assert found.value == pytest.approx(covered.mean(), abs=1e-9)


def test_nothing_is_null(batch):
    nothing = sums_of(batch.part(slice(0, 0)))
    none = metrics_of(nothing, TREE)
    assert {one.value for one in none.values() if not one.metric.startswith("ties")} == {None}
    assert {one.N for one in none.values()} == {0}
    empty = Calibration.of(nothing, [0])
    assert empty.coverage is empty.histogram is None
    assert len(evaluation_of(nothing, TREE).reliability(slice(0, 1)).galaxies) == 0
    few = metrics_of(sums_of(batch.part(slice(0, 99))), TREE)
    assert few["shape", "shape_odd", "uniformity_p"].value is None
    assert few["overall", None, "uniformity_p_holm"].value is None
    assert few["overall", None, "sharpness"].value > 0


def test_the_seed_moves_no_sum_but_what_is_drawn(batch):
    one, other = sums_of(batch, seed=0), sums_of(batch, seed=1)
    for name, values in one.items():
        if name.startswith("buckets/"):
            same = np.allclose(values.sum(axis=0), other[name].sum(axis=0), rtol=1e-12)
        else:
            same = np.allclose(values, other[name], rtol=1e-12, atol=1e-12)
        assert same == (name not in ("histograms/randomised", "buckets/loss/drawn")), name


def test_an_error_interval_holds_its_estimate_and_the_truth():
    found = {factor: metrics_of(sums_of(drawn(3000, factor)), ONE) for factor in (1.0, 4.0)}
    true = found[1.0]["overall", None, "calibration_error"]
    assert true.low == 0.0 < true.value < true.high < 0.03
    sure = found[4.0]["overall", None, "calibration_error"]
    assert 0.05 < sure.low < sure.value < sure.high
    part = found[1.0]["overall", None, "calibration_error:votes-20+"]
    assert part.value == pytest.approx(true.value, rel=1e-9) and part.low == 0.0 < part.high


@pytest.mark.parametrize("answer", [None, *ONE.label_cols])
def test_coverage_at_40_votes(answer):
    """Nominal for the truth, low for one too sure of itself, high for one not sure enough."""

    def coverage(factor):
        found = metrics_of(sums_of(drawn(4000, factor, seed=11)), ONE)
        one = found["shape" if answer else "overall", answer, "coverage_90"]
        return one.value, (one.high - one.low) / 3.92

    value, se = coverage(1.0)
    assert 0 < se < 0.006 and abs(value - 0.9) < 3 * se
    assert coverage(4.0)[0] < 0.80
    assert coverage(0.25)[0] > 0.97


def test_the_uniformity_test_holds_its_level_and_finds_the_wrong():
    """The long form is benchmarks/validate_calibration.py."""
    p = [
        Calibration.of(sums_of(drawn(400, votes=25, seed=seed)), [answer]).uniformity[1]
        for seed in range(250)
        for answer in range(2)
    ]
    assert 0.03 <= np.mean(np.array(p) < 0.05) <= 0.07
    assert stats.kstest(p, "uniform").pvalue > 0.001
    for factor in (0.25, 4.0):
        sure = metrics_of(sums_of(drawn(2000, factor)), ONE)
        assert sure["overall", None, "uniformity_p_holm"].value < 1e-9
