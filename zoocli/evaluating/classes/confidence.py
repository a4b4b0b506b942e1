"""How good the probabilities are, in particular that of the class predicted most.

- brier: the mean over galaxies of sum_c (p_c - y_c)^2, y_c 1 for the label and else 0; from 0 to 2
  (Brier 1950, Monthly Weather Review 78, 1);
- confidence: the mean probability of the class predicted most; above the accuracy, the predictions
  are overconfident;
- calibration_error: sum over groups of (n_g / N) |accuracy_g - confidence_g| (Guo et al. 2017,
  arXiv:1706.04599). The groups come from 1,000 equal bins of confidence from 0 to 1, merged into at
  most 20, cut at the quantiles nearest to them; no bin is divided. Noise only adds to it, so its
  interval is the estimate plus and minus the 95 % percentile, over replicates, of the sum over
  groups of the absolute change of each term before its absolute value, and ends at 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.bootstrap import (
    Binned,
    point_sums,
    replicate_sums,
)
from zoocli.evaluating.classes.galaxies import LabelledGalaxies
from zoocli.evaluating.metric import LEVEL, Estimate, Metric, divide
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


def estimates(sums: AdditiveArrays) -> Iterator[Estimate]:
    """The Brier score and the confidence, for sums (rows, replicates)."""
    galaxies = sums["confidence/galaxies"][0]
    for metric, name in (("brier", "brier"), ("confidence", "sum")):
        values = divide(sums[f"confidence/{name}"][0], galaxies)
        yield Estimate(OVERALL, None, metric, values, galaxies)


def metrics(sums: AdditiveArrays) -> Iterator[Metric]:
    """The calibration error, with its interval where there are replicates."""
    galaxies = int(sums["confidence/counts"].sum())
    value = low = high = None
    if galaxies:
        terms = _terms(point_sums(sums), sums["confidence/counts"])
        value = float(np.abs(terms).sum())
        replicates = replicate_sums(sums)
        if replicates is not None and galaxies >= 2:
            changes = np.abs(_terms(replicates, sums["confidence/counts"]) - terms).sum(axis=0)
            reach = float(np.nanquantile(changes, LEVEL))
            low, high = max(value - reach, 0.0), value + reach
    yield Metric(OVERALL, None, "calibration_error", value, low, high, galaxies)


def _terms(sums: AdditiveArrays, counts: npt.NDArray[np.int64]) -> Floats:
    """(groups, replicates): (n_g / N) (accuracy_g - confidence_g)."""
    excess = sums["confidence/excess"]
    grouped = np.zeros((CURVE_POINTS, excess.shape[1]))
    np.add.at(grouped, quantile_groups(counts), excess)
    return divide(grouped, sums["confidence/galaxies"][0])


def reliability(sums: AdditiveArrays) -> ReliabilityCurve:
    """The confidence (`predicted`) against the accuracy (`observed`) of the same groups."""
    return reliability_curve(sums["confidence/counts"], sums["confidence/sums"])
