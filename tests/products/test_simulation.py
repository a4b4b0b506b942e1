"""Simulated galaxies have the truth that they claim."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import scipy.stats

from zoocli.errors import MachineError, UsageError
from zoocli.products import simulation
from zoocli.products.simulation import dirichlet_multinomial, draw_votes, simulate
from zoocli.schema import Schema, load_schema
from zoocli.tables.formats.parquet import ParquetEncoder

SCHEMA = "decals-dr5-ortho"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    return simulate(folder, schema=SCHEMA, galaxies=3_000, seed=5, blur=[0.3, 0.6], voted=1_000)


def read(path):
    return pq.read_table(path).to_pandas().set_index("id_str")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_same_seed_same_bytes_whatever_the_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "CHUNK", 700)
    for folder, threads in (("one", 1), ("three", 3)):
        simulate(
            tmp_path / folder,
            schema=SCHEMA,
            galaxies=3_000,
            seed=1,
            blur=[0.2],
            voted=900,
            threads=threads,
        )
    assert contents(tmp_path / "one") == contents(tmp_path / "three")


def test_another_seed_gives_other_bytes(tmp_path):
    for seed in (1, 2):
        simulate(tmp_path / str(seed), schema=SCHEMA, galaxies=500, seed=seed, blur=[0.2])
    first, second = contents(tmp_path / "1"), contents(tmp_path / "2")
    assert first.keys() == second.keys()
    assert all(first[name] != second[name] for name in first)


def test_options_move_only_what_they_name(tmp_path):
    plain = simulate(tmp_path / "plain", schema=SCHEMA, galaxies=500, seed=1)
    other = simulate(
        tmp_path / "other", schema=SCHEMA, galaxies=500, seed=1, voted=50, blur=[1], volunteers=9
    )
    assert plain.predictions.read_bytes() == other.predictions.read_bytes()


def test_files_have_the_columns_of_the_schema(made):
    columns = ["id_str", *load_schema(SCHEMA).label_cols]
    predictions, votes = pq.read_schema(made.predictions), pq.read_schema(made.votes)
    assert predictions.names == votes.names == columns
    assert {str(kind) for kind in predictions.types[1:]} == {"float"}
    assert {str(kind) for kind in votes.types[1:]} == {"int32"}


def test_ids_are_unique_and_votes_stand_in_another_order(made, monkeypatch):
    predictions, votes = read(made.predictions), read(made.votes)
    assert predictions.index.is_unique and votes.index.is_unique
    assert predictions.index.str.fullmatch(r"\d{6}_\d+").all()
    assert len(predictions) == 3_000 and len(votes) == 1_000
    place = predictions.index.get_indexer(votes.index)
    assert (place >= 0).all()
    assert abs(scipy.stats.spearmanr(place, np.arange(1_000)).statistic) < 0.1


def test_ids_repeat_in_no_brick():
    ids = simulation._ids(np.arange(20_000)).to_pylist()
    assert len(set(ids)) == 20_000


@pytest.mark.parametrize("chunk", [97, 65_536])
def test_voted_galaxies_are_a_random_sample(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(simulation, "CHUNK", chunk)
    made = simulate(tmp_path, schema=SCHEMA, galaxies=4_000, seed=3, voted=400)
    place = read(made.predictions).index.get_indexer(read(made.votes).index)
    tenths = np.bincount(place // 400, minlength=10)
    assert tenths.sum() == 400
    assert scipy.stats.chisquare(tenths).pvalue > 1e-4


def test_concentrations_differ_and_stay_in_range(made):
    values = read(made.predictions).to_numpy()
    assert values.min() >= 1 and values.max() <= 101
    assert np.median(values) == pytest.approx(13.5, rel=0.05)


@pytest.mark.parametrize("schema", [SCHEMA, "gz-evo-v2", "decals-all-campaigns-ortho"])
def test_each_question_gets_the_votes_that_lead_to_it(tmp_path, schema):
    tree = load_schema(schema)
    votes = read(simulate(tmp_path, schema=tree, galaxies=400, seed=2).votes)
    asked = 0
    for question in tree.questions:
        totals = votes[tree.label_cols[question.columns]].sum(axis=1)
        if question.asked_after:
            assert (totals == votes[list(question.asked_after)].sum(axis=1)).all()
            asked += totals.sum()
    assert asked > 0 or all(not question.asked_after for question in tree.questions)


def test_each_galaxy_belongs_to_one_campaign(tmp_path):
    tree = load_schema("decals-all-campaigns-ortho")
    votes = read(simulate(tmp_path, schema=tree, galaxies=600, seed=2).votes)
    totals = np.stack(
        [
            sum(
                votes[tree.label_cols[tree.questions[position].columns]].sum(axis=1)
                for position in positions
            )
            for positions in tree.campaigns.values()
        ]
    )
    assert len(totals) == 3
    assert ((totals > 0).sum(axis=0) == 1).all()
    assert ((totals > 0).sum(axis=1) > 150).all()


def test_several_parents_add_up_whatever_the_order_of_questions():
    tree = Schema(
        {"ring": ["_yes", "_no"], "type": ["_spiral", "_disk", "_smooth"]},
        {"ring": ["type_spiral", "type_disk"], "type": None},
    )
    votes = draw_votes(tree, np.full((5, 200), 3, np.float32), 30, np.random.default_rng(0))
    ring, spiral_or_disk = votes[:2].sum(axis=0), votes[2:4].sum(axis=0)
    assert (ring == spiral_or_disk).all() and ring.sum() > 0
    assert (votes[2:].sum(axis=0) > ring).any()


def test_volunteers_are_poisson(tmp_path):
    tree = load_schema(SCHEMA)
    votes = read(simulate(tmp_path, schema=tree, galaxies=5_000, seed=4, volunteers=12.5).votes)
    everyone = votes[tree.label_cols[tree.questions[0].columns]].sum(axis=1)
    assert everyone.mean() == pytest.approx(12.5, abs=5 * math.sqrt(12.5 / 5_000))
    assert everyone.var() == pytest.approx(12.5, rel=0.15)


def test_no_volunteers_no_votes(tmp_path):
    votes = read(simulate(tmp_path, schema=SCHEMA, galaxies=20, volunteers=0).votes)
    assert len(votes) == 20 and not votes.to_numpy().any()


def test_votes_have_the_moments_of_the_dirichlet_multinomial():
    """Mean and covariance from scipy.stats.dirichlet_multinomial, within five standard errors."""
    alpha, total, draws = np.array([1.5, 4.0, 20.25, 0.75]), 25, 200_000
    votes = dirichlet_multinomial(
        np.repeat(alpha[:, None], draws, axis=1).astype(np.float32),
        np.full(draws, total),
        np.random.default_rng(8),
    )
    truth = scipy.stats.dirichlet_multinomial(alpha, total)
    assert (votes.sum(axis=0) == total).all() and votes.min() >= 0
    error = np.sqrt(np.diag(truth.cov()) / draws)
    assert (np.abs(votes.mean(axis=1) - truth.mean()) < 5 * error).all()
    np.testing.assert_allclose(np.cov(votes), truth.cov(), rtol=0.03, atol=0.02)


def test_votes_have_the_distribution_of_the_dirichlet_multinomial():
    """Every possible outcome of 3 votes over 3 answers against scipy's probabilities."""
    alpha, draws = np.array([0.5, 2.0, 6.0]), 100_000
    votes = dirichlet_multinomial(
        np.repeat(alpha[:, None], draws, axis=1).astype(np.float32),
        np.full(draws, 3),
        np.random.default_rng(9),
    )
    outcomes, seen = np.unique(votes, axis=1, return_counts=True)
    expected = draws * np.array(
        [scipy.stats.dirichlet_multinomial.pmf(outcome, alpha, 3) for outcome in outcomes.T]
    )
    assert outcomes.shape == (3, 10)
    assert scipy.stats.chisquare(seen, expected).pvalue > 1e-4


