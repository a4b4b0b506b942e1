"""The constants of Stirling's series, for the compiled loops, torch and numpy alike.

    lnGamma(z) = (z - 1/2) ln z - z + ln(2 pi) / 2 + S(z),
    S(z) = sum_i B_2i / (2 i (2 i - 1) z^(2 i - 1)),    i = 1, 2, ...

with the Bernoulli numbers B_2i (Abramowitz and Stegun 6.1.40). The seven terms give S to 16 digits
from z = 10 on. The constants are among the kernels because a change must recompile these.
"""

from __future__ import annotations

import math

SERIES_FROM = 10
SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
# S(k) for the whole numbers k below SERIES_FROM, computed with mpmath; S(0) does not exist.
SMALL_REMAINDERS = (
    math.nan,
    0.081061466795327258220,
    0.041340695955409294094,
    0.027677925684998339149,
    0.020790672103765093112,
    0.016644691189821192163,
    0.013876128823070747999,
    0.011896709945891770095,
    0.010411265261972096497,
    0.0092554621827127329177,
)
