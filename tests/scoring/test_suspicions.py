"""Inputs that can be read and are probably not what was meant, on both sides and for all losses."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import zoocli
from zoocli.errors import DataError

N = 400
IDS = [f"g{number}" for number in range(N)]
RANDOM = np.random.default_rng(5)
YES = RANDOM.uniform(1.5, 60.0, N)
VOTES = RANDOM.integers(0, 30, (2, N))


def rings(yes: object, no: object, **more: object) -> pa.Table:
    return pa.table({"id": IDS, "ring_yes": yes, "ring_no": no, **more})


PREDICTIONS, COUNTS = rings(YES, YES[::-1]), rings(*VOTES)


def notes(*tables: pa.Table, **options: object) -> str:
    with pytest.warns(zoocli.ZoocliWarning) as caught:
        zoocli.score(*tables, **options)
    return " ".join(str(one.message) for one in caught)


@pytest.mark.parametrize("whole", [1.0, 100.0])
def test_fractions_are_no_concentrations(whole: float) -> None:
    share = YES / (YES + YES[::-1])
    fractions = rings(np.round(whole * share, 3), np.round(whole * (1 - share), 3))
    for refused in (lambda: zoocli.score(fractions, COUNTS), lambda: zoocli.catalog(fractions)):
        with pytest.raises(DataError, match="are fractions, not concentrations"):
            refused()
    zoocli.score(rings(share + 1, 1 - share), COUNTS)


def test_fractions_are_no_votes_and_are_never_rounded() -> None:
    share = VOTES[0] / VOTES.sum(axis=0).clip(1)
    for options in ({}, {"on_fractional": "round"}):
        with pytest.raises(DataError, match="fractions between 0 and 1") as caught:
            zoocli.score(PREDICTIONS, rings(share, 1 - share), **options)
        assert "on_fractional" not in str(caught.value)


def test_swapped_tables() -> None:
    with pytest.raises(DataError, match=r"look swapped.*Give the predictions first"):
        zoocli.score(COUNTS, PREDICTIONS)


def test_votes_that_the_tree_does_not_use() -> None:
    more = rings(*VOTES, ring_perhaps=np.ones(N, int), ring_yes_raw=VOTES[0], ring_prediction=IDS)
    said = notes(PREDICTIONS, more)
    assert f"{N} of {N + VOTES.sum():,} votes for 'ring'" in said
    assert "'ring_perhaps'." in said and "raw" not in said


def test_an_answer_that_nobody_gave() -> None:
    assert "Nobody voted for 'ring_no'" in notes(PREDICTIONS, rings(VOTES[0], np.zeros(N, int)))


@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_sentinels_are_noted_and_can_be_named(loss: str) -> None:
    values = np.where(np.arange(N) < 7, -9999.0, RANDOM.normal(size=N))
    predictions = pa.table({"id": IDS, "z": RANDOM.normal(size=N)})
    labels = pa.table({"id": IDS, "z": values})
    options = {"loss": loss, "label": "z"}
    assert "'z' of the votes is -9999 in 7 rows" in notes(predictions, labels, **options)
    assert "7 galaxies have a null loss" in notes(predictions, labels, **options, null_value=-9999)


CLASSES = RANDOM.dirichlet(np.ones(3), N)
LABELS = RANDOM.integers(0, 3, N)
LOSS = -np.log(CLASSES[np.arange(N), LABELS])


def classified(names: list[str], order: list[int], **more: object) -> pa.Table:
    return pa.table({"id": IDS, **more, **{names[n]: CLASSES[:, n] for n in order}})


def mean_loss(predictions: pa.Table, labels: pa.Table, **options: object) -> float:
    options = {"loss": "ce", "scale": "probabilities", **options}
    scores = zoocli.score(predictions, labels, **options)
    return float(np.mean(scores["loss"].to_numpy()))


NUMBERED = ["class_0", "class_1", "class_2"]
NAMED = ["disk", "smooth", "other"]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_classes_have_the_numbers_in_their_names(order: list[int]) -> None:
    labels = pa.table({"id": IDS, "label": LABELS})
    for ending in ("", "_pred"):
        predictions = classified([name + ending for name in NUMBERED], order)
        assert mean_loss(predictions, labels) == pytest.approx(LOSS.mean(), rel=1e-12)


def test_labels_by_name_without_the_ending_of_the_predictions() -> None:
    labels = pa.table({"id": IDS, "label": [NAMED[label] for label in LABELS]})
    predictions = classified([f"{name}_pred" for name in NAMED], [2, 0, 1])
    assert mean_loss(predictions, labels) == pytest.approx(LOSS.mean(), rel=1e-12)
    wrong = pa.table({"id": IDS, "label": ["Disk"] * N})
    with pytest.raises(DataError, match=r"'other', 'disk', 'smooth'.*'g0 \(Disk\)'"):
        mean_loss(predictions, wrong)


def test_one_hot_labels() -> None:
    columns = {name: (number == LABELS).astype(int) for number, name in enumerate(NAMED)}
    labels = pa.table({"id": IDS, **columns})
    assert mean_loss(classified(NAMED, [0, 1, 2]), labels) == pytest.approx(LOSS.mean(), rel=1e-12)


def test_labels_and_text_are_never_classes() -> None:
    table = classified(NUMBERED, [0, 1, 2], label=LABELS, pred=LABELS, survey=["x"] * N)
    with pytest.warns(zoocli.ZoocliWarning, match="The classes are the columns 'class_0'"):
        assert mean_loss(table, table) == pytest.approx(LOSS.mean(), rel=1e-12)


@pytest.mark.parametrize("truths", [[False, True], ["False", "TRUE"], [0, 1], [0.0, 1.0]])
def test_one_probability_of_two_classes(truths: list[object]) -> None:
    second = LABELS == 1
    labels = pa.table({"id": IDS, "ring": [truths[int(one)] for one in second]})
    predictions = pa.table({"id": IDS, "ring_pred": CLASSES[:, 1]})
    expected = -np.log(np.where(second, CLASSES[:, 1], 1 - CLASSES[:, 1])).mean()
    with pytest.warns(zoocli.ZoocliWarning, match="0 is 'not ring', 1 is 'ring'"):
        found = mean_loss(predictions, labels, label="ring")
    assert found == pytest.approx(expected, rel=1e-12)


def test_percentages_are_asked_about() -> None:
    percent = pa.table({"id": IDS} | {n: 100 * CLASSES[:, i] for i, n in enumerate(NAMED)})
    with pytest.raises(DataError, match="look like percentages"):
        mean_loss(percent, pa.table({"id": IDS, "label": LABELS}), scale=None)


def test_passes_are_averaged() -> None:
    passes = {
        name: [[value - 0.001, value + 0.001] for value in CLASSES[:, number]]
        for number, name in enumerate(NAMED)
    }
    labels = pa.table({"id": IDS, "label": LABELS})
    with pytest.warns(zoocli.ZoocliWarning, match="mean of its 2 passes"):
        assert mean_loss(pa.table({"id": IDS, **passes}), labels) == pytest.approx(LOSS.mean())
