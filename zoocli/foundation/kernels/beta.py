"""Credible intervals of answers: quantiles of Beta distributions and of their mixtures.

The fraction of an answer with concentration a, beside others that add up to b, is Beta(a, b). All
is computed for its logit z = ln x - ln(1 - x), whose density x^a (1 - x)^b / B(a, b) is
log-concave: Halley's method on ln F(z) - ln p then converges from any good guess, usually in two
steps. A bracket guards it where several distributions are mixed. Quantiles above the median are
those of Beta(b, a).
"""

from __future__ import annotations

import math

import numpy as np

from zoocli.foundation.kernels.compiling import compiled, inlined
from zoocli.foundation.kernels.stirling import stirling_remainder
from zoocli.foundation.kernels.stirling_constants import SERIES_FROM

LARGEST_LOGIT = 745.0  # beyond it, x or 1 - x is 0
TOLERANCE = 1e-11  # of x, and of the bracket of z
CLOSE = 1e-3  # of ln F - ln p and of z: one Beta's last step, of third order, ends within TOLERANCE
NEARLY = 1e-6  # a step in x below TOLERANCE ends the search only where this holds as well
MOST_STEPS = 200
MOST_TERMS = 100_000
NORMAL_FROM = 1e9  # for larger a and b, the logit is normal within TOLERANCE
SQRT_HALF, SQRT_HALF_PI = math.sqrt(0.5), math.sqrt(0.5 / math.pi)
ROUNDING = 1e-15
TINY = 1e-300
ROWS_OF_PASSES = 3  # of the memory: a, b and ln B(a, b)


def scratch(passes: int) -> np.ndarray:
    """The memory that `mixture_intervals` needs for itself, in any one thread."""
    return np.zeros((ROWS_OF_PASSES, passes))


@inlined
def log_beta(a, b):
    """ln B(a, b); Stirling's series keeps its digits where one of the two is much larger."""
    small, large = min(a, b), max(a, b)
    if large < SERIES_FROM:
        return math.lgamma(small) + math.lgamma(large) - math.lgamma(a + b)
    total = small + large
    ratio = small - (large - 0.5) * math.log1p(small / large) - small * math.log(total)
    return math.lgamma(small) + ratio + stirling_remainder(large) - stirling_remainder(total)


@inlined
def continued_fraction(a, b, x, y):
    """x^a y^b / (B(a, b) I_x(a, b)), for x < (a + 1) / (a + b + 2) and y = 1 - x.

    The even part of the classical fraction (Didonato & Morris 1992, ACM TOMS 18, 360, eq. 9), by
    Lentz's method.
    """
    before = 1.0 / (a + 1.0)
    fraction = max(a * before * (a * y - b * x + 1.0), TINY)
    c = fraction
    d = 0.0
    for term in range(1, MOST_TERMS):
        m = float(term)
        after = 1.0 / (a + 2.0 * m + 1.0)
        ratio = m * (b - m) * x * before
        numerator = ((a + m - 1.0) * before) * ((a + b + m - 1.0) * x) * ratio
        denominator = m + ratio + (a + m) * after * (a * y - b * x + 1.0 + m * (1.0 + y))
        d = denominator + numerator * d
        d = 1.0 / (d if abs(d) > TINY else TINY)
        c = denominator + numerator / c
        c = c if abs(c) > TINY else TINY
        factor = c * d
        fraction *= factor
        before = after
        if abs(factor - 1.0) <= ROUNDING:
            break
    return fraction


@inlined
def below(a, b, log_normaliser, x, y, log_x, log_y):
    """F and f, the distribution function and the density of the logit where it is ln x - ln y."""
    if min(a, b) > NORMAL_FROM:
        sigma = math.sqrt(1.0 / a + 1.0 / b)
        w = (log_x - log_y - math.log(a / b)) / sigma
        return 0.5 * math.erfc(-w * SQRT_HALF), math.exp(-0.5 * w * w) * SQRT_HALF_PI / sigma
    density = math.exp(a * log_x + b * log_y - log_normaliser)
    if x * (a + b + 2.0) <= a + 1.0:
        return density / continued_fraction(a, b, x, y), density
    return 1.0 - density / continued_fraction(b, a, y, x), density


@inlined
def guess(a, b, log_normaliser, tail, normal):
    """A logit near the `tail` quantile of Beta(a, b).

    Carter's approximation (Abramowitz & Stegun 26.5.22) above 1, else the nearer of the power laws
    that the distribution follows at its ends. `normal` is the quantile of the normal distribution.
    """
    if a > 1.0 and b > 1.0:
        left, right = 1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0)
        lam = (normal * normal - 3.0) / 6.0
        h = 2.0 / (left + right)
        skew = (right - left) * (lam + 5.0 / 6.0 - 2.0 / (3.0 * h))
        return math.log(a / b) + 2.0 * (normal * math.sqrt(h + lam) / h + skew)
    log_x = (math.log(tail * a) + log_normaliser) / a
    if log_x < math.log(a / (a + b)):
        return log_x - math.log1p(-math.exp(log_x))
    log_y = min((math.log((1.0 - tail) * b) + log_normaliser) / b, math.log(b / (a + b)))
    return math.log1p(-math.exp(log_y)) - log_y


