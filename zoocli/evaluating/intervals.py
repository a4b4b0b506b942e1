"""The 95 % intervals of bootstrapped numbers.

Most are the 2.5 and 97.5 percentiles of the replicates. For a share near 0 or 1 of few galaxies
these are too narrow: where all galaxies are right, so are those of every replicate, and the
interval has no width. Accuracy, recall, precision, f1 and their means have Wilson's score interval
instead (Wilson 1927, doi:10.1080/01621459.1927.10502953; recommended by Brown, Cai & DasGupta 2001,
doi:10.1214/ss/1009213286): for a share v of n galaxies

    (v + z^2 / 2n +- z sqrt(v (1 - v) / n + z^2 / 4n^2)) / (1 + z^2 / n),   z = 1.96.

A mean of shares has no n of its own. As in complex surveys (Korn & Graubard 1998, Survey
Methodology 24, 193; Franco et al. 2019, doi:10.1093/jssam/smy019) the effective n is the one whose
binomial variance is that of the estimate, n = c (1 - c) / variance. Here c is the share once half a
galaxy is added right and half a galaxy wrong for each answer that some galaxy has, as Jeffreys'
prior adds them, and the variance is that of the replicates plus that of these half galaxies. They
only matter where counts are small: an answer of two galaxies, both right, is not taken to be always
right. The number itself is not changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from zoocli.evaluating.metric import LEVEL, Estimate, Key, Metric
from zoocli.foundation.arrays import Floats

ROUNDING = 1e-12  # of a share: less may be nothing
DEVIATIONS = NormalDist().inv_cdf((1 + LEVEL) / 2)


@dataclass(frozen=True)
class HalfGalaxies:
    """What half a galaxy right and half a galaxy wrong for each answer do to a share.

    `share`: the share with them; `variance`: what they add to that of the replicates.
    """

    share: float
    variance: float


def with_intervals(
    estimates: Iterable[Estimate],
    replicates: Iterable[Estimate] | None,
    shares: Mapping[Key, HalfGalaxies] | None = None,
) -> Iterator[Metric]:
    """Each estimate with its interval; the replicates come in the order of the estimates.

    Those in `shares` have Wilson's interval, all others percentiles. Replicates in which a number
    is absent are left out. There is no interval for fewer than two galaxies, nor without
    replicates.
    """
    estimates, shares = list(estimates), shares or {}
    others = [None] * len(estimates) if replicates is None else list(replicates)
    for estimate, other in zip(estimates, others, strict=True):
        galaxies = int(estimate.galaxies[0])
        value = float(estimate.values[0]) if np.isfinite(estimate.values[0]) else None
        low = high = None
        if value is not None and other is not None and galaxies >= 2:
            drawn = other.values[np.isfinite(other.values)]
            halves = shares.get(estimate.key)
            if halves is not None:
                low, high = _share_interval(value, drawn, halves, galaxies)
            elif len(drawn):
                low, high = _percentiles(drawn)
        yield Metric(*estimate.key, value, low, high, galaxies)


def _percentiles(drawn: Floats) -> tuple[float, float]:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _share_interval(
    share: float, drawn: Floats, halves: HalfGalaxies, galaxies: int
) -> tuple[float, float]:
    """Wilson's, of as many galaxies as the variance says; without any variance, of all."""
    variance = (float(drawn.var()) if len(drawn) else 0.0) + halves.variance
    binomial = halves.share * (1 - halves.share)
    known = variance > 0.0 and binomial > ROUNDING
    return wilson_interval(share, binomial / variance if known else galaxies)


def wilson_interval(share: float, galaxies: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of `galaxies`, an effective number that need not be whole.

    >>> low, high = wilson_interval(0.9, 20)
    >>> round(low, 4), round(high, 4)
    (0.699, 0.9721)
    """
    squared = DEVIATIONS**2 / galaxies
    centre = share + squared / 2
    reach = math.sqrt(squared * (share * (1 - share) + squared / 4))
    return max((centre - reach) / (1 + squared), 0.0), min((centre + reach) / (1 + squared), 1.0)