def test_votes_are_drawn_from_the_concentrations_in_the_file(made):
    """With A the sum of concentrations, E[votes / total] is a / A: tested over all galaxies."""
    tree = load_schema(SCHEMA)
    votes = read(made.votes)
    truth = read(made.predictions).loc[votes.index]
    for question in tree.questions:
        names = tree.label_cols[question.columns]
        alpha, counts = truth[names].to_numpy(float), votes[names].to_numpy(float)
        total, strength = counts.sum(axis=1), alpha.sum(axis=1)
        share = alpha[:, 0] / strength
        variance = total * share * (1 - share) * (total + strength) / (1 + strength)
        residual = (counts[:, 0] - total * share).sum() / math.sqrt(variance.sum())
        assert abs(residual) < 5, question.name
        spread = ((counts[:, 0] - total * share) ** 2).sum() / variance.sum()
        assert spread == pytest.approx(1, abs=0.25), question.name


def test_blur_is_log_normal_noise_of_the_level_asked_for(made):
    truth = read(made.predictions).to_numpy(float)
    noise = {
        level: np.log(read(path).to_numpy(float) / truth) for level, path in made.blurred.items()
    }
    assert list(noise) == [0.3, 0.6]
    assert noise[0.3].mean() == pytest.approx(0, abs=0.005)
    assert noise[0.3].std() == pytest.approx(0.3, rel=0.01)
    np.testing.assert_allclose(noise[0.6], 2 * noise[0.3], atol=1e-5)


