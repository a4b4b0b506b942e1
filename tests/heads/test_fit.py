"""`zoocli fit`: linear heads trained on features and votes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from scipy import optimize, stats
from sklearn.linear_model import LogisticRegression

import zoocli
from tests.command import done_well, read, run, write, write_tree
from tests.conftest import ROOT
from zoocli.errors import DataError, MachineError, UsageError
from zoocli.heads import LinearHead
from zoocli.heads.files import read_head
from zoocli.heads.fitting import Fit
from zoocli.heads.fitting.data import Galaxies
from zoocli.heads.fitting.targets import TreeObjective, ValueObjective
from zoocli.heads.fitting.training import Scaling
from zoocli.losses import find_loss

pytestmark = pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")

SAMPLE = ROOT / "sample_data"
FEATURES, VOTES = SAMPLE / "features.parquet", SAMPLE / "votes.parquet"
QUICK = {"learning_rate": 0.01, "seed": 1}
GALAXIES = 300
RANDOM = np.random.default_rng(11)
X = RANDOM.normal(0, 1, (GALAXIES, 4)) * (1, 10, 0.01, 3) + (0, 5, 2, -40)
Z = (X - X.mean(axis=0)) / X.std(axis=0)
IDS = [f"g{number}" for number in range(GALAXIES)]
EVERYTHING = {"hold_out": 0, "dropout": 0, "learning_rate": 0.05, "epochs": 150, "batch_size": 300}


def features(x: np.ndarray = X) -> pa.Table:
    return pa.table({"id": IDS} | {f"feat_{number}": column for number, column in enumerate(x.T)})


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fit]:
    """The sample's head, its file and the ids held out."""
    folder = tmp_path_factory.mktemp("fit")
    return folder, zoocli.fit(FEATURES, VOTES, folder / "head.safetensors", **QUICK)


def test_fit_predict_score_gains_over_climatology_on_galaxies_held_out(tmp_path: Path) -> None:
    head, ids, scores = (
        tmp_path / name for name in ("head.safetensors", "ids.csv", "scores.parquet")
    )
    fitted = done_well(
        "fit", FEATURES, VOTES, "-s", "decals-dr5-ortho", "-o", head, "--held-out-ids", ids,
        "--learning-rate", 0.01, "--seed", 1,
    )  # fmt: skip
    predicted = done_well("predict", FEATURES, "--head", head)
    done_well("score", "-", VOTES, "--only", ids, "-o", scores, stdin=predicted.binary)
    summary = zoocli.summarize(scores)
    counts = pq.read_table(VOTES)
    held_out = set(read(ids)["id_str"].to_pylist())
    rows = np.array([one in held_out for one in counts["id_str"].to_pylist()])
    assert len(held_out) == rows.sum() == summary.overall.galaxies == 77
    gains = []
    for question in zoocli.load_schema("decals-dr5-ortho").questions:
        votes = np.stack([counts[answer.name].to_numpy() for answer in question.answers], axis=1)
        constant = climatology(votes[~rows])
        losses = -stats.dirichlet_multinomial.logpmf(votes[rows], constant, votes[rows].sum(axis=1))
        answered = votes[rows].sum(axis=1) > 0
        mean = summary.questions[question.name].mean
        assert mean is not None
        gains.append(losses[answered].mean() - mean)
        shown = next(line for line in fitted.err.splitlines() if line.startswith(question.name))
        assert float(shown.split()[1]) == pytest.approx(losses[answered].mean(), abs=0.02)
        assert float(shown.split()[2]) == pytest.approx(mean, abs=1e-4)
    assert np.mean(gains) > 0.1
    assert np.median(gains) > 0.1
    assert min(gains) > -0.1


def climatology(votes: np.ndarray) -> np.ndarray:
    """The concentrations in Zoobot's range that are best for all galaxies alike."""

    def loss(x: np.ndarray) -> float:
        n = votes.sum(axis=1)
        return -float(stats.dirichlet_multinomial.logpmf(votes, np.exp(x), n).sum())

    start = np.full(votes.shape[1], np.log(3.0))
    bounds = [(0.0, np.log(101.0))] * len(start)
    return np.exp(optimize.minimize(loss, start, bounds=bounds, method="L-BFGS-B").x)


