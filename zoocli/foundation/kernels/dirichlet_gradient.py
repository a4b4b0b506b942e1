"""The Dirichlet-multinomial losses of a whole tree and their gradient together, for training.

With B(a, k) = ln[ (a)_k / k! ] the loss of a question is B(A, n) - sum_j B(a_j, k_j), and its
derivative by a_j is B'(A, n) - B'(a_j, k_j) with

    B'(a, k) = 1 / a + 1 / (a + 1) + ... + 1 / (a + k - 1) = psi(a + k) - psi(a)

Both sums run over the same factors: four at a time, as x (x + 1) (x + 2) (x + 3) = t (t + 2) with
t = x (x + 3), whose logarithmic derivative is (2 x + 3) (2 t + 2) / (t (t + 2)). Many votes, and
extreme concentrations, take Stirling's series instead.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from zoocli.foundation.kernels.compiling import compiled, inlined
from zoocli.foundation.kernels.stirling import log_rising_binomial

MANY_VOTES = 256
LOWEST, HIGHEST = 1e-4, 1e6
LARGEST_PRODUCT = 1e100  # three more steps of four factors each stay within float64
LOG_FACTORIALS = np.array([math.lgamma(k + 1.0) for k in range(MANY_VOTES)])
SHIFT = 16  # from here on the series of psi is exact to the last digits
# psi(z) = ln z - 1 / (2 z) - sum of these / z^2, z^4, ...: Bernoulli numbers over their index.
P1, P2, P3, P4, P5 = 1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132


@inlined
def psi_series(z):
    """The part of psi(z) beyond ln z - 1 / (2 z), for z >= SHIFT."""
    y = 1.0 / (z * z)
    return -y * (P1 + y * (P2 + y * (P3 + y * (P4 + y * P5))))


@inlined
def slope_of_many(a, k):
    """psi(a + k) - psi(a), without the logarithms that cancel."""
    shift = 0.0
    if a < SHIFT:
        for i in range(SHIFT):
            shift += 1.0 / (a + i) - 1.0 / (a + k + i)
        a += SHIFT
    halves = k / (2.0 * a * (a + k)) if a < 1e150 else 0.0
    return shift + math.log1p(k / a) + halves + psi_series(a + k) - psi_series(a)


@inlined
def multiply_rising(a, k, product, logarithm):
    """(product, logarithm) of a running product times (a)_k / k!, and B'(a, k).

    The product is product x exp(logarithm); its logarithm is taken only now and then.
    """
    if k == 0:
        return product, logarithm, 0.0
    if k >= MANY_VOTES or a < LOWEST or a > HIGHEST:
        many = float(k)
        return product, logarithm + log_rising_binomial(a, many), slope_of_many(a, many)
    slope = 0.0
    fours = k // 4
    x = a
    for _ in range(fours):
        t = x * (x + 3.0)
        factors = t * (t + 2.0)
        product *= factors
        slope += (2.0 * x + 3.0) * (2.0 * t + 2.0) / factors
        x += 4.0
        if product > LARGEST_PRODUCT:
            logarithm += math.log(product)
            product = 1.0
    for _ in range(k - 4 * fours):
        product *= x
        slope += 1.0 / x
        x += 1.0
    if product > LARGEST_PRODUCT:
        logarithm += math.log(product)
        product = 1.0
    return product, logarithm - LOG_FACTORIALS[np.uintp(k)], slope


@compiled
def losses_and_gradients(concentrations, counts, question_starts, losses, gradients):
    """Writes losses (galaxies, questions) in nats, and gradients (galaxies, answers).

    concentrations float64 and counts int64 (galaxies, answers); question q has the answers
    question_starts[q] to question_starts[q + 1]. Without votes both are exactly 0. Where no
    likelihood exists (a concentration that is NaN, infinite, zero or negative, a sum that is
    infinite, a negative count) the loss is NaN and the gradient 0.
    """
    for galaxy in range(len(concentrations)):
        a, k = concentrations[galaxy], counts[galaxy]
        for question in range(len(question_starts) - 1):
            start, stop = question_starts[question], question_starts[question + 1]
            total = 0.0
            n: Any = 0
            possible = True
            for answer in range(start, stop):
                total += a[answer]
                n += k[answer]
                possible &= a[answer] > 0.0 and k[answer] >= 0
            if not (possible and total < math.inf):
                losses[galaxy, question] = math.nan
                gradients[galaxy, start:stop] = 0.0
                continue
            product, logarithm, shared = multiply_rising(total, n, 1.0, 0.0)
            products, logarithms = 1.0, 0.0
            for answer in range(start, stop):
                products, logarithms, slope = multiply_rising(
                    a[answer], k[answer], products, logarithms
                )
                gradients[galaxy, answer] = shared - slope if n > 0 else 0.0
            losses[galaxy, question] = math.log(product / products) + logarithm - logarithms
