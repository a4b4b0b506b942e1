"""Sums and intervals: what replicates are, and that no order or batch changes them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluations import SMALL, evaluation_of, simulated, sums_of
from zoocli.evaluating.additive import AdditiveArrays, added
from zoocli.evaluating.bootstrap import PREFIX, point_sums, replicate_sums, summed
from zoocli.evaluating.intervals import with_intervals
from zoocli.evaluating.metric import Estimate, Metric
from zoocli.evaluating.tree import climatology, fractions, losses
from zoocli.evaluating.tree.collecting import WhatToCollect, collect
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.foundation.resampling import poisson_weights
from zoocli.runs.options.rules import Rules

REPLICATES = 40


def chosen(galaxies: VotedGalaxies, rows: np.ndarray) -> VotedGalaxies:
    """The galaxies at these rows, in this order, some perhaps several times."""
    return VotedGalaxies(
        galaxies.schema,
        galaxies.concentrations[..., rows],
        galaxies.votes[:, rows],
        galaxies.total_votes[:, rows],
        galaxies.losses[:, rows],
        galaxies.hashes[rows],
    )


def plan() -> WhatToCollect:
    galaxies = simulated()
    return WhatToCollect(
        Rules(), climatology.reference(climatology.collect(galaxies), SMALL), REPLICATES, 7
    )


def parts_of(galaxies: VotedGalaxies, sizes: int) -> list[VotedGalaxies]:
    return [galaxies.part(slice(at, at + sizes)) for at in range(0, len(galaxies), sizes)]


@pytest.mark.parametrize("size", [1, 700, 4096])
def test_batches_and_order_change_nothing(size):
    galaxies = simulated().part(slice(0, 60)) if size == 1 else simulated()
    shuffled = chosen(galaxies, np.random.default_rng(1).permutation(len(galaxies)))
    whole = collect(galaxies, plan())
    parts = added(collect(part, plan()) for part in parts_of(shuffled, size))
    assert parts.keys() == whole.keys()
    for name, values in whole.items():
        if values.dtype == np.int64 or name.endswith(("galaxies", "galaxies_all", "confusion")):
            assert np.array_equal(parts[name], values), name
        else:
            np.testing.assert_allclose(parts[name], values, rtol=1e-12, atol=1e-12, err_msg=name)
    ours, theirs = evaluation_of(whole, SMALL).metrics, evaluation_of(parts, SMALL).metrics
    for one, other in zip(ours, theirs, strict=True):
        assert (one.question, one.answer, one.metric, one.N) == (
            other.question,
            other.answer,
            other.metric,
            other.N,
        )
        for bound in ("value", "low", "high"):
            value = getattr(one, bound)
            assert getattr(other, bound) == (
                None if value is None else pytest.approx(value, rel=1e-11, abs=1e-11)
            )


def test_a_replicate_is_the_galaxies_as_often_as_they_are_drawn():
    galaxies = simulated().part(slice(0, 500))
    replicates = replicate_sums(collect(galaxies, plan()))
    assert replicates is not None
    weights = poisson_weights(galaxies.hashes, 7, REPLICATES)
    for replicate in (0, REPLICATES - 1):
        drawn = chosen(galaxies, np.repeat(np.arange(500), weights[:, replicate]))
        expected = collect(drawn, plan())
        for name, values in replicates.items():
            np.testing.assert_allclose(values[:, replicate], expected[name], rtol=1e-12, atol=1e-12)


def test_intervals_are_percentiles_of_the_replicates():
    galaxies = simulated()
    sums = collect(galaxies, plan())
    found = evaluation_of(sums, SMALL).by_name["bar", "bar_yes", "mae"]
    total = sums[PREFIX + "fractions/absolute_errors"][3]
    count = sums[PREFIX + "fractions/galaxies"][1]
    low, high = np.quantile(total / count, [0.025, 0.975])
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.low < found.value < found.high


def test_the_interval_of_the_gain_is_that_of_the_difference():
    """Resampled by hand, with the climatology held fixed."""
    galaxies = simulated()
    sums = collect(galaxies, plan())
    found = evaluation_of(sums, SMALL).by_name["shape", None, "gain"]
    a = climatology.fit(sums, SMALL)[0].concentrations
    fixed = np.concatenate([a, np.ones(4)])
    voted = galaxies.voted[0]
    gains = (climatology.losses_of(fixed, galaxies)[0] - galaxies.losses[0])[voted]
    weights = poisson_weights(galaxies.hashes[voted], 7, REPLICATES)
    replicates = gains @ weights / weights.sum(axis=0)
    low, high = np.quantile(replicates, [0.025, 0.975])
    assert found.value == pytest.approx(gains.mean(), abs=1e-9)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


def test_the_gain_is_that_of_the_fit_whatever_the_reference():
    galaxies = simulated()
    far = WhatToCollect(Rules(), np.ones(7), REPLICATES, 7)
    expected = evaluation_of(collect(galaxies, plan()), SMALL).by_name
    found = evaluation_of(collect(galaxies, far), SMALL).by_name
    for question in ("overall", "shape", "bar"):
        for metric in ("gain", "deviance_explained"):
            one, other = found[question, None, metric], expected[question, None, metric]
            assert one.value == pytest.approx(other.value, abs=1e-9)
            assert one.low < one.value < one.high


def test_without_replicates_there_are_no_intervals():
    metrics = evaluation_of(sums_of(simulated()), SMALL).metrics
    assert {(one.low, one.high) for one in metrics} == {(None, None)}


def test_one_galaxy_has_numbers_but_no_interval():
    metrics = evaluation_of(collect(simulated().part(slice(0, 1)), plan()), SMALL).by_name
    loss = metrics["shape", None, "loss"]
    assert loss.value is not None and (loss.low, loss.high, loss.N) == (None, None, 1)
    assert metrics["shape", None, "se"].value is None


def test_intervals_cover_the_truth():
    """Of 50 samples, 95 % intervals hold the mean of all in at least 43 (p < 0.004 to be fewer)."""
    everything = simulated(20_000)
    names = {("shape", None, "loss"), ("bar", "bar_yes", "rmse"), ("shape", None, "gain")}
    known = climatology.reference(climatology.collect(everything), SMALL)

    def fits_of(galaxies: VotedGalaxies) -> list[climatology.Climatology | None]:
        return climatology.fit(climatology.collect(galaxies), SMALL)

    def intervals(galaxies: VotedGalaxies, replicates: int) -> dict[str, Metric]:
        features = losses.features(galaxies, known) | fractions.features(galaxies, Rules())
        sums = summed(features, galaxies.hashes, replicates, 0)

        def estimates(at: AdditiveArrays) -> list[Estimate]:
            every = [
                *losses.estimates(at, SMALL, fits_of(galaxies), sums),
                *fractions.estimates(at, SMALL),
            ]
            return [one for one in every if (one.question, one.answer, one.metric) in names]

        drawn = replicate_sums(sums)
        found = with_intervals(estimates(point_sums(sums)), drawn and estimates(drawn))
        return {one.metric: one for one in found}

    truth = intervals(everything, 0)
    covered = dict.fromkeys(truth, 0)
    for part in parts_of(everything, 400):
        for name, found in intervals(part, 200).items():
            covered[name] += found.low <= truth[name].value <= found.high
    assert len(covered) == 3
    assert all(count >= 43 for count in covered.values()), covered
