"""Sums by bucket: the same bits for any batches and threads, and the fused loop against numpy."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from tests.evaluations import (
    SMALL,
    evaluation_of,
    galaxies_of,
    needs_real_votes,
    real,
    simulated,
    sums_of,
)
from zoocli.evaluating.additive import added
from zoocli.evaluating.buckets import (
    BUCKETS,
    Addend,
    Binned,
    BucketSums,
    buckets_of,
    leave_one_out,
)
from zoocli.evaluating.tree import climatology
from zoocli.evaluating.tree.calibration_sums import LEVELS
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.levels import levels
from zoocli.foundation.kernels.tree_features import VOTE_BINS
from zoocli.runs.options.rules import Rules

KNOWN = np.array([3.0, 2.0, 0.5, 1.5, 2.5, 1.0, 1.0])


def chosen(galaxies: VotedGalaxies, rows: np.ndarray) -> VotedGalaxies:
    """The galaxies at these rows, in this order."""
    return galaxies.part(rows)


def test_buckets_are_equally_likely_and_move_with_the_seed():
    hashes = np.random.default_rng(0).integers(0, 2**63, 50_000, dtype=np.uint64)
    buckets = buckets_of(hashes, 0)
    counts = np.bincount(buckets, minlength=BUCKETS)
    assert len(counts) == BUCKETS and stats.chisquare(counts).pvalue > 1e-3
    other = buckets_of(hashes, 1)
    assert stats.pearsonr(buckets, other).pvalue > 1e-3


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("batches", [1, 7, 700, 10_000])
def test_batches_and_threads_change_no_bit(threads, batches):
    galaxies = simulated().part(slice(0, 60)) if batches == 1 else simulated()
    whole = sums_of(galaxies, known=KNOWN)
    other = sums_of(galaxies, known=KNOWN, threads=threads, batches=batches)
    assert other.keys() == whole.keys()
    for name, values in whole.items():
        assert np.array_equal(other[name], values), name


def test_order_and_parts_change_nothing_but_the_last_digits():
    galaxies = simulated(passes=2)
    order = np.random.default_rng(1).permutation(len(galaxies))
    cuts = [0, 1, 300, 301, len(galaxies)]
    shuffled = chosen(galaxies, order)
    parts = added(sums_of(shuffled.part(slice(*cut)), known=KNOWN) for cut in pairwise(cuts))
    whole = sums_of(galaxies, known=KNOWN)
    assert parts.keys() == whole.keys()
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-12, atol=1e-12, err_msg=name)
    ours, theirs = evaluation_of(whole, SMALL).metrics, evaluation_of(parts, SMALL).metrics
    for one, another in zip(ours, theirs, strict=True):
        assert (one.key, one.N) == (another.key, another.N)
        for end in ("value", "low", "high"):
            value = getattr(one, end)
            assert getattr(another, end) == (
                None if value is None else pytest.approx(value, rel=1e-8, abs=1e-9)
            ), (one, another)


def test_without_a_bucket_is_without_its_galaxies():
    galaxies = simulated().part(slice(0, 500))
    sums = sums_of(galaxies, known=KNOWN)
    without = leave_one_out(sums)
    buckets = buckets_of(galaxies.hashes, 0)
    for bucket in np.unique(buckets)[[0, 7, -1]]:
        rest = leave_one_out(sums_of(chosen(galaxies, buckets != bucket), known=KNOWN))
        for name, values in without.items():
            place = 1 + (bucket if values.shape[-1] == 1 + BUCKETS else bucket // 4)
            if values.shape[-1] == 1 + BUCKETS:
                np.testing.assert_allclose(
                    values[..., place], rest[name][..., 0], rtol=1e-9, atol=1e-9, err_msg=name
                )
    coarse = [name for name, values in without.items() if values.shape[-1] == 1 + BUCKETS // 4]
    assert coarse and all(np.all(without[name][..., :1] >= without[name]) for name in coarse)


def test_features_and_bins_are_added_to_their_buckets():
    buckets = np.array([5, 0, 5, 9])
    values = np.array([[1.0, 2.0, 4.0, 8.0]])
    binned = Binned(np.array([1, 0, 1]), np.array([1.0, 2.0, 4.0]), 3, np.array([0, 1, 2]))
    total = BucketSums()
    addend = Addend(buckets, {"x": values, "y": binned}, {"plain": np.array([3])})
    total.add(addend)
    total.add(addend)
    sums = total.arrays()
    assert sums["buckets/x"][[0, 5, 9], 0].tolist() == [4.0, 10.0, 16.0]
    assert sums["buckets/y"][0].tolist() == [4.0, 0.0, 0.0]
    assert sums["buckets/y"][1].tolist() == [0.0, 10.0, 0.0]
    assert sums["plain"].tolist() == [6]


def _by_numpy(galaxies: VotedGalaxies, rules: Rules) -> dict[str, np.ndarray]:
    """Every feature (galaxies, rows), by its formula."""
    counted = galaxies.counted(rules)
    question_of, n = galaxies.question_of, galaxies.total_votes
    mask, several = counted[question_of], (counted & (n >= 2))[question_of]
    a = galaxies.concentrations
    starts = [part.start for part in galaxies.schema.question_slices]
    total = np.add.reduceat(a, starts, axis=1)[:, question_of]
    pass_p = a / total
    p = pass_p.mean(axis=0)
    votes, of_n = galaxies.votes, np.maximum(n, 1)[question_of]
    o = votes / of_n
    variance = (pass_p * (1 - pass_p) * (total + of_n) / (of_n * (total + 1))).mean(axis=0)
    variance = variance + pass_p.var(axis=0)
    below, up_to = (
        stats.betabinom.cdf(votes - one, of_n, a, total - a).mean(axis=0) for one in (1, 0)
    )

    def transform(u):
        return np.clip((u - below) / np.maximum(up_to - below, 1e-300), 0, 1)

    covered = np.stack([transform((1 + c) / 2) - transform((1 - c) / 2) for c in LEVELS], axis=1)
    noise = o * (1 - o) / np.maximum(of_n - 1, 1)
    members = list(levels(galaxies.schema).values())
    losses = np.stack([galaxies.losses[list(at)].sum(axis=0) for at in members])
    level_votes = np.stack([n[list(at)].sum(axis=0) for at in members])
    voted = (level_votes > 0) & ~np.isnan(losses)
    confident = counted & (np.maximum.reduceat(o, starts, axis=0) > rules.confident)
    fixed = np.stack(
        [
            -stats.dirichlet_multinomial.logpmf(votes[part].T, KNOWN[part], votes[part].sum(axis=0))
            for part in galaxies.schema.question_slices
        ]
    )
    return {
        "loss/sum": np.where(voted, losses, 0),
        "loss/squares": np.where(voted, losses**2, 0),
        "loss/galaxies": voted,
        "loss/galaxies_all": ~np.isnan(losses),
        "loss/reference": np.where(galaxies.voted, fixed, 0),
        "counted/levels": np.stack([counted[list(at)].any(axis=0) for at in members]),
        "confident/levels": np.stack([confident[list(at)].any(axis=0) for at in members]),
        "fractions/galaxies": counted,
        "fractions/predicted": np.where(mask, p, 0),
        "fractions/observed": np.where(mask, o, 0),
        "fractions/predicted_squares": np.where(mask, p**2, 0),
        "fractions/observed_squares": np.where(mask, o**2, 0),
        "fractions/error_squares": np.where(mask, (p - o) ** 2, 0),
        "fractions/absolute_errors": np.where(mask, np.abs(p - o), 0),
        "fractions/predicted_noise": np.where(mask, variance, 0),
        "fractions/several": counted & (n >= 2),
        "fractions/noise": np.where(several, noise, 0),
        "fractions/vote_noise": np.where(several, of_n * noise, 0),
        "fractions/several_error_squares": np.where(several, (p - o) ** 2, 0),
        "by_many/calibration/covered": np.where(mask[:, None], covered, 0).reshape(
            -1, len(galaxies)
        ),
        "by_many/calibration/deviation": np.where(mask, np.sqrt(variance), 0),
    }


@pytest.mark.parametrize("passes", [1, 3])
@pytest.mark.parametrize("rules", [Rules(), Rules(min_votes=5, min_share_asked=0.3)])
def test_the_fused_loop_is_the_formulas(passes, rules):
    galaxies = simulated(600, passes=passes)
    losses = galaxies.losses.copy()
    losses[1, ::9] = np.nan
    galaxies = VotedGalaxies(
        SMALL,
        galaxies.concentrations,
        galaxies.votes,
        galaxies.total_votes,
        losses,
        galaxies.hashes,
    )
    sums = sums_of(galaxies, rules, known=KNOWN)
    buckets, n = buckets_of(galaxies.hashes, 0), galaxies.total_votes
    bins = np.digitize(n, VOTE_BINS) - 1
    many = n >= 20
    for name, values in _by_numpy(galaxies, rules).items():
        if name.startswith("by_many"):
            at = many[np.repeat(galaxies.question_of, len(values) // len(galaxies.votes))]
            for stratum in (0, 1):
                expected = np.zeros((BUCKETS // 4, len(values)))
                np.add.at(expected, buckets // 4, np.where(at == stratum, values, 0.0).T)
                found = sums[f"buckets/{name}"][:, stratum]
                np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11, err_msg=name)
            continue
        expected = np.zeros((BUCKETS, len(values)))
        np.add.at(expected, buckets, values.T.astype(float))
        np.testing.assert_allclose(
            sums[f"buckets/{name}"], expected, rtol=1e-9, atol=1e-12, err_msg=name
        )
        short = name.removeprefix("fractions/")
        if short == name:
            continue
        at = bins if len(values) == len(n) else bins[galaxies.question_of]
        for number in range(len(VOTE_BINS)):
            expected = np.zeros((BUCKETS // 4, len(values)))
            np.add.at(expected, buckets // 4, np.where(at == number, values, 0.0).T)
            found = sums[f"buckets/by_votes/{short}"][:, number]
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=name)


def test_the_gain_is_that_of_the_fit_whatever_the_reference():
    galaxies = simulated()
    expected = evaluation_of(sums_of(galaxies), SMALL).by_name
    found = evaluation_of(sums_of(galaxies, known=np.ones(7)), SMALL).by_name
    for question in ("overall", "shape", "bar"):
        for metric in ("gain", "deviance_explained"):
            one, other = found[question, None, metric], expected[question, None, metric]
            assert one.value == pytest.approx(other.value, abs=1e-9)
            assert one.low < one.value < one.high


def test_the_interval_of_a_mean_is_students():
    """With a bucket for nearly every galaxy; the factor is N / (N - 1)."""
    galaxies = simulated().part(slice(0, 30))
    assert len(set(buckets_of(galaxies.hashes, 0))) == 30
    found = evaluation_of(sums_of(galaxies), SMALL).by_name["shape", "shape_disk", "bias"]
    voted = galaxies.total_votes[0] > 0
    p = galaxies.predicted[1, voted]
    errors = p - galaxies.votes[1, voted] / galaxies.total_votes[0, voted]
    N = len(errors)
    se = errors.std(ddof=1) / np.sqrt(N) * N / (N - 1)
    half = (found.high - found.low) / 2
    assert (found.high + found.low) / 2 == pytest.approx(found.value, abs=1e-12)
    d = errors - errors.mean()
    degrees = 2 / (np.sum(d**4) / np.sum(d**2) ** 2 - 1 / N)
    assert half == pytest.approx(stats.t.ppf(0.975, min(degrees, N - 1)) * se, rel=1e-9)


def test_few_galaxies_have_numbers_but_no_intervals():
    metrics = evaluation_of(sums_of(simulated().part(slice(0, 4))), SMALL).by_name
    loss = metrics["shape", None, "loss"]
    assert loss.value is not None and (loss.low, loss.high, loss.N) == (None, None, 4)
    assert {one.low for one in metrics.values()} == {None}
    five = evaluation_of(sums_of(simulated().part(slice(0, 5))), SMALL).by_name
    assert five["shape", None, "loss"].low is not None


def test_intervals_cover_the_truth():
    """Of 100 samples, 95 % intervals hold the numbers of all in at least 88 (p < 0.002)."""
    everything = simulated(20_000)
    names = [
        ("shape", None, "loss"),
        ("bar", "bar_yes", "rmse"),
        ("bar", "bar_yes", "volunteers"),
        ("bar", "bar_yes", "roc_auc"),
        ("shape", None, "gain"),
        ("shape", None, "coverage_90"),
        ("arms", "arms_1", "rmse:votes-1-4"),
    ]
    truth = evaluation_of(sums_of(everything, known=KNOWN), SMALL).by_name
    covered = dict.fromkeys(names, 0)
    for first in range(0, len(everything), 200):
        part = everything.part(slice(first, first + 200))
        found = evaluation_of(sums_of(part, known=KNOWN), SMALL).by_name
        for name in names:
            one = found[name]
            high = np.inf if one.high is None else one.high
            covered[name] += one.low <= truth[name].value <= high
    assert all(count >= 88 for count in covered.values()), covered


def test_galaxies_of_one_answer_have_no_ranking():
    votes = np.zeros((7, 20))
    votes[0] = 5
    found = evaluation_of(sums_of(galaxies_of(SMALL, np.ones((1, 7, 20)), votes)), SMALL).by_name
    for metric in ("roc_auc", "average_precision"):
        assert found["shape", "shape_smooth", metric].value is None
        assert found["overall", None, metric].value is None


@needs_real_votes
def test_intervals_hold_at_small_numbers_of_real_votes():
    """The long form is benchmarks/validate_intervals.py."""
    everything = real()
    known = climatology.reference(climatology.collect(everything), everything.schema)
    truth = evaluation_of(sums_of(everything, known=known), everything.schema).by_name
    held = dict.fromkeys(("loss", "mae", "rmse", "r2", "bias", "coverage_90", "recall"), (0, 0))
    for seed in range(40):
        random = np.random.default_rng(seed)
        part = everything.part(random.integers(0, len(everything), 60))
        part = replace(part, hashes=random.integers(0, 2**63, 60, dtype=np.uint64))
        found = evaluation_of(sums_of(part, known=known), everything.schema).metrics
        for one in found:
            if one.metric in held and one.low is not None and one.N >= 20:
                times, inside = held[one.metric]
                is_inside = one.low - 1e-9 <= truth[one.key].value <= one.high + 1e-9
                held[one.metric] = times + 1, inside + is_inside
    for metric, (times, inside) in held.items():
        assert times > 300 and 0.9 < inside / times < 0.995, (metric, inside / times)
