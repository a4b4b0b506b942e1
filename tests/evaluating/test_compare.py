"""Paired comparison: its numbers against numpy, scipy and plain enumeration."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from scipy import stats

from tests.flips import flip_words
from tests.scores_tables import CAMPAIGNS, QUESTIONS, draw, metadata, scores_table
from zoocli import compare, summarize
from zoocli.errors import MachineError, UsageError
from zoocli.evaluating.comparing.holm import holm
from zoocli.evaluating.comparing.paired_losses import MatchedLosses
from zoocli.foundation.hashing import hash_ids
from zoocli.foundation.resampling import poisson_weights

FAST = {"bootstrap": 50, "flips": 200}


def losses_alone(values, prefix="g"):
    """A table of a loss without votes or questions."""
    ids = [f"{prefix}{number}" for number in range(len(values))]
    return pa.table({"id": ids, "loss": pa.array(values, from_pandas=True)})


def overall(baseline, system, **options):
    """The one difference between two lists of losses."""
    return compare(losses_alone(baseline), losses_alone(system), **options).systems[0].overall


def flips_of(galaxies, flips, seed=0, prefix="g"):
    """The signs that the test gives these galaxies, (galaxies, flips)."""
    hashes = hash_ids(pa.array([f"{prefix}{number}" for number in range(galaxies)]))
    words = flip_words(hashes, seed, -(-flips // 64))
    return 1 - 2 * np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")[:, :flips].astype(
        np.int64
    )


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
    hashes = hash_ids(pair[0]["id_str"].combine_chunks())
    weights = poisson_weights(hashes, 0, 1000).astype(float)
    means = weights.T @ (second - first) / (weights.T @ (votes > 0))
    assert (found.low, found.high) == pytest.approx(np.percentile(means, [2.5, 97.5]), rel=1e-9)
    bits = np.unpackbits(flip_words(hashes, 0, 157).view(np.uint8), axis=1, bitorder="little")
    flipped = (1.0 - 2.0 * bits[:, :10_000]).T @ (second - first)
    assert found.p == (1 + np.sum(np.abs(flipped) >= abs(np.sum(second - first)))) / 10_001


def test_a_campaign_is_the_sum_of_its_questions(pair, result):
    for campaign, members in CAMPAIGNS.items():
        names = [QUESTIONS[at] for at in members]
        first, second = (sum(columns(table, name)[0] for name in names) for table in pair)
        voted = sum(columns(pair[0], name)[1] for name in names) > 0
        found = result.systems[0].campaigns[campaign]
        assert found.difference == pytest.approx((second - first)[voted].mean(), rel=1e-12)
        assert found.galaxies == voted.sum()


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_p_is_near_that_of_all_sign_flips(shift):
    change = np.random.default_rng(3).normal(shift, 1.0, 10)
    sums = [abs(np.dot(signs, change)) for signs in itertools.product((1, -1), repeat=10)]
    exact = np.mean(np.array(sums) >= abs(change.sum()) - 1e-12)
    found = overall(np.full(10, 9.0), 9.0 + change, flips=40_000).p
    assert abs(found - exact) < 5 * np.sqrt(exact * (1 - exact) / 40_000) + 1 / 40_001


def test_ties_count_whatever_the_rounding():
    # Tenths have no exact floats, so sums that are equal come out different by an ulp or two.
    tenths = np.array([1, 2, -3, 1, 2, 3, -4, 1, 1, 2])
    sums = tenths @ flips_of(10, 5000)
    exact = (1 + np.sum(np.abs(sums) >= abs(tenths.sum()))) / 5001
    for scale in (0.1, 0.3, 7.7e5, 1e-9):
        baseline = np.full(10, 10.0 * scale)
        assert overall(baseline, baseline + tenths * scale, flips=5000).p == exact


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
    same = compare(pair[0], pair[0], **FAST).systems[0]
    for difference in (same.overall, *same.campaigns.values(), *same.questions.values()):
        assert (difference.difference, difference.low, difference.high) == (0.0, 0.0, 0.0)
        assert (difference.p, difference.better, difference.tied) == (1.0, 0.0, 1.0)
    assert same.verdict == "not distinguishable from the baseline at 0.05 (p = 1)"


def test_p_is_uniform_where_nothing_differs():
    random = np.random.default_rng(8)
    values = [
        overall(*random.gamma(2.0, 1.0, (2, 60)), bootstrap=1, flips=999, seed=repeat).p
        for repeat in range(200)
    ]
    assert stats.kstest(values, "uniform").pvalue > 0.001


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_change_nothing(pair, threads):
    plain = compare(*pair, threads=1, **FAST)
    assert compare(*pair, threads=threads, **FAST) == plain


def test_order_and_batches_change_nothing(pair, tmp_path):
    plain = compare(*pair, **FAST)
    order = np.random.default_rng(2).permutation(3000)
    for name, table in zip(("baseline", "system"), pair, strict=True):
        shuffled = table.take(pa.array(order if name == "system" else order[::-1]))
        pq.write_table(shuffled, tmp_path / f"{name}.parquet", row_group_size=701)
    found = compare(tmp_path / "baseline.parquet", tmp_path / "system.parquet", **FAST)
    assert [one.questions for one in found.systems] == [one.questions for one in plain.systems]
    assert found.systems[0].overall == plain.systems[0].overall


def test_a_memory_limit_changes_digits_alone(pair, monkeypatch):
    plain = compare(*pair, **FAST)
    shares = []

    def matched(tables, share):
        shares.append(share)
        return MatchedLosses(tables, share)

    monkeypatch.setattr("zoocli.evaluating.comparing.paired_losses.ID_BYTES", 200_000)
    monkeypatch.setattr("zoocli.evaluating.comparing.compare.MatchedLosses", matched)
    found = compare(*pair, memory_limit="400MB", **FAST)
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


def test_another_seed_gives_other_resamples(pair, result):
    other = compare(*pair, seed=1).systems[0].overall
    ours = result.systems[0].overall
    assert other.low != ours.low
    assert other.low == pytest.approx(ours.low, rel=0.2)
    assert replace(other, low=None, high=None, p=None) == replace(ours, low=None, high=None, p=None)


def test_galaxies_not_in_all_tables_are_left_out(pair):
    first, second = pair
    part, other = second.slice(0, 2000), second.slice(500)
    found = compare(first, part, other, **FAST)
    expected = compare(first.slice(500, 1500), second.slice(500, 1500), **FAST)
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
    found = compare(*tables, **FAST)
    assert found.invalid == 7
    for system in found.systems:
        assert system.overall.galaxies == 393
        assert system.campaigns["dr5"].galaxies == 393
        assert system.campaigns["dr8"].galaxies == 400
        assert [one.galaxies for one in system.questions.values()] == [400, 393, 400]
    expected = compare(tables[0].slice(7), tables[2].slice(7), **FAST).systems[0]
    alone = [one.to_dict() for one in (found.systems[-1].overall, expected.overall)]
    assert alone[0].pop("p_holm") is alone[1].pop("p_holm") is None
    assert alone[0] == pytest.approx(alone[1], rel=1e-12)
    assert any("7 galaxies have a null loss" in note for note in found.notes)


def test_nothing_is_known_where_nobody_voted():
    losses, votes = draw(40)
    losses[2], votes[2] = 0.0, 0
    table = scores_table(losses, votes, metadata(40))
    empty = compare(table, table, **FAST).systems[0].questions[QUESTIONS[2]]
    assert empty.galaxies == 0
    assert set(empty.to_dict().values()) == {None, 0}


def test_one_galaxy_has_no_interval():
    found = overall([1.0], [2.0], **FAST)
    assert (found.difference, found.low, found.high, found.p) == (1.0, None, None, 1.0)


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
    system = compare(*tables, **FAST).systems[0]
    assert list(system.questions) == ["z", "mass"]
    assert system.campaigns is None
    assert system.overall.difference == pytest.approx(values[1].mean() - values[0].mean())


def test_ids_match_as_text():
    table = losses_alone([1.0, 2.0, 3.0])
    numbers = [1237648720142532647, -5, 7]
    first = table.set_column(0, "objid", pa.array(numbers))
    second = table.set_column(0, "name", pa.array([str(one) for one in numbers]))
    assert compare(first, second, **FAST).compared == 3


def test_from_pandas(pair):
    first, second = (table.to_pandas() for table in pair)
    assert compare(first, second, **FAST).systems[0].overall.galaxies
    frame = compare(*pair, **FAST).to_pandas()
    assert frame.level.value_counts().to_dict() == {"question": 3, "campaign": 2, "overall": 1}


@pytest.mark.parametrize(
    "options", [{"bootstrap": 0}, {"flips": -1}, {"seed": -1}, {"seed": 2**63}, {"threads": 0}]
)
def test_options_out_of_range(pair, options):
    with pytest.raises(UsageError):
        compare(*pair, **options)


def test_nothing_to_compare(pair):
    with pytest.raises(UsageError, match="give a system"):
        compare(pair[0])


def test_a_signature_names_what_made_the_numbers(result):
    assert result.signature.startswith(
        "compare|loss:dirichlet|schema:two-campaigns@1f2e|votes:77aa|N:3000|bootstrap:1000"
        "|flips:10000|seed:0|zoocli:"
    )


def test_every_kept_column_is_ignored(pair):
    first, second = pair
    changed = second.set_column(1, "redshift", pc.negate(second["redshift"]))
    assert compare(first, changed, **FAST) == compare(first, second, **FAST)
