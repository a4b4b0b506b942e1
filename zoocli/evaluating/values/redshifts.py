"""Photometric redshifts against spectroscopic ones, as surveys compare them.

Per target, over the galaxies that have both, with D = (p - y) / (1 + y), y above -1:

- bias_z: the median of D;
- sigma_nmad = 1.4826 median |D - median D|, which is the standard deviation where D is normal
  (Hoaglin, Mosteller & Tukey 1983, Understanding Robust and Exploratory Data Analysis);
- outliers: the share of galaxies with |D| above a limit, 0.15 unless another is given (Ilbert et
  al. 2006, doi:10.1051/0004-6361:20065138).

The medians come from histograms and are accurate to 0.1 % of the numbers around them, with
intervals between order statistics (`zoocli.evaluating.values.histogram`); that of sigma_nmad takes
the median of D as known. Overall, with several targets: the mean over those that have the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.metric import Estimate, Metric, Scale, divide, mean_of_present
from zoocli.evaluating.values.errors import by_row
from zoocli.evaluating.values.galaxies import ValuedGalaxies
from zoocli.evaluating.values.histogram import Histogram, pages_of
from zoocli.foundation.arrays import Floats, Mask

PREFIX = "redshifts"
PLANE = "redshift_plane"
CELLS = 256  # a side, equal in arsinh(z / FINE) from 0 to that of HIGHEST
FINE, HIGHEST = 0.1, 12.0
MEDIAN = 0.5
NORMAL = (
    1.4826  # standard deviations of a normal distribution in the median distance from its median
)
TABLES = Place.PAPER | Place.ROWS | Place.HEADLINE


def _scaled(galaxies: ValuedGalaxies) -> tuple[Floats, Mask]:
    """(targets, galaxies): D, and whether it exists."""
    valid = galaxies.valid & (galaxies.labels > -1.0)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        return np.where(valid, galaxies.residuals / (1.0 + galaxies.labels), 0.0), valid


def features(galaxies: ValuedGalaxies, limit: float) -> AdditiveArrays:
    """(targets, galaxies): where D exists, and where it is beyond the limit."""
    scaled, valid = _scaled(galaxies)
    return {
        f"{PREFIX}/galaxies": valid.astype(np.float64),
        f"{PREFIX}/any_target": np.any(valid, axis=0, keepdims=True).astype(np.float64),
        f"{PREFIX}/outliers": (np.abs(scaled) > limit).astype(np.float64),
    }


def collect(galaxies: ValuedGalaxies) -> AdditiveArrays:
    """The histogram of D, and galaxies by true and predicted redshift (targets, cells, cells)."""
    scaled, valid = _scaled(galaxies)
    plane = np.zeros((len(valid), CELLS, CELLS), np.int64)
    for target, counted in enumerate(valid):
        true, predicted = (
            _cells(values[target, counted]) for values in (galaxies.labels, galaxies.predicted)
        )
        places = true * CELLS + predicted
        plane[target] = np.bincount(places, minlength=CELLS**2).reshape(CELLS, CELLS)
    return {PLANE: plane} | pages_of(PREFIX, scaled, valid)


def _cells(redshifts: Floats) -> npt.NDArray[np.intp]:
    """Of each redshift; what lies beyond the ends is in the last one there."""
    places = np.arcsinh(redshifts.clip(0.0, HIGHEST) / FINE) * (CELLS / np.arcsinh(HIGHEST / FINE))
    found: npt.NDArray[np.intp] = np.minimum(places.astype(np.intp), CELLS - 1)
    return found


def cell_edges() -> Floats:
    """(cells + 1,): the redshifts between the cells."""
    edges: Floats = FINE * np.sinh(np.linspace(0.0, np.arcsinh(HIGHEST / FINE), CELLS + 1))
    return edges


class Redshifts(Family):
    """Of the targets; galaxies beyond `limit` are outliers."""

    shown = (
        Shown("bias_z", "median D", TABLES, "median of (p - y) / (1 + y)", 4),
        Shown("sigma_nmad", "sigma NMAD", TABLES | Place.INTERVAL, digits=4),
        Shown("outliers", "outliers", TABLES | Place.INTERVAL, digits=4),
    )

    def __init__(self, targets: Sequence[str], limit: float) -> None:
        self._targets = targets
        self.glossary = {
            "median D, sigma NMAD, outliers": "Of D = (predicted - true) / (1 + true): its "
            "median; 1.4826 times the median distance from it; the share of galaxies with |D| "
            f"above {limit:g}."
        }

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The share of outliers."""
        counts = sums[f"{PREFIX}/galaxies"], sums[f"{PREFIX}/any_target"]
        shares = {"outliers": divide(sums[f"{PREFIX}/outliers"], counts[0])}
        yield from by_row(self._targets, shares, *counts, {"outliers": Scale.SHARE})

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The medians; without interval the means over several targets."""
        found: dict[str, list[Metric]] = {"bias_z": [], "sigma_nmad": []}
        for target, name in enumerate(self._targets):
            scaled = Histogram.of_pages(sums, PREFIX, target)
            found["bias_z"].append(_median(name, "bias_z", scaled))
            distances = scaled.distances_from(scaled.quantile(MEDIAN) or 0.0)
            found["sigma_nmad"].append(_median(name, "sigma_nmad", distances, NORMAL))
        for metric, of_targets in found.items():
            if len(of_targets) > 1:
                values = np.array([[np.nan if m.value is None else m.value] for m in of_targets])
                mean = float(mean_of_present(values)[0])
                N = max(one.N or 0 for one in of_targets)
                yield Metric("overall", None, metric, None if np.isnan(mean) else mean, N=N)
                yield from of_targets
            else:
                one = of_targets[0]
                yield Metric("overall", None, metric, one.value, one.low, one.high, one.N)


def _median(name: str, metric: str, numbers: Histogram, scale: float = 1.0) -> Metric:
    median, ends = numbers.quantile(MEDIAN), numbers.interval(MEDIAN)
    value, low, high = (None if one is None else scale * one for one in (median, *ends))
    return Metric(name, None, metric, value, low, high, numbers.count)
