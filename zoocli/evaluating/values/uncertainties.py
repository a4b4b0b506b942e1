"""How good the uncertainties are that come with predicted values.

Each prediction p has a standard deviation s. Per target, over the galaxies that have p, s and the
true value y, with the pull t = (p - y) / s:

- pull_mean, pull_width: the mean of t, and sqrt(mean t^2 - (mean t)^2); 0 and 1 where the
  uncertainties are right, a width above 1 where they are too small;
- coverage_68, coverage_95: the share of galaxies with |t| below 1 (68.3 % of a normal distribution)
  and below 1.96 (95 %);
- crps: the mean continuous ranked probability score of the normal distribution N(p, s^2), in the
  units of the target, s (t (2 Phi(t) - 1) + 2 phi(t) - 1 / sqrt(pi)), which is |p - y| where s is 0
  (Gneiting & Raftery 2007, doi:10.1198/016214506000001437).

Overall, with several targets: the mean over those that have the number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.intervals import DEVIATIONS
from zoocli.evaluating.metric import (
    Estimate,
    Scale,
    centred_squares,
    divide,
)
from zoocli.evaluating.values.errors import by_row
from zoocli.evaluating.values.galaxies import ValuedGalaxies
from zoocli.foundation.arrays import Floats

PREFIX = "uncertainties"
ROUNDING = 1e-13
TABLES = Place.PAPER | Place.ROWS
SCALES = {
    "pull_mean": Scale.PLAIN,
    "pull_width": Scale.LOG,
    "coverage_68": Scale.SHARE,
    "coverage_95": Scale.SHARE,
    "crps": Scale.LOG,
}


def features(galaxies: ValuedGalaxies, sigmas: Floats) -> AdditiveArrays:
    """(targets, galaxies): what is summed, 0 where not all three exist.

    `sigmas` (targets, galaxies) are positive, or NaN.
    """
    valid = galaxies.valid & ~np.isnan(sigmas)
    spread = np.where(valid, sigmas, 1.0)
    with np.errstate(over="ignore"):
        pulls = np.where(valid, galaxies.residuals / spread, 0.0)
        return {
            f"{PREFIX}/galaxies": valid.astype(np.float64),
            f"{PREFIX}/any_target": np.any(valid, axis=0, keepdims=True).astype(np.float64),
            f"{PREFIX}/pulls": pulls,
            f"{PREFIX}/squares": np.square(pulls),
            f"{PREFIX}/within_68": (valid & (np.abs(pulls) < 1.0)).astype(np.float64),
            f"{PREFIX}/within_95": (valid & (np.abs(pulls) < DEVIATIONS)).astype(np.float64),
            f"{PREFIX}/crps": np.where(valid, spread * _crps_of_pull(pulls), 0.0),
        }


def _crps_of_pull(pulls: Floats) -> Floats:
    """The score for a standard deviation of 1."""
    import torch

    error_function = torch.special.erf(torch.from_numpy(pulls / math.sqrt(2.0))).numpy()
    density = np.exp(-np.square(pulls) / 2) / math.sqrt(2 * math.pi)
    score: Floats = pulls * error_function + 2 * density - 1 / math.sqrt(math.pi)
    return score


GLOSSARY = {
    "pull, width": "The mean and the standard deviation of (predicted - true) / s, s the "
    "predicted standard deviation: 0 and 1 where s is right.",
    "within 1 s, 1.96 s, CRPS": "The share of galaxies that are nearer than that (0.683 and "
    "0.950 expected), and the continuous ranked probability score of a normal distribution, in "
    "the units of the target.",
}


class Uncertainties(Family):
    """Of the targets."""

    shown = (
        Shown("pull_mean", "pull", TABLES),
        Shown("pull_width", "width", TABLES | Place.HEADLINE, "width of the pull"),
        Shown("coverage_68", "within 1 s", TABLES),
        Shown("coverage_95", "1.96 s", Place.ROWS),
        Shown("crps", "CRPS", TABLES | Place.HEADLINE, digits=4),
    )
    glossary = GLOSSARY

    def __init__(self, targets: Sequence[str]) -> None:
        self._targets = targets

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The numbers of every target and overall."""
        counts = sums[f"{PREFIX}/galaxies"], sums[f"{PREFIX}/any_target"]
        yield from by_row(self._targets, _numbers_of(sums), *counts, SCALES)


def _numbers_of(sums: AdditiveArrays) -> dict[str, Floats]:
    """Every metric (targets, 1 + buckets)."""
    galaxies, pulls, squares = (
        sums[f"{PREFIX}/{name}"] for name in ("galaxies", "pulls", "squares")
    )
    with np.errstate(invalid="ignore", over="ignore"):
        spread = centred_squares(squares, pulls, galaxies, ROUNDING)
    return {
        "pull_mean": divide(pulls, galaxies),
        "pull_width": np.sqrt(divide(spread, galaxies)),
        "coverage_68": divide(sums[f"{PREFIX}/within_68"], galaxies),
        "coverage_95": divide(sums[f"{PREFIX}/within_95"], galaxies),
        "crps": divide(sums[f"{PREFIX}/crps"], galaxies),
    }
