"""The class predicted most against the label.

The numbers are those of `zoocli.evaluating.confusion`. Where several predictions are
equally high the first class is taken; `ties_predicted` counts such galaxies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.bootstrap import point_sums
from zoocli.evaluating.classes.galaxies import LabelledGalaxies
from zoocli.evaluating.confusion import Confusion, HalfMatrix
from zoocli.evaluating.intervals import HalfGalaxies
from zoocli.evaluating.metric import Estimate, Key, Metric
from zoocli.schema.levels import OVERALL


def features(galaxies: LabelledGalaxies) -> AdditiveArrays:
    """(classes, galaxies): 1 for the label, for the prediction, and where they are the same."""
    classes = np.arange(len(galaxies.predictions))[:, np.newaxis]
    support = (galaxies.labels == classes) & galaxies.valid
    predicted = (galaxies.best == classes) & galaxies.valid
    return {
        "classification/support": support.astype(np.float64),
        "classification/predicted": predicted.astype(np.float64),
        "classification/right": (support & predicted).astype(np.float64),
    }


def collect(galaxies: LabelledGalaxies) -> AdditiveArrays:
    """The confusion matrix (true, predicted), and the ties (1,)."""
    size, valid = len(galaxies.predictions), galaxies.valid
    cells = galaxies.labels[valid] * size + galaxies.best[valid]
    highest = galaxies.predictions == galaxies.predictions.max(axis=0)
    ties = np.count_nonzero((highest.sum(axis=0) > 1) & valid)
    return {
        "classification/confusion": np.bincount(cells, minlength=size**2).reshape(size, size),
        "classification/ties": np.array([ties], np.int64),
    }


def estimates(sums: AdditiveArrays, classes: Sequence[str]) -> Iterator[Estimate]:
    """The numbers of every class and of all together, for sums (rows, replicates)."""
    return _estimates(_confusion(sums), classes)


def shares(sums: AdditiveArrays, classes: Sequence[str]) -> dict[Key, HalfGalaxies]:
    """All of them are shares: what half galaxies do to each."""
    halves = HalfMatrix.of(_confusion(point_sums(sums)), np.zeros(len(classes), np.intp))
    return halves.effects(_estimates(halves.confusions(), classes))


def _confusion(sums: AdditiveArrays) -> Confusion:
    return Confusion(
        *(sums[f"classification/{name}"] for name in ("right", "support", "predicted"))
    )


def _estimates(confusion: Confusion, classes: Sequence[str]) -> Iterator[Estimate]:
    for metric, values in confusion.of_question():
        yield Estimate(OVERALL, None, metric, values, confusion.galaxies)
    for metric, (of_classes, counted) in confusion.of_answers.items():
        for name, values, galaxies in zip(classes, of_classes, counted, strict=True):
            yield Estimate(OVERALL, name, metric, values, galaxies)


def metrics(sums: AdditiveArrays) -> Iterator[Metric]:
    """The ties."""
    ties = float(sums["classification/ties"][0])
    galaxies = int(sums["classification/confusion"].sum())
    yield Metric(OVERALL, None, "ties_predicted", ties, N=galaxies)
