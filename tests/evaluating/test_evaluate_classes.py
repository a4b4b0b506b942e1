"""`zoocli evaluate --loss ce`: classes against labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax
from sklearn import metrics as sklearn

import zoocli
from tests.command import done_well, run, write
from tests.evaluations import assert_same_numbers, left_out, numbers, students_interval
from zoocli.evaluating.classes.result import ClassEvaluation

CLASSES = ["spiral", "elliptical", "[merger]", "never"]
EXACT = {"rel": 1e-9, "abs": 1e-12}


def made_up(galaxies: int = 3000, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Logits that are too sure of themselves; the last class is a label of none."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(galaxies, 4)) * 1.5 + [0.5, 0, -1, -1]
    truth = softmax(logits[:, :3], axis=1).cumsum(axis=1)
    labels = (random.random((galaxies, 1)) > truth).sum(axis=1).clip(0, 2)
    ids = [f"galaxy {number}" for number in range(galaxies)]
    predictions = pd.DataFrame(1.6 * logits, columns=CLASSES)
    predictions.insert(0, "id", ids)
    return predictions, pd.DataFrame({"id": ids, "label": labels})


def evaluate(predictions: pd.DataFrame, labels: pd.DataFrame, **options: Any) -> ClassEvaluation:
    found = zoocli.evaluate(predictions, labels, loss="ce", **options)
    assert isinstance(found, ClassEvaluation)
    return found


def values(found: zoocli.Evaluation) -> dict[tuple[str | None, str], float | None]:
    return {(one.answer, one.metric): one.value for one in found.metrics}


def near(expected: dict[Any, float | None]) -> dict[Any, Any]:
    return {
        name: None if value is None else pytest.approx(value, **EXACT)
        for name, value in expected.items()
    }


def logits_of(predictions: pd.DataFrame) -> np.ndarray:
    return predictions[CLASSES].to_numpy()


def test_every_number_is_that_of_scikit_learn():
    predictions, labels = made_up()
    found = evaluate(predictions, labels)
    of = values(found)
    true, best = labels["label"].to_numpy(), logits_of(predictions).argmax(axis=1)
    probabilities = softmax(logits_of(predictions), axis=1)
    every = list(range(4))
    expected = {
        "loss": sklearn.log_loss(true, probabilities, labels=every),
        "brier": np.square(probabilities - np.eye(4)[true]).sum(axis=1).mean(),
        "accuracy": sklearn.accuracy_score(true, best),
        "balanced_accuracy": np.mean([np.mean(best[true == one] == one) for one in range(3)]),
        "confidence": probabilities.max(axis=1).mean(),
    }
    for average in ("weighted", "macro"):
        of_sklearn = sklearn.precision_recall_fscore_support(
            true, best, average=average, zero_division=0
        )
        for metric, value in zip(("precision", "recall", "f1"), of_sklearn[:3], strict=True):
            expected[f"{metric}_{average}"] = value
    for metric, value in expected.items():
        assert of[None, metric] == pytest.approx(value, **EXACT), metric
        assert len(true) == found.by_name["overall", None, metric].N
    losses = -np.log(probabilities[np.arange(len(true)), true])
    assert of[None, "se"] == pytest.approx(losses.std(ddof=1) / len(true) ** 0.5, **EXACT)
    each = sklearn.precision_recall_fscore_support(true, best, labels=every, zero_division=np.nan)
    for metric, row in zip(("precision", "recall", "f1"), each[:3], strict=True):
        for name, value in zip(CLASSES, row, strict=True):
            expected_value = None if np.isnan(value) else pytest.approx(value, **EXACT)
            assert of[name, metric] == expected_value, (name, metric)
    assert of["never", "recall"] is None and of["never", "precision"] == 0
    assert of[None, "recall_weighted"] == of[None, "accuracy"]
    matrix = sklearn.confusion_matrix(true, best, labels=every)
    assert (found.confusion_matrix == matrix).all() and found.classes == CLASSES


def groups_of(confidence: np.ndarray) -> np.ndarray:
    """The rule, for each galaxy: 1,000 fixed bins, each in the group of its middle's quantile."""
    bins = np.minimum((confidence * 1000).astype(int), 999)
    below = np.array([np.count_nonzero(bins < one) for one in bins])
    inside = np.array([np.count_nonzero(bins == one) for one in bins])
    return np.minimum(((below + inside / 2) * 20 / len(bins)).astype(int), 19)