def test_the_file_says_how_it_is_to_be_used(sample: tuple[Path, Fit]) -> None:
    folder, fit = sample
    schema = zoocli.load_schema("decals-dr5-ortho")
    head = read_head(folder / "head.safetensors")
    assert head.metadata == fit.metadata
    assert head.metadata.outputs == tuple(schema.label_cols)
    assert head.metadata.schema_hash == schema.content_hash
    assert (head.metadata.activation, head.metadata.dropout) == ("dirichlet", 0.2)
    table = zoocli.predict(FEATURES, folder / "head.safetensors")
    plain = LinearHead(64, 34, activation=fit.head.activation).eval()
    plain.load_state_dict(load_file(folder / "head.safetensors"))
    columns = pq.read_table(FEATURES).columns[1:]
    x = torch.tensor(np.stack([column.to_numpy() for column in columns], axis=1))
    values = np.stack([column.to_numpy() for column in table.columns[1:]], axis=1)
    np.testing.assert_allclose(plain(x).detach().numpy(), values, rtol=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_seed_gives_the_same_bytes(
    threads: int, sample: tuple[Path, Fit], tmp_path: Path
) -> None:
    torch.manual_seed(threads)  # what happened before is no matter
    again = tmp_path / "again.safetensors"
    state = torch.random.get_rng_state()
    zoocli.fit(FEATURES, VOTES, again, threads=threads, **QUICK)
    assert again.read_bytes() == (sample[0] / "head.safetensors").read_bytes()
    assert torch.equal(torch.random.get_rng_state(), state)


def test_another_seed_gives_another_head(sample: tuple[Path, Fit], tmp_path: Path) -> None:
    other = zoocli.fit(FEATURES, VOTES, tmp_path / "o", epochs=8, **QUICK | {"seed": 2})
    same = zoocli.fit(FEATURES, VOTES, tmp_path / "s", epochs=8, **QUICK)
    assert not torch.equal(other.head.linear.weight, same.head.linear.weight)
    assert other.held_out == sample[1].held_out


def held_out_ids(source: Any, folder: Path, share: float) -> set[str]:
    file = folder / "ids.csv"
    head = folder / "head.safetensors"
    votes = write(folder / "votes.csv", {"id": IDS, "label": X[:, 0]})
    done_well(
        "fit", write(folder / "f.parquet", source), votes, "-l", "mse", "-o", head,
        "--held-out-ids", file, "--hold-out", share, "--epochs", 1, "-q",
    )  # fmt: skip
    return set(read(file)["id"].to_pylist())


def test_the_ids_alone_say_who_is_held_out(tmp_path: Path) -> None:
    table = features()
    whole = held_out_ids(table, tmp_path, 0.3)
    assert 60 < len(whole) < 120
    backwards = table.take(pa.array(np.arange(GALAXIES)[::-1]))
    assert held_out_ids(backwards, tmp_path, 0.3) == whole
    assert held_out_ids(table.slice(0, 100), tmp_path, 0.3) == whole & set(IDS[:100])
    assert held_out_ids(table, tmp_path, 0.1) < whole


def test_mse_finds_the_least_squares(tmp_path: Path) -> None:
    y = Z @ [[1.0], [2.0], [-3.0], [0.0]] * 1e6 + 5e6 + RANDOM.normal(0, 1e6, (GALAXIES, 1))
    done = zoocli.fit(
        features(),
        pa.table({"id": IDS, "mass": y[:, 0]}),
        tmp_path / "h.safetensors",
        loss="mse",
        label="mass",
        **EVERYTHING | {"epochs": 400},
    )
    design = np.column_stack([Z, np.ones(GALAXIES)])
    best = np.square(y - design @ np.linalg.lstsq(design, y, rcond=None)[0]).mean()
    assert (done.metadata.activation, done.metadata.outputs) == ("none", ("mass",))
    assert done.overall.head == pytest.approx(best, rel=1e-3)
    assert done.overall.constant == pytest.approx(y.var(), rel=1e-6)
    table = zoocli.predict(features(), tmp_path / "h.safetensors")
    assert np.square(table["mass"].to_numpy() - y[:, 0]).mean() == pytest.approx(best, rel=1e-3)


def test_l1_starts_from_the_median_and_takes_several_targets(tmp_path: Path) -> None:
    y = Z[:, :2] + RANDOM.exponential(1, (GALAXIES, 2))
    votes = pa.table({"id": IDS, "p": y[:, 0], "q": y[:, 1]})
    file = tmp_path / "h.safetensors"
    done = zoocli.fit(features(), votes, file, loss="l1", label=["p", "q"], **EVERYTHING)
    assert list(done.questions) == ["p", "q"]
    spread = np.abs(y - np.median(y, axis=0)).mean(axis=0)
    assert [done.questions[name].constant for name in "pq"] == pytest.approx(spread, rel=1e-5)
    assert done.overall.gain == pytest.approx(spread.mean() - done.overall.head)
    assert done.overall.gain > 0.2
    scores = zoocli.score(zoocli.predict(features(), file), votes, loss="l1", label=["p", "q"])
    assert scores["loss"].to_numpy().mean() == pytest.approx(done.overall.head, rel=1e-5)


def test_cross_entropy_finds_the_logistic_regression(tmp_path: Path) -> None:
    labels = np.array(["ring", "bar", "none"])[(Z @ RANDOM.normal(0, 1, (4, 3))).argmax(axis=1)]
    flipped = RANDOM.random(GALAXIES) < 0.2
    labels[flipped] = RANDOM.choice(labels, flipped.sum())
    votes = pa.table({"id": IDS, "label": labels})
    file = tmp_path / "h.safetensors"
    done = zoocli.fit(features(), votes, file, loss="ce", **EVERYTHING | {"epochs": 400})
    assert done.metadata.outputs == ("bar", "none", "ring")
    assert done.metadata.activation == "softmax"
    reference = LogisticRegression(C=1e6, max_iter=5000).fit(Z, labels)
    places = np.searchsorted(reference.classes_, labels)
    best = -np.log(reference.predict_proba(Z)[range(GALAXIES), places]).mean()
    shares = np.unique(labels, return_counts=True)[1] / GALAXIES
    assert done.overall.head == pytest.approx(best, abs=2e-3)
    assert done.overall.constant == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-5)
    predictions = zoocli.predict(features(), file)
    scores = zoocli.score(predictions, votes, loss="ce", scale="probabilities")
    assert scores["loss"].to_numpy().mean() == pytest.approx(done.overall.head, rel=1e-4)


