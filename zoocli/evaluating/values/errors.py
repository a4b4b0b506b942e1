"""How far predicted values are from the true ones.

Per target, over the galaxies that have both, with the prediction p and the true value y:

- bias = mean(p - y); mae = mean|p - y|; rmse = sqrt(mean (p - y)^2);
- r2 = 1 - sum (p - y)^2 / sum (y - mean y)^2, absent where all y are equal;
- pearson: the correlation of p and y, absent where all p or all y are equal.

Squares are summed about a central label (`centres_of`), so that a large common offset
costs no digits. What spreads by less than 3e-5 of its distance from there counts as equal, since
its digits are lost. Overall: the mean over the targets that have the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.metric import (
    Estimate,
    Scale,
    centred_squares,
    divide,
    mean_of_present,
)
from zoocli.evaluating.values.galaxies import ValuedGalaxies
from zoocli.foundation.arrays import Floats
from zoocli.schema.levels import OVERALL

TABLES = Place.PAPER | Place.ROWS
SCALES = {
    "bias": Scale.PLAIN,
    "mae": Scale.LOG,
    "rmse": Scale.LOG,
    "r2": Scale.LOG_REST,
    "pearson": Scale.ATANH,
}
RESOLVED = 1e-9  # of the mean square about the centre: a variance has less than seven digits below


def features(galaxies: ValuedGalaxies) -> AdditiveArrays:
    """What is summed, per target and galaxy; 0 where not valid."""
    valid, residuals = galaxies.valid, galaxies.residuals
    centres = galaxies.centres[:, np.newaxis]
    with np.errstate(invalid="ignore", over="ignore"):
        predicted = np.where(valid, galaxies.predicted - centres, 0.0)
        labels = np.where(valid, galaxies.labels - centres, 0.0)
        return {
            "errors/galaxies": valid.astype(np.float64),
            "errors/any_target": np.any(valid, axis=0, keepdims=True).astype(float),
            "errors/predicted": predicted,
            "errors/labels": labels,
            "errors/predicted_squares": np.square(predicted),
            "errors/label_squares": np.square(labels),
            "errors/products": predicted * labels,
            "errors/residuals": residuals,
            "errors/absolute": np.abs(residuals),
            "errors/squares": np.square(residuals),
        }


def rows(targets: Sequence[str]) -> list[tuple[str, list[int]]]:
    """What numbers are about: a name, and the positions of its targets.

    >>> rows(["mass"]), rows(["mass", "age"])
    ([('overall', [0])], [('overall', [0, 1]), ('mass', [0]), ('age', [1])])
    """
    every = [(OVERALL, list(range(len(targets))))]
    single = [(name, [position]) for position, name in enumerate(targets)]
    return every + (single if len(targets) > 1 else [])


def by_row(
    targets: Sequence[str],
    found: Mapping[str, Floats],
    galaxies: Floats,
    any_target: Floats,
    scales: Mapping[str, Scale],
) -> Iterator[Estimate]:
    """The numbers of each row: the mean of those of its targets.

    `found`: each metric (targets, 1 + buckets), as are `galaxies`; `any_target` (1, 1 + buckets):
    the galaxies that have numbers for some target.
    """
    for name, members in rows(targets):
        N = galaxies[members[0]] if len(members) == 1 else any_target[0]
        for metric, values in found.items():
            mean = mean_of_present(values[members])
            yield Estimate(name, None, metric, mean, N, scales[metric])


GLOSSARY = {
    "bias, MAE, RMSE": "The mean of predicted - true, the mean of its absolute value, and its "
    "root mean square.",
    "R2, Pearson": "1 minus the sum of squared residuals divided by that of the true values "
    "about their mean; the correlation of predicted and true values.",
}


class Errors(Family):
    """Of the targets."""

    shown = (
        Shown("bias", "bias", TABLES | Place.INTERVAL | Place.HEADLINE),
        Shown("mae", "MAE", TABLES | Place.HEADLINE),
        Shown("rmse", "RMSE", TABLES | Place.INTERVAL | Place.HEADLINE),
        Shown("r2", "R2", TABLES | Place.HEADLINE),
        Shown("pearson", "Pearson", TABLES),
    )
    glossary = GLOSSARY

    def __init__(self, targets: Sequence[str]) -> None:
        self._targets = targets

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The numbers of every target and overall."""
        counts = sums["errors/galaxies"], sums["errors/any_target"]
        yield from by_row(self._targets, numbers_of(sums), *counts, SCALES)


def numbers_of(sums: AdditiveArrays) -> dict[str, Floats]:
    """Every metric (targets, 1 + buckets)."""
    galaxies, predicted, labels, squares = (
        sums[f"errors/{name}"] for name in ("galaxies", "predicted", "labels", "squares")
    )
    with np.errstate(invalid="ignore", over="ignore"):
        predicted_spread = centred_squares(
            sums["errors/predicted_squares"], predicted, galaxies, RESOLVED
        )
        label_spread = centred_squares(sums["errors/label_squares"], labels, galaxies, RESOLVED)
        covariance = sums["errors/products"] - predicted * divide(labels, galaxies)
        # The root of each, since their product may pass the largest number.
        spread = np.sqrt(predicted_spread) * np.sqrt(label_spread)
        return {
            "bias": divide(sums["errors/residuals"], galaxies),
            "mae": divide(sums["errors/absolute"], galaxies),
            "rmse": np.sqrt(divide(squares, galaxies)),
            "r2": 1 - divide(squares, label_spread),
            "pearson": divide(covariance, spread).clip(-1.0, 1.0),
        }