def test_the_calibration_error_and_the_reliability_follow_the_rule():
    predictions, labels = made_up(800)
    found = evaluate(predictions, labels)
    probabilities = softmax(logits_of(predictions), axis=1)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels["label"].to_numpy()
    groups = groups_of(confidence)
    members = [groups == group for group in np.unique(groups)]
    expected = sum(abs(right[one].mean() - confidence[one].mean()) * one.mean() for one in members)
    assert values(found)[None, "calibration_error"] == pytest.approx(expected, **EXACT)
    curve = found.reliability
    assert curve.galaxies.tolist() == [one.sum() for one in members]
    assert curve.predicted == pytest.approx([confidence[one].mean() for one in members], **EXACT)
    assert curve.observed == pytest.approx([right[one].mean() for one in members], **EXACT)
    differences = [right[one] - confidence[one] for one in members]
    ses = [one.std(ddof=1) / len(one) ** 0.5 for one in differences]
    assert curve.se == pytest.approx(ses, rel=1e-9)
    content = found.to_dict()
    assert content["reliability"]["accuracy"] == curve.observed.tolist()
    assert content["confusion_matrix"]["classes"] == CLASSES


def test_weights_and_smoothing_change_the_loss_alone():
    predictions, labels = made_up(300)
    weights = [1.0, 2.0, 0.5, 4.0]
    plain = values(evaluate(predictions, labels))
    found = evaluate(predictions, labels, class_weights=weights, label_smoothing=0.1)
    of = values(found)
    loss = torch.nn.functional.cross_entropy(
        torch.tensor(logits_of(predictions)),
        torch.tensor(labels["label"].to_numpy()),
        torch.tensor(weights, dtype=torch.float64),
        reduction="none",
        label_smoothing=0.1,
    ).numpy()
    assert of[None, "loss"] == pytest.approx(loss.mean(), **EXACT)
    assert {name for name in of if of[name] != plain[name]} == {(None, "loss"), (None, "se")}
    assert "label_smoothing:0.1|class_weights:1,2,0.5,4" in found.signature


def test_probabilities_are_what_logits_say():
    predictions, labels = made_up(300)
    expected = values(evaluate(predictions, labels))
    predictions[CLASSES] = softmax(logits_of(predictions), axis=1)
    of = values(evaluate(predictions, labels, scale="probabilities"))
    assert of == near(expected)


def test_what_has_no_label_leaves_every_number():
    predictions, labels = made_up(200)
    expected = values(evaluate(predictions[:150], labels[:150]))
    labels["label"] = labels["label"].astype("Int64")
    labels.loc[150:, "label"] = pd.NA
    with pytest.warns(zoocli.ZoocliWarning, match="50 galaxies have a null loss"):
        found = evaluate(predictions, labels)
    assert values(found) == near(expected)
    assert found.matching is not None and found.matching.invalid == 50
    assert {one.N for one in found.metrics if one.answer is None} == {150}


def test_a_prediction_without_a_loss_leaves_and_a_certain_mistake_counts():
    predictions = pd.DataFrame(
        {"id": list("abcd"), "x": [1.0, 0.0, np.nan, 0.8], "y": [0.0, 1.0, 0.5, 0.2]}
    )
    labels = pd.DataFrame({"id": list("abcd"), "label": ["x", "x", "x", "y"]})
    with pytest.raises(zoocli.DataError):
        evaluate(predictions, labels, scale="probabilities")
    with pytest.warns(zoocli.ZoocliWarning, match="2 galaxies"):
        found = evaluate(predictions, labels, scale="probabilities", on_invalid="null")
    assert found.by_name["overall", None, "accuracy"].N == 3  # b is wrong, though its loss is null
    assert found.by_name["overall", None, "accuracy"].value == pytest.approx(1 / 3)
    assert found.by_name["overall", None, "loss"].N == 2
    assert found.by_name["overall", None, "brier"].value == pytest.approx((0 + 2 + 1.28) / 3)