def test_classes_may_be_named_in_their_order(tmp_path: Path) -> None:
    votes = pa.table({"id": IDS, "kind": (X[:, 0] > 0).astype(int)})
    done = zoocli.fit(
        features(), votes, tmp_path / "h", loss="ce", label="kind", classes=["no", "yes"], epochs=1
    )
    assert done.metadata.outputs == ("no", "yes")


def test_galaxies_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    tree = write_tree(tmp_path)
    answers = zoocli.load_schema(tree).label_cols
    counts = {name: RANDOM.integers(0, 5, GALAXIES) for name in answers}
    silent = np.arange(GALAXIES) < 40
    for column in counts.values():
        column[silent] = 0
    votes = pa.table({"id": IDS} | counts)
    done = zoocli.fit(features().slice(10), votes.slice(0, 290), tmp_path / "h", tree, epochs=1)
    assert done.training + done.held_out == 250
    note = "280 galaxies match, 30 of them without any votes or label. 10 rows of the features"
    assert note in done.notes[0]
    odd = pa.table({"id": IDS, "label": [None] * 50 + [1.0] * 200 + [float("nan")] * 50})
    done = zoocli.fit(features(), odd, tmp_path / "h", loss="mse", epochs=1)
    assert done.training + done.held_out == 200


def test_useless_features_gain_nothing_and_lose_nothing(tmp_path: Path) -> None:
    noise = pa.table({"id_str": pq.read_table(FEATURES)["id_str"], "feat_0": np.arange(400) % 7.0})
    done = zoocli.fit(noise, VOTES, tmp_path / "h.safetensors", **QUICK, epochs=15)
    assert (done.best_epoch, done.overall.gain) == (0, 0)
    assert "predicts the same for every galaxy" in done.notes[-1]
    table = zoocli.predict(noise, tmp_path / "h.safetensors")
    assert len(set(table["bar-dr5_no"].to_pylist())) == 1
    scores = zoocli.score(table, VOTES)["loss"].to_numpy()
    assert np.mean(scores) == pytest.approx(36, abs=1)


def test_features_need_not_be_centred(tmp_path: Path) -> None:
    """Dropout at zero would be far from every value of these, and nothing would be learned."""
    votes = pa.table({"id": IDS, "label": Z[:, 0]})
    gains = []
    for shift in (0.0, 50.0):
        done = zoocli.fit(
            features(X + shift),
            votes,
            tmp_path / "h",
            loss="mse",
            epochs=60,
            dropout=0.3,
            learning_rate=0.02,
        )
        gains.append(done.overall.gain)
        assert done.best_epoch > 0
    assert gains[1] == pytest.approx(gains[0], rel=0.01) and gains[0] > 0.5 * done.overall.constant


