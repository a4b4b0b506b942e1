"""How good the probabilities are, in particular that of the class predicted most.

- brier: the mean over galaxies of sum_c (p_c - y_c)^2, y_c 1 for the label and else 0; from 0 to 2
  (Brier 1950, Monthly Weather Review 78, 1);
- confidence: the mean probability of the class predicted most; above the accuracy, the predictions
  are overconfident;
- calibration_error: sum over groups of (n_g / N) |accuracy_g - confidence_g| (Guo et al. 2017,
  arXiv:1706.04599). The groups come from 1,000 equal bins of confidence from 0 to 1, merged into at
  most 20, cut at the quantiles nearest to them; no bin is divided. Noise only adds to it, so its
  interval is the estimate plus and minus a bound on how far off it is
  (`zoocli.evaluating.absolute`), and ends at 0;
- calibration_error_debiased = sqrt(max(0, sum_g (n_g / N) (d_g^2 - s_g^2 / n_g))), d_g = accuracy_g
  - confidence_g and s_g the standard deviation of right - confidence in the group: without what
  noise adds, so that a perfect model has about 0 however few the galaxies are (Kumar, Liang & Ma
  2019, arXiv:1909.10155).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.absolute import AbsoluteMeans
from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import PREFIX, Binned, leave_one_out
from zoocli.evaluating.classes.galaxies import LabelledGalaxies
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.intervals import FEWEST_GALAXIES
from zoocli.evaluating.metric import Estimate, Metric, Scale, divide
from zoocli.evaluating.reliability import (
    CURVE_POINTS,
    FRACTION_BINS,
    ReliabilityCurve,
    quantile_groups,
    reliability_curve,
)
from zoocli.foundation.arrays import Floats
from zoocli.schema.levels import OVERALL


def features(galaxies: LabelledGalaxies) -> dict[str, Floats | Binned]:
    """The Brier score and the confidence (1, galaxies), and right - confidence by its bin."""
    valid = galaxies.valid
    labels = np.arange(len(galaxies.probabilities))[:, np.newaxis] == galaxies.labels
    squares = np.square(galaxies.probabilities - labels).sum(axis=0)
    excess = galaxies.right - galaxies.confidence
    return {
        "confidence/galaxies": valid[np.newaxis].astype(np.float64),
        "confidence/brier": np.where(valid, squares, 0.0)[np.newaxis],
        "confidence/sum": np.where(valid, galaxies.confidence, 0.0)[np.newaxis],
        "confidence/excess": Binned(
            _bins(galaxies.confidence[valid]), excess[valid], FRACTION_BINS, np.flatnonzero(valid)
        ),
    }


def collect(galaxies: LabelledGalaxies) -> AdditiveArrays:
    """By bins of confidence: galaxies, and sums of confidence, right and squared difference."""
    confidence = galaxies.confidence[galaxies.valid]
    right = galaxies.right[galaxies.valid].astype(np.float64)
    bins = _bins(confidence)
    terms = (confidence, right, np.square(right - confidence))
    # For no galaxies bincount gives integers, even with weights.
    sums = [np.bincount(bins, values, FRACTION_BINS).astype(np.float64) for values in terms]
    return {
        "confidence/counts": np.bincount(bins, minlength=FRACTION_BINS),
        "confidence/sums": np.stack(sums, axis=1),
    }


def _bins(confidence: Floats) -> npt.NDArray[np.intp]:
    return np.minimum((confidence * FRACTION_BINS).astype(np.intp), FRACTION_BINS - 1)


GLOSSARY = {
    "Brier score": "The mean over galaxies of the sum over classes of (p - y) squared, where y "
    "is 1 for the label and 0 otherwise: from 0 to 2 (Brier 1950, Monthly Weather Review 78, "
    "1).",
    "calibration error": "Of the most probable class: the mean of |accuracy - confidence| over "
    "groups of galaxies with similar confidence (Guo et al. 2017, arXiv:1706.04599). Few "
    "galaxies make it large even where it is truly 0; the debiased one has that taken off.",
}


class Confidence(Family):
    """Of the class predicted most."""

    shown = (
        Shown("brier", "Brier", Place.PAPER | Place.HEADLINE, headline="Brier score"),
        Shown(
            "calibration_error",
            "calibration error",
            Place.PAPER | Place.INTERVAL | Place.HEADLINE,
        ),
        Shown("calibration_error_debiased", "debiased", Place.PAPER),
    )
    glossary = GLOSSARY

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The Brier score and the confidence."""
        galaxies = sums["confidence/galaxies"][0]
        for metric, name, scale in (
            ("brier", "brier", Scale.LOG),
            ("confidence", "sum", Scale.SHARE),
        ):
            values = divide(sums[f"confidence/{name}"][0], galaxies)
            yield Estimate(OVERALL, None, metric, values, galaxies, scale)

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The calibration errors."""
        counts = sums["confidence/counts"]
        galaxies = int(counts.sum())
        value = low = high = debiased = None
        if galaxies:
            name = f"{PREFIX}confidence/excess"
            differences = AbsoluteMeans(_terms(leave_one_out({name: sums[name]}), counts))
            value, reach = differences.weighted(np.ones(CURVE_POINTS))
            if reach is not None and galaxies >= FEWEST_GALAXIES:
                low, high = max(value - reach, 0.0), value + reach
            debiased = reliability(sums).debiased_error
        yield Metric(OVERALL, None, "calibration_error", value, low, high, galaxies)
        yield Metric(OVERALL, None, "calibration_error_debiased", debiased, N=galaxies)


def _terms(sums: AdditiveArrays, counts: npt.NDArray[np.int64]) -> Floats:
    """(groups, 1 + buckets): (n_g / N) (accuracy_g - confidence_g), N of all galaxies."""
    excess = sums["confidence/excess"]
    grouped = np.zeros((CURVE_POINTS, excess.shape[1]))
    np.add.at(grouped, quantile_groups(counts), excess)
    terms: Floats = grouped / counts.sum()
    return terms


def reliability(sums: AdditiveArrays) -> ReliabilityCurve:
    """The confidence (`predicted`) against the accuracy (`observed`) of the same groups."""
    return reliability_curve(sums["confidence/counts"], sums["confidence/sums"])
