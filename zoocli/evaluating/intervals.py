"""The 95 % intervals of numbers that follow from sums over galaxies.

From the number t without each of m buckets in turn (`zoocli.evaluating.buckets`), on a scale where
it is nearly normal (`Scale`):

    d_g = mean of t(.) - t(g),   se^2 = m / (m - 1) sum d_g^2,   t -+ Student's quantile x se

with 2 / (sum d^4 / (sum d^2)^2 - 1 / m) degrees of freedom, between 1 and m - 1 (the delete-a-group
jackknife: Kott 2001, Journal of Official Statistics 17, 521). Buckets without a galaxy that counts
are left out. There is no interval below 5 galaxies.

For a share near 0 or 1 of few galaxies a variance is too little: where all galaxies are right, it
is 0. Accuracy, recall, precision, f1, their means, and coverages have Wilson's score interval
(Wilson 1927, doi:10.1080/01621459.1927.10502953; recommended by Brown, Cai & DasGupta 2001,
doi:10.1214/ss/1009213286): for a share v of n galaxies

    (v + z^2 / 2n +- z sqrt(v (1 - v) / n + z^2 / 4n^2)) / (1 + z^2 / n),   z = 1.96.

A mean of shares has no n of its own. As in complex surveys (Korn & Graubard 1998, Survey
Methodology 24, 193; Franco et al. 2019, doi:10.1093/jssam/smy019) the effective n is the one whose
binomial variance is that of the estimate, n = c (1 - c) / variance. Here c is the share once half a
galaxy is added right and half a galaxy wrong (for each answer that some galaxy has), as Jeffreys'
prior adds them, and the variance is that of the jackknife plus that of these half galaxies. They
only matter where counts are small: an answer of two galaxies, both right, is not taken to be always
right. The number itself is not changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from zoocli.evaluating.metric import LEVEL, Estimate, Key, Metric, Scale
from zoocli.evaluating.student import student_quantile
from zoocli.foundation.arrays import Floats

FEWEST_GALAXIES = 5
ROUNDING = 1e-12  # of a share: less may be nothing
DEVIATIONS = NormalDist().inv_cdf((1 + LEVEL) / 2)

Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class HalfGalaxies:
    """What half a galaxy right and half a galaxy wrong for each answer do to a share.

    `share`: the share with them; `variance`: what they add to that of the jackknife.
    """

    share: float
    variance: float

    @classmethod
    def of_mean(cls, share: float, galaxies: float) -> HalfGalaxies:
        """Of a plain mean over galaxies of numbers from 0 to 1.

        >>> HalfGalaxies.of_mean(1.0, 9)
        HalfGalaxies(share=0.95, variance=0.006172839506172839)
        """
        squares = share**2 + (1 - share) ** 2
        return cls((share * galaxies + 0.5) / (galaxies + 1), 0.5 * squares / galaxies**2)


@dataclass(frozen=True)
class Spread:
    """The standard error of a number, and the degrees of freedom that it is known with."""

    se: float
    degrees: float

    @classmethod
    def of(cls, without: Floats) -> Spread | None:
        """From the number without each bucket in turn; None for fewer than two buckets.

        >>> spread = Spread.of(np.array([1.0, 2.0, 3.0]))
        >>> round(spread.se, 6), spread.degrees
        (1.732051, 2)
        """
        buckets = len(without)
        if buckets < 2:
            return None
        d = without.mean() - without
        squares = float(d @ d)
        if not 0.0 < squares < math.inf:
            return cls(0.0, buckets - 1) if squares == 0.0 else None
        shares = np.square(d) / squares
        excess = float(shares @ shares) - 1 / buckets
        degrees = 2 / excess if excess > 0 else math.inf
        se = math.sqrt(squares * buckets / (buckets - 1))
        return cls(se, min(max(degrees, 1.0), buckets - 1))

    @property
    def reach(self) -> float:
        """How far the ends of the interval are from the number."""
        return student_quantile(self.degrees) * self.se


def with_intervals(
    estimates: Iterable[Estimate], shares: Mapping[Key, HalfGalaxies] | None = None
) -> Iterator[Metric]:
    """Each estimate with its interval.

    `shares` are the half galaxies of shares that are no plain means over galaxies.
    """
    for estimate in estimates:
        galaxies = int(estimate.galaxies[0])
        raw = float(estimate.values[0])
        low = high = None
        if not math.isnan(raw) and galaxies >= FEWEST_GALAXIES:
            low, high = _interval(estimate, raw, galaxies, (shares or {}).get(estimate.key))
        yield Metric(*estimate.key, _told(raw, estimate.scale), low, high, galaxies)


def _told(raw: float, scale: Scale) -> float | None:
    """The number; None where it is absent or beyond all bounds."""
    if not math.isfinite(raw) or (scale is Scale.INVERSE and raw <= 0.0):
        return None
    return max(raw, 0.0) if scale is Scale.SQUARE else raw


def without_each(estimate: Estimate) -> Floats:
    """The number without each bucket that has a galaxy of its own; absent ones are left out."""
    counts = estimate.galaxies[1:] < estimate.galaxies[0]
    values: Floats = estimate.values[1:][counts]
    known: Floats = values[~np.isnan(values)]
    return known


def _interval(
    estimate: Estimate, value: float, galaxies: int, halves: HalfGalaxies | None
) -> Interval:
    without = without_each(estimate)
    if estimate.scale is Scale.SHARE:
        spread = Spread.of(without)
        halves = halves or HalfGalaxies.of_mean(value, galaxies)
        variance = halves.variance + (0.0 if spread is None else spread.se**2)
        binomial = halves.share * (1 - halves.share)
        known = variance > 0.0 and binomial > ROUNDING
        return wilson_interval(value, binomial / variance if known else galaxies)
    to_scale, from_scale = SCALES[estimate.scale]
    with np.errstate(invalid="ignore", divide="ignore"):
        at, others = to_scale(np.array([value]))[0], to_scale(without)
    spread = Spread.of(others[np.isfinite(others)])
    if spread is None or not math.isfinite(at):
        return None, None
    return from_scale(at - spread.reach, at + spread.reach)


def _plain(low: float, high: float) -> Interval:
    return low, high


def _exp(low: float, high: float) -> Interval:
    return math.exp(low), math.exp(min(high, 700.0))


def _rest_of_exp(low: float, high: float) -> Interval:
    return -math.expm1(min(-low, 700.0)), -math.expm1(-high)


def _tanh(low: float, high: float) -> Interval:
    return math.tanh(low), math.tanh(high)


def _root(low: float, high: float) -> Interval:
    return math.sqrt(max(low, 0.0)), math.sqrt(max(high, 0.0))


def _inverse(low: float, high: float) -> Interval:
    """The upper end is open where 1 / x may be 0."""
    return (1 / high if high > 0 else None), (1 / low if low > 0 else None)


SCALES: dict[Scale, tuple[Callable[[Floats], Floats], Callable[[float, float], Interval]]] = {
    Scale.PLAIN: (lambda x: x, _plain),
    Scale.LOG: (np.log, _exp),
    Scale.LOG_REST: (lambda x: -np.log1p(-x), _rest_of_exp),
    Scale.ATANH: (np.arctanh, _tanh),
    Scale.SQUARE: (lambda x: x * np.abs(x), _root),
    Scale.INVERSE: (lambda x: 1 / x, _inverse),
}


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