def test_no_galaxies_have_no_numbers():
    predictions, labels = made_up(5)
    labels["label"] = pd.array([None] * 5, "Int64")
    with pytest.warns(zoocli.ZoocliWarning):
        found = evaluate(predictions, labels)
    for one in found.metrics:
        assert one.N == 0 and one.low is one.high is None
        assert one.value == (0 if one.metric == "ties_predicted" else None)
    assert len(found.reliability.galaxies) == 0
    json.dumps(found.to_dict(), allow_nan=False)


def test_ties_go_to_the_first_class_and_are_counted():
    predictions = pd.DataFrame({"id": list("ab"), "x": [3.0, 1.0], "y": [3.0, 2.0]})
    found = evaluate(predictions, pd.DataFrame({"id": list("ab"), "label": ["y", "y"]}))
    assert values(found)[None, "ties_predicted"] == 1
    assert found.confusion_matrix.tolist() == [[0, 0], [1, 1]]


def accuracy_of(matrix: np.ndarray) -> float:
    return float(np.trace(matrix) / matrix.sum())


def f1_macro_of(matrix: np.ndarray) -> float:
    true, best = (axis.ravel() for axis in np.indices(matrix.shape))
    cells = matrix.ravel()
    return sklearn.f1_score(true, best, sample_weight=cells, average="macro", zero_division=0)


def wilson_of(
    of_cells: Callable[[np.ndarray], float], matrix: np.ndarray, without: list[np.ndarray]
) -> list[float]:
    """Wilson's interval, with the effective number of galaxies of docs/evaluation.md."""
    size = len(matrix)
    halves = np.where(np.eye(size), 0.5, 0.5 / (size - 1)) * (matrix.sum(axis=1, keepdims=True) > 0)
    share, smoothed = of_cells(matrix), of_cells(matrix + halves)
    changes = [of_cells(matrix + one.reshape(size, size)) - share for one in np.eye(size**2)]
    others = np.array([of_cells(one) for one in without])
    m = len(others)
    variance = np.sum((others - others.mean()) ** 2) * m / (m - 1)
    variance += halves.ravel() @ np.square(changes)
    n, z = smoothed * (1 - smoothed) / variance, 1.959963984540054
    reach = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return [(share + z**2 / (2 * n) + side * reach) / (1 + z**2 / n) for side in (-1, 1)]


def test_intervals_are_those_of_the_jackknife():
    predictions, labels = made_up(400)
    found = evaluate(predictions, labels, seed=7)
    kept = left_out(predictions["id"].tolist(), 7)
    probabilities = softmax(logits_of(predictions), axis=1)
    best = probabilities.argmax(axis=1)
    true = labels["label"].to_numpy()
    brier = np.square(probabilities - np.eye(probabilities.shape[1])[true]).sum(axis=1)
    one = found.by_name["overall", None, "brier"]
    without = [brier[rows].mean() for rows in kept]
    expected = students_interval(brier.mean(), without, np.log, np.exp)
    assert [one.low, one.high] == pytest.approx(expected, rel=1e-9)
    matrix = sklearn.confusion_matrix(true, best).astype(float)
    matrices = [sklearn.confusion_matrix(true[rows], best[rows]).astype(float) for rows in kept]
    for metric, of_cells, close in (
        ("accuracy", accuracy_of, {"rel": 1e-9}),
        ("f1_macro", f1_macro_of, {"rel": 1e-3}),  # labels and predictions nearly independent
    ):
        one = found.by_name["overall", None, metric]
        expected = wilson_of(of_cells, matrix, matrices)
        assert [one.low, one.high] == pytest.approx(expected, **close)
    one = found.by_name["overall", None, "calibration_error"]
    assert one.value is not None
    assert one.low == pytest.approx(max(2 * one.value - one.high, 0.0), abs=1e-12)
    assert one.low < one.value < one.high


