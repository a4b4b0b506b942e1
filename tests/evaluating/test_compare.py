"""Paired comparison: its numbers against numpy, scipy and plain enumeration."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from scipy import stats

from tests.scores_tables import CAMPAIGNS, QUESTIONS, draw, metadata, scores_table
from zoocli import compare, summarize
from zoocli.errors import MachineError, UsageError
from zoocli.evaluating.buckets import buckets_of
from zoocli.evaluating.comparing.flips import p_of_flips
from zoocli.evaluating.comparing.holm import holm
from zoocli.evaluating.comparing.paired_losses import MatchedLosses
from zoocli.foundation.hashing import hash_ids


def losses_alone(values, prefix="g"):
    """A table of a loss without votes or questions."""
    ids = [f"{prefix}{number}" for number in range(len(values))]
    return pa.table({"id": ids, "loss": pa.array(values, from_pandas=True)})


def overall(baseline, system, **options):
    """The one difference between two lists of losses."""
    return compare(losses_alone(baseline), losses_alone(system), **options).systems[0].overall


@pytest.fixture(scope="module")
def pair():
    """A baseline and a slightly worse system on 3,000 galaxies."""
    losses, votes = draw(3000)
    worse = losses * np.random.default_rng(5).normal(1.02, 0.1, losses.shape).clip(0.5, 2.0)
    return tuple(scores_table(one, votes, metadata(3000)) for one in (losses, worse))


@pytest.fixture(scope="module")
def result(pair):
    return compare(*pair)


def columns(table, name):
    """Losses and votes of a question, as numpy."""
    return table[f"{name}_loss"].to_numpy(), table[f"{name}_total-votes"].to_numpy()


def test_means_and_counts_are_those_of_summarize(pair, result):
    system = result.systems[0]
    for table, mean in zip(pair, ("mean_baseline", "mean_system"), strict=True):
        summary = summarize(table)
        ours = {"overall": system.overall} | system.campaigns | system.questions
        theirs = {"overall": summary.overall} | summary.campaigns | summary.questions
        assert list(ours) == list(theirs)
        for name, difference in ours.items():
            assert getattr(difference, mean) == pytest.approx(theirs[name].mean, rel=1e-12)
            assert difference.galaxies == theirs[name].galaxies
    assert (result.compared, result.invalid) == (3000, 0)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_what_numpy_says(pair, result, name):
    (first, votes), (second, _) = columns(pair[0], name), columns(pair[1], name)
    found = result.systems[0].questions[name]
    change = (second - first)[votes > 0]
    assert found.difference == pytest.approx(change.mean(), rel=1e-12)
    assert found.better == np.mean(change < 0)
    assert found.tied == np.mean(change == 0)
    N = len(change)
    half = (found.high - found.low) / 2
    assert (found.low + found.high) / 2 == pytest.approx(found.difference, abs=1e-12)
    # Some buckets hold two galaxies or more: a jackknife over groups.
    assert half == pytest.approx(stats.t.ppf(0.975, N - 1) * stats.sem(change), rel=0.1)
    sums = np.zeros(1024)
    np.add.at(sums, buckets_of(hash_ids(pair[0]["id_str"].combine_chunks()), 0)[votes > 0], change)
    random = np.random.default_rng(1)
    flips = random.choice([-1.0, 1.0], (20_000, 1024)) @ sums
    p = np.mean(np.abs(flips) >= abs(change.sum()))
    assert found.p == pytest.approx(p, rel=0.15, abs=4 * np.sqrt((p + 1e-4) / 20_000))


def test_a_campaign_is_the_sum_of_its_questions(pair, result):
    for campaign, members in CAMPAIGNS.items():
        names = [QUESTIONS[at] for at in members]
        first, second = (sum(columns(table, name)[0] for name in names) for table in pair)
        voted = sum(columns(pair[0], name)[1] for name in names) > 0
        found = result.systems[0].campaigns[campaign]
        assert found.difference == pytest.approx((second - first)[voted].mean(), rel=1e-12)
        assert found.galaxies == voted.sum()


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("galaxies", [1, 2, 10, 19])
def test_p_of_few_is_that_of_all_sign_flips(shift, galaxies):
    change = np.random.default_rng(galaxies).normal(shift, 1.0, galaxies)
    signs = 1.0 - 2.0 * ((np.arange(2**galaxies)[:, None] >> np.arange(galaxies)) & 1)
    exact = np.mean(np.abs(signs @ change) >= abs(change.sum()) - 1e-12)
    assert p_of_flips(change) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("shape", ["normal", "skewed", "heavy", "one large"])
@pytest.mark.parametrize("deviations", [0.0, 0.5, 2.0, 3.3])
@pytest.mark.parametrize("buckets", [20, 60, 1024])
def test_the_saddlepoint_is_near_many_flips(shape, deviations, buckets):
    random = np.random.default_rng(buckets)
    change = {
        "normal": random.normal(0, 1, buckets),
        "skewed": random.exponential(1, buckets) - 1,
        "heavy": random.standard_t(3, buckets),
        "one large": np.append(random.normal(0, 1, buckets - 1), 4.0),
    }[shape]
    change += (deviations * np.sqrt(np.sum(change**2)) - change.sum()) / buckets
    flips = 0
    for _ in range(10):
        signs = random.integers(0, 2, (20_000, buckets)) * 2.0 - 1.0
        flips += np.sum(np.abs(signs @ change) >= abs(change.sum()) * (1 - 1e-12))
    p = flips / 200_000
    assert p_of_flips(change) == pytest.approx(p, rel=0.15, abs=4 * np.sqrt((p + 1e-5) / 200_000))


def test_p_has_no_floor():
    assert p_of_flips(np.ones(30)) == 2.0**-29
    assert 0 < p_of_flips(np.append(np.full(300, 1.0), -0.5)) < 1e-80


def test_ties_count_whatever_the_rounding():
    # Tenths have no exact floats, so sums that are equal come out different by an ulp or two.
    tenths = np.array([1, 2, -3, 1, 2, 3, -4, 1, 1, 2])
    signs = 1 - 2 * ((np.arange(1024)[:, None] >> np.arange(10)) & 1)
    exact = np.mean(np.abs(signs @ tenths) >= abs(tenths.sum()))
    for scale in (0.1, 0.3, 7.7e5, 1e-9):
        baseline = np.full(10, 10.0 * scale)
        assert p_of_flips(tenths * scale) == exact
        assert overall(baseline, baseline + tenths * scale).p == pytest.approx(exact, rel=0.2)


@pytest.mark.parametrize("shift", [0.0, 0.12])
def test_agrees_with_scipy(shift):
    random = np.random.default_rng(11)
    first = random.gamma(2.0, 1.0, 300)
    second = first + random.normal(shift, 1.0, 300).clip(-1.0) * np.minimum(first, 1.0)
    found = overall(first, second)
    test = stats.permutation_test(
        (second - first,),
        np.mean,
        permutation_type="samples",
        n_resamples=10_000,
        vectorized=True,
        axis=-1,
        random_state=random,
    )
    assert abs(found.p - test.pvalue) < 6 * np.sqrt(max(test.pvalue, 1e-3) / 10_000)
    interval = stats.bootstrap(
        (second - first,), np.mean, n_resamples=5000, method="percentile", random_state=random
    ).confidence_interval
    width = interval.high - interval.low
    assert found.low == pytest.approx(interval.low, abs=0.1 * width)
    assert found.high == pytest.approx(interval.high, abs=0.1 * width)


def test_a_system_against_itself(pair):
    same = compare(pair[0], pair[0]).systems[0]
    for difference in (same.overall, *same.campaigns.values(), *same.questions.values()):
        assert (difference.difference, difference.low, difference.high) == (0.0, 0.0, 0.0)
        assert (difference.p, difference.better, difference.tied) == (1.0, 0.0, 1.0)
    assert same.verdict == "not distinguishable from the baseline at 0.05 (p = 1)"


def test_p_is_uniform_where_nothing_differs():
    random = np.random.default_rng(8)
    values = [overall(*random.gamma(2.0, 1.0, (2, 60)), seed=repeat).p for repeat in range(400)]
    assert stats.kstest(values, "uniform").pvalue > 0.001


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_change_nothing(pair, threads):
    plain = compare(*pair, threads=1)
    assert compare(*pair, threads=threads) == plain


def test_order_and_batches_change_nothing(pair, tmp_path):
    plain = compare(*pair)
    order = np.random.default_rng(2).permutation(3000)
    for name, table in zip(("baseline", "system"), pair, strict=True):
        shuffled = table.take(pa.array(order if name == "system" else order[::-1]))
        pq.write_table(shuffled, tmp_path / f"{name}.parquet", row_group_size=701)
    found = compare(tmp_path / "baseline.parquet", tmp_path / "system.parquet")
    assert [one.questions for one in found.systems] == [one.questions for one in plain.systems]
    assert found.systems[0].overall == plain.systems[0].overall


def test_a_memory_limit_changes_digits_alone(pair, monkeypatch):
    plain = compare(*pair)
    shares = []

    def matched(tables, share):
        shares.append(share)
        return MatchedLosses(tables, share)

    monkeypatch.setattr("zoocli.evaluating.comparing.paired_losses.ID_BYTES", 200_000)
    monkeypatch.setattr("zoocli.evaluating.comparing.compare.MatchedLosses", matched)
    found = compare(*pair, memory_limit="400MB")
    assert len(shares) > 3
    assert (found.compared, found.invalid) == (plain.compared, plain.invalid)
    for ours, theirs in zip(found.rows(), plain.rows(), strict=True):
        numbers = [key for key, value in ours.items() if isinstance(value, float)]
        assert {key: ours[key] for key in ours if key not in numbers} == {
            key: theirs[key] for key in theirs if key not in numbers
        }
        for key in numbers:
            assert ours[key] == pytest.approx(theirs[key], rel=1e-11), key
    with pytest.raises(MachineError, match="Raise memory_limit="):
        compare(*pair, memory_limit="100MB")


def test_another_seed_gives_other_buckets(pair, result):
    other = compare(*pair, seed=1).systems[0].overall
    ours = result.systems[0].overall
    assert other.low != ours.low
    assert other.low == pytest.approx(ours.low, rel=0.2)
    assert other.difference == pytest.approx(ours.difference, rel=1e-12)
    assert other.p == pytest.approx(ours.p, rel=0.5) and other.galaxies == ours.galaxies


def test_galaxies_not_in_all_tables_are_left_out(pair):
    first, second = pair
    part, other = second.slice(0, 2000), second.slice(500)
    found = compare(first, part, other)
    expected = compare(first.slice(500, 1500), second.slice(500, 1500))
    assert found.compared == 1500
    assert found.baseline.left_out == 1500
    assert [system.left_out for system in found.systems] == [500, 1000]
    for system in found.systems:
        assert system.overall == expected.systems[0].overall
    assert "1,500 galaxies are in all tables" in found.notes[0]


def test_a_null_loss_leaves_the_question_in_all_systems():
    losses, votes = draw(400)
    votes[:] = np.maximum(votes, 1)
    losses += 0.1
    torn = losses.copy()
    torn[1, :7] = np.nan  # the second question, of dr5
    tables = [scores_table(one, votes, metadata(400)) for one in (losses, torn, losses * 1.1)]
    found = compare(*tables)
    assert found.invalid == 7
    for system in found.systems:
        assert system.overall.galaxies == 393
        assert system.campaigns["dr5"].galaxies == 393
        assert system.campaigns["dr8"].galaxies == 400
        assert [one.galaxies for one in system.questions.values()] == [400, 393, 400]
    expected = compare(tables[0].slice(7), tables[2].slice(7)).systems[0]
    alone = [one.to_dict() for one in (found.systems[-1].overall, expected.overall)]
    assert alone[0].pop("p_holm") is alone[1].pop("p_holm") is None
    assert alone[0] == pytest.approx(alone[1], rel=1e-12)
    assert any("7 galaxies have a null loss" in note for note in found.notes)


def test_nothing_is_known_where_nobody_voted():
    losses, votes = draw(40)
    losses[2], votes[2] = 0.0, 0
    table = scores_table(losses, votes, metadata(40))
    empty = compare(table, table).systems[0].questions[QUESTIONS[2]]
    assert empty.galaxies == 0
    assert set(empty.to_dict().values()) == {None, 0}


@pytest.mark.parametrize("galaxies", [1, 4])
def test_few_galaxies_have_no_interval(galaxies):
    found = overall([1.0] * galaxies, [2.0] * galaxies)
    assert (found.difference, found.low, found.high) == (1.0, None, None)


def test_skewed_differences_are_noted():
    random = np.random.default_rng(3)
    first = 10 + random.gamma(2.0, 1.0, 60)
    skewed = compare(losses_alone(first), losses_alone(first + random.exponential(1, 60) ** 3))
    assert any("are skewed for their number" in note for note in skewed.notes)
    normal = compare(losses_alone(first), losses_alone(first + random.normal(0, 1, 60)))
    assert not any("skewed" in note for note in normal.notes)


def test_systems_are_ranked_and_adjusted_together(pair):
    first, second = pair
    losses, votes = draw(3000)
    better = scores_table(losses * 0.97, votes, metadata(3000))
    found = compare(first, second, first, better)
    assert [system.rank for system in found.systems] == [1, 2, 3]
    means = [system.overall.mean_system for system in found.systems]
    assert means == sorted(means)
    assert [system.file for system in found.systems] == ["system 3", "system 2", "system 1"]
    assert [system.verdict.split()[0] for system in found.systems] == ["better", "not", "worse"]
    questions = [one for system in found.systems for one in system.questions.values()]
    assert [one.p_holm for one in questions] == holm([one.p for one in questions])
    assert found.systems[0].overall.p_holm is None


def test_targets_count_as_questions():
    values = np.random.default_rng(4).gamma(1.0, 1.0, (2, 2, 50))
    tables = [
        pa.table({"id": range(50), "loss": (a + b) / 2, "z_loss": a, "mass_loss": b})
        for a, b in values
    ]
    system = compare(*tables).systems[0]
    assert list(system.questions) == ["z", "mass"]
    assert system.campaigns is None
    assert system.overall.difference == pytest.approx(values[1].mean() - values[0].mean())


def test_ids_match_as_text():
    table = losses_alone([1.0, 2.0, 3.0])
    numbers = [1237648720142532647, -5, 7]
    first = table.set_column(0, "objid", pa.array(numbers))
    second = table.set_column(0, "name", pa.array([str(one) for one in numbers]))
    assert compare(first, second).compared == 3


def test_from_pandas(pair):
    first, second = (table.to_pandas() for table in pair)
    assert compare(first, second).systems[0].overall.galaxies
    frame = compare(*pair).to_pandas()
    assert frame.level.value_counts().to_dict() == {"question": 3, "campaign": 2, "overall": 1}


@pytest.mark.parametrize("options", [{"seed": -1}, {"seed": 2**63}, {"threads": 0}])
def test_options_out_of_range(pair, options):
    with pytest.raises(UsageError):
        compare(*pair, **options)


def test_nothing_to_compare(pair):
    with pytest.raises(UsageError, match="give a system"):
        compare(pair[0])


def test_a_signature_names_what_made_the_numbers(result):
    assert result.signature.startswith(
        "compare|loss:dirichlet|schema:two-campaigns@1f2e|votes:77aa|N:3000"
        "|intervals:jackknife1024@seed=0|zoocli:"
    )


def test_every_kept_column_is_ignored(pair):
    first, second = pair
    changed = second.set_column(1, "redshift", pc.negate(second["redshift"]))
    assert compare(first, changed) == compare(first, second)
