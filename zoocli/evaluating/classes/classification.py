"""The class predicted most against the label.

The numbers are those of `zoocli.evaluating.confusion`. Where several predictions are
equally high the first class is taken; `ties_predicted` counts such galaxies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.classes.galaxies import LabelledGalaxies
from zoocli.evaluating.confusion import Confusion, HalfMatrix
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.intervals import HalfGalaxies
from zoocli.evaluating.metric import Estimate, Key, Metric, Scale
from zoocli.schema.levels import OVERALL

PAPER = Place.PAPER


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


GLOSSARY = {
    "accuracy, balanced accuracy, precision, recall, F1": "Of the most probable class against "
    "the label; ties go to the first. Balanced accuracy: the mean recall of the classes that "
    "occur. F1: the harmonic mean of precision and recall.",
}


class Classification(Family):
    """Of classes."""

    shown = (
        Shown("accuracy", "accuracy", PAPER | Place.INTERVAL | Place.HEADLINE),
        Shown("balanced_accuracy", "balanced", PAPER | Place.HEADLINE, "balanced accuracy"),
        Shown("f1_weighted", "F1 weighted", PAPER),
        Shown("f1_macro", "F1 macro", PAPER | Place.HEADLINE, headline="F1, mean of classes"),
        Shown("precision", "precision", Place.PARTS | Place.INTERVAL),
        Shown("recall", "recall", Place.PARTS | Place.INTERVAL),
        Shown("f1", "F1", Place.PARTS | Place.INTERVAL),
    )
    glossary = GLOSSARY

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The numbers of every class and of all together."""
        return _estimates(_confusion(sums), self._classes)

    def shares(self, sums: AdditiveArrays) -> Mapping[Key, HalfGalaxies]:
        """All of them are shares: what half galaxies do to each."""
        whole = {name: values[:, np.newaxis] for name, values in sums.items()}
        halves = HalfMatrix.of(_confusion(whole), np.zeros(len(self._classes), np.intp))
        return halves.effects(_estimates(halves.confusions(), self._classes))

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The ties."""
        ties = float(sums["classification/ties"][0])
        galaxies = int(sums["classification/confusion"].sum())
        yield Metric(OVERALL, None, "ties_predicted", ties, N=galaxies)


def _confusion(sums: AdditiveArrays) -> Confusion:
    return Confusion(
        *(sums[f"classification/{name}"] for name in ("right", "support", "predicted"))
    )


def _estimates(confusion: Confusion, classes: Sequence[str]) -> Iterator[Estimate]:
    for metric, values in confusion.of_question():
        yield Estimate(OVERALL, None, metric, values, confusion.galaxies, Scale.SHARE)
    for metric, (of_classes, counted) in confusion.of_answers.items():
        for name, values, galaxies in zip(classes, of_classes, counted, strict=True):
            yield Estimate(OVERALL, name, metric, values, galaxies, Scale.SHARE)