def test_passes_drop_features_to_their_means(tmp_path: Path) -> None:
    """With every feature at its mean there is nothing to drop: all passes are the prediction."""
    votes = pa.table({"id": IDS, "label": Z[:, 0]})
    zoocli.fit(features(X + 50), votes, tmp_path / "h", loss="mse", epochs=5)
    means = read_head(tmp_path / "h").feature_means.numpy()
    table = pa.table({"id": ["middle"]} | {f"feat_{i}": [mean] for i, mean in enumerate(means)})
    once, passes = (
        zoocli.predict(table, tmp_path / "h", **options)["label"][0].as_py()
        for options in ({}, {"samples": 5})
    )
    np.testing.assert_allclose(passes, once, rtol=1e-12)


def test_a_fit_that_ends_too_early_says_so(tmp_path: Path) -> None:
    votes = pa.table({"id": IDS, "label": Z[:, 0]})
    done = zoocli.fit(features(), votes, tmp_path / "h", loss="mse", epochs=2)
    assert done.best_epoch == 2 and "still improving after 2 epochs" in done.notes[-1]
    done = zoocli.fit(features(), votes, tmp_path / "h", loss="mse", epochs=2, hold_out=0)
    assert done.notes == ()  # without galaxies held out the last epoch is always taken


def test_constant_features_get_no_weight(tmp_path: Path) -> None:
    table = features().append_column("feat_4", pa.array(np.full(GALAXIES, 0.1)))
    votes = pa.table({"id": IDS, "label": Z[:, 0]})
    done = zoocli.fit(table, votes, tmp_path / "h", loss="mse", **EVERYTHING)
    assert done.head.linear.weight[0, 4] == 0
    assert done.overall.head < 0.01


def test_lists_and_csv_give_the_same_head(tmp_path: Path) -> None:
    votes = pa.table({"id": IDS, "label": Z[:, 0]})
    x = X.astype(np.float32)
    lists = pa.table({"id": IDS, "x": pa.array(x.tolist(), pa.list_(pa.float32()))})
    text = write(tmp_path / "features.csv", features(x.astype(np.float64)))
    heads = []
    for number, source in enumerate((features(x), lists, text)):
        file = tmp_path / f"{number}"
        zoocli.fit(source, votes, file, loss="mse", epochs=3)
        heads.append(file.read_bytes())
    assert set(heads) == {heads[0]}


def test_a_folded_head_does_the_same_with_features_dropped() -> None:
    objective = ValueObjective(find_loss("mse"), ("p", "q"))
    galaxies = Galaxies(X.astype(np.float32), RANDOM.normal(7, 3, (GALAXIES, 2)))
    scaling = Scaling.of(galaxies, objective)
    head = LinearHead(4, 2)
    mask = np.where(RANDOM.random(X.shape) < 0.5, 0, 2)
    inside = torch.tensor((X * scaling.factor - scaling.middle) * mask, dtype=torch.float32)
    dropped = scaling.mean + (X - scaling.mean) * mask
    expected = head.linear(inside).detach().numpy() * scaling.unit + scaling.origin
    folded = scaling.folded(head, "none")(torch.tensor(dropped, dtype=torch.float32))
    np.testing.assert_allclose(folded.detach().numpy(), expected, rtol=1e-4, atol=1e-3)


def test_a_tree_in_one_call_has_the_losses_of_its_questions() -> None:
    schema = zoocli.load_schema("decals-dr5-ortho")
    loss = find_loss("dirichlet")
    objective = TreeObjective(loss, schema)
    outputs = torch.randn(50, 34, dtype=torch.float64, requires_grad=True)
    votes = torch.randint(0, 9, (50, 34))
    whole = objective.losses(outputs, votes)
    concentrations = 100 * torch.sigmoid(outputs) + 1
    for number, part in enumerate(schema.question_slices):
        expected = loss.function(concentrations[:, part], votes[:, part])
        torch.testing.assert_close(whole[:, number], expected, rtol=1e-13, atol=1e-13)
    (gradient,) = torch.autograd.grad(whole.sum(), outputs)
    assert gradient.isfinite().all()


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"schema": "gz-rings"}, DataError, "no column 'ring_yes"),
    ({"schema": "gz-ringz"}, UsageError, "There is no schema"),
    ({"loss": "focal"}, UsageError, "There is no loss"),
    ({"label": "x"}, UsageError, "does not use label="),
    ({"classes": ["x", "y"]}, UsageError, "does not use classes="),
    ({"loss": "ce"}, DataError, "no column 'label'"),
    ({"loss": "ce", "label": "id_str"}, UsageError, "'id_str' is the id column"),
    ({"loss": "ce", "label": "bar-dr5_strong", "classes": ["0", "1"]}, DataError, "none of the"),
    ({"loss": "mse", "label": "id_str"}, UsageError, "'id_str' is the id column"),
    ({"epochs": 0}, UsageError, "epochs= must be at least 1"),
    ({"batch_size": 0}, UsageError, "batch_size= must be at least 1"),
    ({"dropout": 1}, UsageError, "dropout= must be at least 0 and at most 0.9"),
    ({"hold_out": -0.1}, UsageError, "hold_out= must be at least 0"),
    ({"learning_rate": float("nan")}, UsageError, "learning_rate="),
    ({"seed": -1}, UsageError, "seed="),
    ({"feature": ["a", "a"]}, UsageError, "feature= names 'a' more than once"),
    ({"feature": "y_*"}, DataError, "no column like feature="),
    ({"id": "absent"}, DataError, "no column 'absent'"),
    ({"device": "tpu"}, UsageError, "device="),
    ({"memory_limit": "600.1MB"}, MachineError, "features and votes need about"),
    ({"no_such": 1}, UsageError, "no option 'no_such'"),
    ({"hold_out": 1e-6}, DataError, "too few to hold"),
]