def test_chunks_share_no_random_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "CHUNK", 50)
    made = simulate(tmp_path, schema=SCHEMA, galaxies=100, seed=1, blur=[0.3])
    truth, votes = read(made.predictions), read(made.votes)
    noise = np.log(read(made.blurred[0.3]) / truth)
    for values in (truth, noise, votes.loc[truth.index]):
        first, second = values.to_numpy(float)[:50], values.to_numpy(float)[50:]
        assert abs(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) < 0.6


def test_csv_holds_the_same_numbers_exactly(tmp_path):
    parquet = simulate(tmp_path, schema=SCHEMA, galaxies=200, seed=6, blur=[0.5])
    csv = simulate(tmp_path, schema=SCHEMA, galaxies=200, seed=6, blur=[0.5], format="csv")
    for one, other in zip(parquet.files, csv.files, strict=True):
        table = pyarrow.csv.read_csv(other).to_pandas().set_index("id_str")
        assert (read(one).astype(float) == table.astype(float)).all(axis=None)


def test_existing_files_are_replaced(tmp_path):
    (tmp_path / "votes.parquet").write_text("old")
    made = simulate(tmp_path, schema=SCHEMA, galaxies=5)
    assert len(read(made.votes)) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "predictions.parquet",
        "votes.parquet",
    ]


def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    (tmp_path / "votes.parquet").write_text("old")
    monkeypatch.setattr(ParquetEncoder, "write", full)
    with pytest.raises(MachineError, match="No space left"):
        simulate(tmp_path, schema=SCHEMA, galaxies=5)
    assert contents(tmp_path) == {"votes.parquet": b"old"}


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(MachineError, match="taken"):
        simulate(tmp_path / "taken", schema=SCHEMA, galaxies=5)
    with pytest.raises(MachineError, match="taken"):
        simulate(tmp_path / "taken" / "below", schema=SCHEMA, galaxies=5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"galaxies": 0},
        {"galaxies": 10**9},
        {"seed": -1},
        {"voted": 11},
        {"voted": -1},
        {"volunteers": -1},
        {"volunteers": math.nan},
        {"blur": [-0.1]},
        {"blur": [math.inf]},
        {"blur": [math.nan]},
        {"format": "fits"},
        {"threads": 0},
        {"schema": "decals-dr6"},
    ],
    ids=str,
)
def test_wrong_values_are_refused_before_anything_is_written(tmp_path, wrong):
    arguments = {"schema": SCHEMA, "galaxies": 10} | wrong
    with pytest.raises(UsageError):
        simulate(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_the_command_writes_and_says_so(zoocli, tmp_path):
    done = zoocli("simulate", "demo", "-n", 50, "--seed", 3, "--blur", 0.2, "--blur", 1)
    assert done.returncode == 0 and done.stdout == ""
    names = [
        "votes.parquet",
        "predictions.parquet",
        "predictions-blur-0.2.parquet",
        "predictions-blur-1.parquet",
    ]
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == sorted(names)
    assert [line.split()[:2] for line in done.stderr.splitlines()] == [
        ["wrote", f"demo/{name}"] for name in names
    ]


def test_the_command_can_be_quiet(zoocli):
    for arguments in (["simulate", "a", "-n", 5, "-q"], ["-q", "simulate", "b", "-n", 5]):
        done = zoocli(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