def test_the_debiased_calibration_error_of_the_truth_is_small():
    """And the plain one is large where galaxies are few."""
    random = np.random.default_rng(4)
    plain, debiased = [], []
    for seed in range(40):
        probabilities = random.dirichlet([2.0, 1.0, 1.0], 50)
        label = [random.choice(3, p=one) for one in probabilities]
        ids = [f"{seed}-{number}" for number in range(50)]
        predictions = pd.DataFrame({"id": ids} | dict(zip("xyz", probabilities.T, strict=True)))
        labels = pd.DataFrame({"id": ids, "label": np.array(list("xyz"))[label]})
        found = evaluate(predictions, labels, scale="probabilities").by_name
        plain.append(found["overall", None, "calibration_error"].value)
        debiased.append(found["overall", None, "calibration_error_debiased"].value)
    assert np.mean(plain) > 0.15
    assert np.median(debiased) < 0.1


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions and labels, the predictions also shuffled and in three parts."""
    folder = tmp_path_factory.mktemp("classes")
    predictions, labels = made_up(900)
    labels["label"] = np.array(CLASSES)[labels["label"]]
    labels.loc[::50, "label"] = None
    predictions.to_parquet(folder / "predictions.parquet")
    labels.to_parquet(folder / "labels.parquet")
    shuffled = predictions.sample(frac=1, random_state=0)
    shuffled.to_csv(folder / "shuffled.csv", index=False)
    for part in range(3):
        shuffled[300 * part : 300 * part + 300].to_parquet(folder / f"part-{part}.parquet")
    return folder


def command(data: Path, *arguments: object, predictions: str = "predictions.parquet") -> str:
    files = (data / predictions, data / "labels.parquet")
    options = ("-l", "ce", "-q")
    return done_well("evaluate", *files, *options, *arguments).out


@pytest.mark.parametrize(
    ("predictions", "options"),
    [
        ("shuffled.csv", ()),
        ("predictions.parquet", ("--batch-size", 37, "--threads", 3)),
        ("predictions.parquet", ("--threads", 1)),
    ],
)
def test_neither_order_nor_batches_nor_threads_change_a_number(data, predictions, options):
    expected = command(data, "--format", "csv")
    assert_same_numbers(
        command(data, "--format", "csv", *options, predictions=predictions), expected
    )


def test_merged_parts_are_the_whole(data, tmp_path):
    for part in range(3):
        command(data, "-o", tmp_path / f"{part}", predictions=f"part-{part}.parquet")
    folders = [tmp_path / f"{part}" for part in (2, 0, 1)]
    merged = done_well("merge", *folders, "-q", "--format", "csv").out
    assert_same_numbers(merged, command(data, "--format", "csv"))
    content = json.loads(done_well("merge", *folders, "-q", "--format", "json").out)
    whole = json.loads(command(data, "--format", "json"))
    for name in ("signature", "matching", "confusion_matrix", "settings"):
        assert content[name] == whole[name]
    command(data, "-o", tmp_path / "x", "--label-smoothing", 0.1, predictions="part-0.parquet")
    done = run("merge", tmp_path / "x", tmp_path / "1")
    assert done.code == 3 and "label_smoothing" in done.err


def test_the_directory_and_the_tables(data, tmp_path):
    assert command(data, "-o", tmp_path / "out") == ""
    table = command(data)
    for word in ("accuracy", "Brier", "[merger]", "precision", "loss:cross-entropy"):
        assert word in table
    assert (tmp_path / "out" / "table.md").read_text() == command(data, "--format", "markdown")
    latex = (tmp_path / "out" / "table.tex").read_text()
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 3
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert content["schema"] is None and content["matching"]["invalid"] == 18
    assert np.sum(content["confusion_matrix"]["counts"]) == 882
    found = numbers((tmp_path / "out" / "metrics.csv").read_text())
    for one in content["metrics"]:
        key = (one["question"], one["answer"] or "", one["metric"])
        assert found[key] == [one[name] for name in ("value", "low", "high", "N")]
    summary = json.loads(
        done_well(
            *("score", data / "predictions.parquet", data / "labels.parquet"),
            *("-l", "ce", "-q", "--summary", "-"),
        ).out
    )
    assert found["overall", "", "loss"][0] == pytest.approx(summary["overall"]["mean"], rel=1e-12)
    assert found["overall", "", "se"][0] == pytest.approx(summary["overall"]["se"], rel=1e-12)


@pytest.mark.parametrize(
    "option",
    [
        ("--profile", "zoobot"),
        ("--min-votes", 1),
        ("--min-root-votes", 0),
        ("--min-share-asked", 0),
        ("--min-path-fraction", 0),
        ("--confident", 0.8),
        ("--schema", "desi"),
    ],
)
@pytest.mark.parametrize("loss", ["ce", "mse", "l1"])
def test_what_is_for_decision_trees_is_refused(data, loss, option):
    files = (data / "predictions.parquet", data / "labels.parquet")
    done = run("evaluate", *files, "-l", loss, *option)
    assert done.code == 2 and done.out == ""
    assert f"does not use {option[0]}" in done.err


def test_what_is_for_classes_is_refused_elsewhere(data, tmp_path):
    files = (data / "predictions.parquet", data / "labels.parquet")
    assert run("evaluate", *files, "--label", "label").code == 2
    assert run("evaluate", *files, "-l", "mse", "--scale", "logits").code == 2
    assert run("evaluate", *files, "-l", "cee").code == 2
    write(tmp_path / "p.csv", {"id": ["a"], "x": [0.5], "y": [0.5]})
    write(tmp_path / "v.csv", {"id": ["a"], "label": ["x"]})
    done = run("evaluate", tmp_path / "p.csv", tmp_path / "v.csv", "-l", "ce")
    assert done.code == 3 and "--scale" in done.err


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 12.0])
def test_separation_is_that_of_scikit_learn_to_the_bins(sharpness: float):
    """Sharp predictions crowd within 1e-5 of 0 and 1, where equal bins of p would be one."""
    predictions, labels = made_up()
    predictions[CLASSES] *= sharpness
    of = values(evaluate(predictions, labels))
    true = labels["label"].to_numpy()
    logits = logits_of(predictions)
    # ln(p / (1 - p)), which does not round to one number where p rounds to 1
    others = [np.delete(logits, one, axis=1) for one in range(4)]
    orders = [logits[:, one] - np.logaddexp.reduce(others[one], axis=1) for one in range(4)]
    aucs, precisions = [], []
    for one, name in enumerate(CLASSES[:3]):
        aucs.append(sklearn.roc_auc_score(true == one, orders[one].clip(-32, 32)))
        precisions.append(sklearn.average_precision_score(true == one, orders[one].clip(-32, 32)))
        assert of[name, "roc_auc"] == pytest.approx(aucs[-1], abs=1e-3)
        assert of[name, "average_precision"] == pytest.approx(precisions[-1], abs=1e-3)
    assert of["never", "roc_auc"] is of["never", "average_precision"] is None
    assert of[None, "roc_auc"] == pytest.approx(np.mean(aucs), abs=1e-3)
    assert of[None, "average_precision"] == pytest.approx(np.mean(precisions), abs=1e-3)


def test_intervals_of_separation_hold():
    """Of 100 samples from one population, most intervals hold its number."""
    predictions, labels = made_up(40_000, seed=7)
    truth = values(evaluate(predictions, labels))
    held = {"roc_auc": 0, "average_precision": 0}
    for sample in range(100):
        rows = slice(400 * sample, 400 * (sample + 1))
        found = evaluate(predictions[rows], labels[rows]).by_name
        for metric in held:
            one = found["overall", "spiral", metric]
            held[metric] += one.low <= truth["spiral", metric] <= one.high
    assert min(held.values()) >= 88  # 95 expected; 3 standard deviations


def test_reliability_of_each_class():
    predictions, labels = made_up()
    found = evaluate(predictions, labels)
    probabilities = softmax(logits_of(predictions), axis=1)
    for one in range(4):
        curve = found.reliability_of(one)
        assert curve is not None and curve.galaxies.sum() == len(labels)
        mean = np.average(curve.predicted, weights=curve.galaxies)
        assert mean == pytest.approx(probabilities[:, one].mean(), rel=1e-12)
        share = np.average(curve.observed, weights=curve.galaxies)
        assert share == pytest.approx((labels["label"] == one).mean(), rel=1e-12)


def test_very_many_classes_have_no_separation():
    ids = ["a", "b", "c"]
    logits = pd.DataFrame(np.eye(3, 201), columns=[f"class {number}" for number in range(201)])
    logits.insert(0, "id", ids)
    labels = pd.DataFrame({"id": ids, "label": [0, 1, 2]})
    found = evaluate(logits, labels, scale="logits")
    assert found.by_name["overall", None, "accuracy"].value == 1.0
    assert ("overall", None, "roc_auc") not in found.by_name
    assert found.ranking(0) is found.reliability_of(0) is None
