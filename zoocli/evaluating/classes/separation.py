"""How well the probability of each class tells its galaxies from all others.

A galaxy is a case: for a class c, positive where the label is c and else negative, with the
predicted probability p_c (`zoocli.evaluating.ranking`). Together: the mean over the classes that
have the number ("macro"). Probabilities crowd near 0 and 1, so p_c is known by 4,096 equal bins of
arsinh(z / 2), z = ln(p / (1 - p)) from -32 to 32: 0.001 wide in p around 1/2, some per cent of p
near 0. Galaxies of one bin are ties, which changes a number by less than 1e-3. Intervals come from
the same numbers with 64 bins.

The same bins give the reliability of each p_c: its mean against the share of galaxies whose label
is c. None of it is computed for more than 200 classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import COARSE, Binned, coarsened
from zoocli.evaluating.classes.galaxies import LabelledGalaxies
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.metric import Estimate, Scale, mean_of_present
from zoocli.evaluating.ranking import NEGATIVE, POSITIVE, Ranking, shifted
from zoocli.evaluating.reliability import ReliabilityCurve, reliability_curve
from zoocli.foundation.arrays import Floats
from zoocli.schema.levels import OVERALL

BINS, COARSE_BINS = 4096, 64
LOGITS = 32.0  # the bins reach from -LOGITS to LOGITS
SCALE = 2.0
REACH = np.arcsinh(LOGITS / SCALE)
MOST_CLASSES = 200
SIDES = 2  # for and against

Bins = npt.NDArray[np.intp]


def bins_of(probabilities: Floats, bins: int = BINS) -> Bins:
    """The bin of each probability, from 0 up.

    >>> bins_of(np.array([0.0, 1e-20, 0.5, 0.51, 0.6, 1.0])).tolist()
    [0, 0, 2048, 2059, 2166, 4095]
    """
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities) - np.log1p(-probabilities)
    stretched = np.arcsinh(logits.clip(-LOGITS, LOGITS) / SCALE)
    places = (stretched + REACH) * (bins / (2 * REACH))
    found: Bins = np.minimum(places.astype(np.intp), bins - 1)
    return found


def _cases(galaxies: LabelledGalaxies) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(classes, valid galaxies): the probability of the class, and whether it is the label."""
    probabilities = np.clip(galaxies.probabilities[:, galaxies.valid], 0.0, 1.0)
    labels = galaxies.labels[galaxies.valid]
    return probabilities, labels == np.arange(len(probabilities))[:, np.newaxis]


def features(galaxies: LabelledGalaxies) -> dict[str, Floats | Binned]:
    """Whether a galaxy counts (1, galaxies), and its cases by class, coarse bin and side."""
    if len(galaxies.probabilities) > MOST_CLASSES:
        return {}
    probabilities, positive = _cases(galaxies)
    places = _places(bins_of(probabilities, COARSE_BINS), positive, COARSE_BINS).ravel()
    which = np.tile(np.flatnonzero(galaxies.valid), len(probabilities))
    size = len(probabilities) * COARSE_BINS * SIDES
    return {
        "separation/galaxies": galaxies.valid[np.newaxis].astype(np.float64),
        "separation/cases": Binned(places, np.ones(len(places)), size, which),
    }


def collect(galaxies: LabelledGalaxies) -> AdditiveArrays:
    """By class and bin: galaxies for and against, and sums of p and of (y - p) squared."""
    if len(galaxies.probabilities) > MOST_CLASSES:
        return {}
    probabilities, positive = _cases(galaxies)
    classes = len(probabilities)
    bins = bins_of(probabilities)
    cases = np.bincount(_places(bins, positive, BINS).ravel(), minlength=classes * BINS * SIDES)
    flat = (np.arange(classes)[:, np.newaxis] * BINS + bins).ravel()
    terms = probabilities, np.square(positive - probabilities)
    sums = [np.bincount(flat, values.ravel(), classes * BINS) for values in terms]
    return {
        "separation/all_cases": cases.reshape(classes, BINS, SIDES),
        "separation/sums": np.stack(sums, axis=1).reshape(classes, BINS, 2).astype(np.float64),
    }


def _places(bins: Bins, positive: npt.NDArray[np.bool_], size: int) -> Bins:
    """The place of each case in an array (classes, bins, sides)."""
    classes = np.arange(len(bins))[:, np.newaxis]
    sides = np.where(positive, POSITIVE, NEGATIVE)
    return (classes * size + bins) * SIDES + sides


GLOSSARY = {
    "ROC AUC, average precision": "Of each class against all others: the probability that a "
    "galaxy of the class has a higher p than another, and the area below purity (precision) "
    "against completeness (recall). Together: the mean over the classes.",
}


class Separation(Family):
    """Of each class from all others, and the mean over the classes."""

    shown = (
        Shown("roc_auc", "ROC AUC", Place.PAPER | Place.PARTS | Place.HEADLINE),
        Shown("average_precision", "average precision", Place.PAPER | Place.PARTS),
    )
    glossary = GLOSSARY

    def __init__(self, classes: Sequence[str], sums: AdditiveArrays) -> None:
        self._classes, self._whole = classes, sums

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The numbers of every class, and their means."""
        if "separation/all_cases" not in self._whole:
            return
        exact = Ranking(self._whole["separation/all_cases"])
        shape = (len(self._classes), COARSE_BINS, SIDES, 1 + COARSE)
        coarse = Ranking(np.moveaxis(sums["separation/cases"].reshape(shape), -1, 1))
        galaxies = coarsened(sums["separation/galaxies"])[0]
        for metric in ("roc_auc", "average_precision"):
            values = shifted(getattr(exact, metric), getattr(coarse, metric))
            mean = mean_of_present(values)
            yield Estimate(OVERALL, None, metric, mean, galaxies, Scale.LOG_REST)
            for name, of_class in zip(self._classes, values, strict=True):
                yield Estimate(OVERALL, name, metric, of_class, galaxies, Scale.LOG_REST)


def ranking(sums: AdditiveArrays, position: int) -> Ranking | None:
    """The cases of one class; None where there are too many classes."""
    if "separation/all_cases" not in sums:
        return None
    return Ranking(sums["separation/all_cases"][position])


def reliability(sums: AdditiveArrays, position: int) -> ReliabilityCurve | None:
    """The probability of one class against the share of its galaxies, in groups."""
    if "separation/all_cases" not in sums:
        return None
    cases = sums["separation/all_cases"][position]
    predicted, squares = sums["separation/sums"][position].T
    observed = cases[:, POSITIVE].astype(np.float64)
    return reliability_curve(cases.sum(axis=-1), np.stack([predicted, observed, squares], axis=1))