@inlined
def logistic(z):
    """x and 1 - x of the logit z, and the logarithms of both, none of which loses digits."""
    small = math.exp(-abs(z))
    log_large = -math.log1p(small)
    large = 1.0 / (1.0 + small)
    small *= large
    x, y = (large, small) if z > 0.0 else (small, large)
    return x, y, log_large + min(z, 0.0), log_large - max(z, 0.0)


@inlined
def mixture_below(memory, first, last, x, y, log_x, log_y):
    """F and f of the mixture of the passes from `first` to `last`, and the derivative of f."""
    share, density, change = 0.0, 0.0, 0.0
    for one in range(first, last):
        a, b = memory[0, one], memory[1, one]
        its_share, its_density = below(a, b, memory[2, one], x, y, log_x, log_y)
        share += its_share
        density += its_density
        change += its_density * (a * y - b * x)
    passes = last - first
    return share / passes, density / passes, change / passes


@inlined
def solve(memory, first, last, tail, start, low, high):
    """The logit at which the mixture of the passes from `first` to `last` has F = `tail`.

    It is sought from `start`, between `low` and `high`.
    """
    close = CLOSE if last - first == 1 else 0.0
    x_before = 2.0
    distance = 1.0
    z = min(max(start, low), high)
    for step in range(MOST_STEPS):
        x, y, log_x, log_y = logistic(z)
        if high - low <= TOLERANCE or (abs(x - x_before) <= TOLERANCE and abs(distance) < NEARLY):
            break
        x_before = x
        share, density, change = mixture_below(memory, first, last, x, y, log_x, log_y)
        low, high = (z, high) if share < tail else (low, z)
        distance = move = 1.0
        if share > 0.0 and density > 0.0:
            distance = math.log(share / tail)
            bend = 1.0 - 0.5 * distance * (change / density * (share / density) - 1.0)
            move = distance * share / density / min(max(bend, 0.5), 2.0)
            z -= move
        if not (low < z < high) or step % 16 == 15:
            z, distance = 0.5 * (low + high), 1.0
        elif max(abs(distance), abs(move)) <= close:
            break
    return z


@inlined
def mixture_quantile(memory, passes, tail, normal):
    """The logit below which the equal-weight mixture of the passes has the probability `tail`.

    Where there are several, it lies between their own quantiles.
    """
    low, high = LARGEST_LOGIT, -LARGEST_LOGIT
    mean = 0.0
    for one in range(passes):
        near = guess(memory[0, one], memory[1, one], memory[2, one], tail, normal)
        z = solve(memory, one, one + 1, tail, near, -LARGEST_LOGIT, LARGEST_LOGIT)
        low, high = min(low, z), max(high, z)
        mean += z / passes
    return mean if passes == 1 else solve(memory, 0, passes, tail, mean, low, high)


@inlined
def swap_ends(memory, passes):
    """Makes Beta(b, a) of each Beta(a, b)."""
    for one in range(passes):
        memory[0, one], memory[1, one] = memory[1, one], memory[0, one]


@inlined
def has_distribution(concentrations, start, stop, galaxy):
    """Whether a question's concentrations are positive, with a finite sum, in every pass."""
    valid = True
    for one in range(len(concentrations)):
        total = 0.0
        for answer in range(start, stop):
            a = concentrations[one, answer, galaxy]
            valid &= a > 0.0
            total += a
        valid &= total < math.inf
    return valid


@inlined
def gather_passes(memory, concentrations, start, stop, answer, galaxy):
    """Fetches each pass's Beta(a, b) of one answer; b as a sum, for a difference loses digits."""
    for one in range(len(concentrations)):
        a = concentrations[one, answer, galaxy]
        b = 0.0
        for other in range(start, stop):
            if other != answer:
                b += concentrations[one, other, galaxy]
        memory[0, one] = a
        memory[1, one] = b
        memory[2, one] = log_beta(a, b)


@compiled
def mixture_intervals(concentrations, question_starts, settings, lower, upper, memory):
    """Writes the central intervals of each answer's fraction, lower and upper (answers, galaxies).

    concentrations (passes, answers, galaxies) float64: of question q are the answers from
    question_starts[q] to question_starts[q + 1]. settings (2,): the probability beyond each end,
    at most 1/2, and the quantile of the normal distribution there. NaN for the answers of a
    question with a concentration that is NaN, infinite, zero or negative in any pass, or a sum
    that is infinite. Within 1e-9 of the exact quantiles. `memory` is what `scratch` made.
    """
    passes, _, galaxies = concentrations.shape
    tail, normal = settings[0], settings[1]
    for question in range(len(question_starts) - 1):
        start, stop = question_starts[question], question_starts[question + 1]
        for galaxy in range(galaxies):
            valid = has_distribution(concentrations, start, stop, galaxy)
            for answer in range(start, stop):
                lower[answer, galaxy] = math.nan
                upper[answer, galaxy] = math.nan
                if not valid:
                    continue
                gather_passes(memory, concentrations, start, stop, answer, galaxy)
                z = mixture_quantile(memory, passes, tail, normal)
                lower[answer, galaxy] = 1.0 / (1.0 + math.exp(-z))
                swap_ends(memory, passes)
                z = mixture_quantile(memory, passes, tail, normal)
                upper[answer, galaxy] = 1.0 / (1.0 + math.exp(z))
