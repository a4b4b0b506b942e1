"""Classification numbers of an evaluation against scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import metrics as sk

from tests.evaluations import (
    SMALL,
    both,
    evaluation_of,
    galaxies_of,
    metrics_of,
    simulated,
    sums_of,
)


def classes(galaxies, question, confident=None):
    """What was voted most and what was predicted most, for the galaxies with votes."""
    votes = galaxies.votes[question.columns]
    n = votes.sum(axis=0)
    chosen = n > 0
    if confident is not None:
        chosen &= votes.max(axis=0) > confident * n
    return (
        votes.argmax(axis=0)[chosen],
        galaxies.predicted[question.columns].argmax(axis=0)[chosen],
    )


@pytest.mark.parametrize("suffix", ["", ":confident"])
@pytest.mark.parametrize("galaxies", both(), ids=lambda galaxies: galaxies.schema.name)
def test_against_scikit_learn(galaxies, suffix):
    metrics = metrics_of(galaxies)
    for question in galaxies.schema.questions:
        true, predicted = classes(galaxies, question, 0.8 if suffix else None)
        if not len(true):
            assert metrics[question.name, None, "accuracy" + suffix].value is None
            continue
        expected = {"accuracy": sk.accuracy_score(true, predicted)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            expected["balanced_accuracy"] = sk.balanced_accuracy_score(true, predicted)
        for average in ("weighted", "macro"):
            found = sk.precision_recall_fscore_support(
                true, predicted, average=average, zero_division=0
            )
            for name, value in zip(("precision", "recall", "f1"), found, strict=False):
                expected[f"{name}_{average}"] = value
        for name, value in expected.items():
            metric = metrics[question.name, None, name + suffix]
            assert metric.value == pytest.approx(value, abs=1e-12), (question.name, name)
        assert len(true) <= metrics[question.name, None, "accuracy"].N
        labels = range(len(question.answers))
        each = sk.precision_recall_fscore_support(
            true, predicted, labels=labels, zero_division=np.nan
        )
        for answer in question.answers:
            place = answer.index - question.columns.start
            for name, values in zip(("precision", "recall", "f1"), each, strict=False):
                value = metrics[question.name, answer.name, name + suffix].value
                assert (np.nan if value is None else value) == pytest.approx(
                    values[place], abs=1e-12, nan_ok=True
                )


@pytest.mark.parametrize("galaxies", both(), ids=lambda galaxies: galaxies.schema.name)
def test_weighted_recall_is_accuracy(galaxies):
    metrics = metrics_of(galaxies)
    for question in galaxies.schema.questions:
        accuracy = metrics[question.name, None, "accuracy"].value
        assert metrics[question.name, None, "recall_weighted"].value == pytest.approx(accuracy)


def test_the_confusion_matrix():
    galaxies = simulated()
    evaluation = evaluation_of(sums_of(galaxies), SMALL)
    for confident in (False, True):
        found = evaluation.confusion_matrices(confident)
        for question in SMALL.questions:
            true, predicted = classes(galaxies, question, 0.8 if confident else None)
            expected = sk.confusion_matrix(true, predicted, labels=range(len(question.answers)))
            assert found[question.name].tolist() == expected.tolist()


def test_ties_go_to_the_first_answer_and_are_counted():
    votes = np.array([[2, 3], [2, 1], [0, 3], [1, 0], [1, 4], [0, 0], [0, 0]])
    concentrations = np.array([[1, 1], [5, 4], [5, 4], [2, 2], [2, 1], [1, 1], [1, 1.0]])
    galaxies = galaxies_of(SMALL, concentrations[np.newaxis], votes)
    evaluation = evaluation_of(sums_of(galaxies), SMALL)
    assert evaluation.confusion_matrices()["shape"].tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 0]]
    metrics = evaluation.by_name
    ties = {
        (question, side): metrics[question, None, f"ties_{side}"].value
        for question in ("shape", "bar", "arms")
        for side in ("observed", "predicted")
    }
    assert ties == {
        ("shape", "observed"): 2,
        ("shape", "predicted"): 2,
        ("bar", "observed"): 1,
        ("bar", "predicted"): 1,
        ("arms", "observed"): 0,
        ("arms", "predicted"): 0,
    }


def test_levels_are_means_over_questions():
    metrics = metrics_of(simulated())
    for metric in ("accuracy", "f1_macro", "balanced_accuracy:confident"):
        values = [metrics[question.name, None, metric].value for question in SMALL.questions]
        assert metrics["overall", None, metric].value == pytest.approx(np.mean(values))