@pytest.mark.parametrize(("options", "kind", "message"), REFUSED)
def test_what_cannot_be_is_refused(
    options: dict[str, Any], kind: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message):
        zoocli.fit(FEATURES, VOTES, tmp_path / "head.safetensors", **options)
    assert list(tmp_path.iterdir()) == []


def test_steps_too_long_are_refused(tmp_path: Path) -> None:
    votes = pa.table({"id": IDS, "label": Z[:, 0]})
    with pytest.raises(UsageError, match="learning_rate="):
        zoocli.fit(features(), votes, tmp_path / "h", loss="mse", learning_rate=1e30)


def test_invalid_votes_and_features_are_refused_with_their_ids(tmp_path: Path) -> None:
    votes = pq.read_table(VOTES)
    column = "bar-dr5_no"
    values = votes[column].to_pylist()
    values[3] = -1
    bad = votes.set_column(votes.column_names.index(column), column, pa.array(values))
    with pytest.raises(DataError, match=f"votes below zero.*'{votes['id_str'][3].as_py()}'"):
        zoocli.fit(FEATURES, bad, tmp_path / "h")
    nan = features(np.where(np.arange(GALAXIES)[:, None] == 7, np.nan, X))
    with pytest.raises(DataError, match=r"missing, NaN or infinite.*'g7'"):
        zoocli.fit(nan, pa.table({"id": IDS, "label": Z[:, 0]}), tmp_path / "h", loss="mse")


def test_ids_that_stand_twice_or_nowhere_are_refused(tmp_path: Path) -> None:
    votes = pa.table({"id": IDS, "label": Z[:, 0]})
    twice = pa.concat_tables([features(), features().slice(5, 1)])
    with pytest.raises(DataError, match=r"1 ids occur more than once.*'g5'"):
        zoocli.fit(twice, votes, tmp_path / "h", loss="mse")
    others = votes.set_column(0, "id", pa.array([f"x{one}" for one in IDS]))
    with pytest.raises(DataError, match="Ids of the votes look like 'xg0'"):
        zoocli.fit(features(), others, tmp_path / "h", loss="mse")


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    head, ids = tmp_path / "h.safetensors", tmp_path / "ids.csv"
    head.write_text("as it was")
    options = ("-o", head, "--held-out-ids", ids, "--epochs", 1)
    votes = SAMPLE / "value-labels.csv"
    done = run("fit", FEATURES, votes, *options, "-l", "mse", "--learning-rate", 1e30)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    assert [file.name for file in tmp_path.iterdir()] == [head.name]
    assert head.read_text() == "as it was"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((FEATURES,), "at least two tables"),
        (("-", "-"), "only once"),
        ((FEATURES, VOTES, "--held-out-ids", "head.safetensors"), "Give them different names"),
        ((FEATURES, "head.safetensors"), "also an input"),
    ],
)
def test_wrong_usage_is_refused(
    arguments: tuple[object, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "head.safetensors").write_bytes(b"")
    done = run("fit", *arguments, "-o", "head.safetensors")
    assert (done.code, message in done.err) == (2, True), done.err


def test_the_report_goes_to_stderr_and_quiet_says_nothing(tmp_path: Path) -> None:
    options = ("fit", FEATURES, VOTES, "-o", tmp_path / "h.safetensors", "--epochs", 1)
    done = done_well(*options)
    assert done.out == ""
    for words in ("constant", "gain", "galaxies held out", "trained on 303 galaxies"):
        assert words in done.err
    assert done_well(*options, "-q").err == ""
