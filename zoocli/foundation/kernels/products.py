"""Long products and their logarithms, for a block of galaxies at once.

Every loop over lanes (the galaxies of a block) does the same arithmetic in each, without a branch,
so that it vectorises. A lane never depends on the others: a galaxy's loss does not depend on the
other galaxies of its block.
"""

from __future__ import annotations

import math

import numpy as np

from zoocli.foundation.kernels.compiling import inlined

BLOCK = 64
AT_ONCE = 4  # factors multiplied in one step
MOST_FACTORS = 48  # between two removals of the exponents
LOWEST, HIGHEST = 1e-4, 1e4  # so that this many factors a + i stay within float64,
HIGHEST_TOTAL = 1e5  # and as many of a total concentration

MANY_VOTES = 256
# k! / 64^k for k up to MANY_VOTES: k! itself is beyond float64 from 171 on, and in a multinomial
# coefficient n! / (k_1! ... k_K!) the powers of 64 cancel.
SCALED_FACTORIALS = np.array([math.factorial(k) / 64**k for k in range(MANY_VOTES + 1)])

EXPONENT_SHIFT = np.uint64(52)
EXPONENT_BIAS = 1023
EXPONENT_OF_ONE = np.uint64(0x3FF0000000000000)
MANTISSA_MASK = np.uint64(0x000FFFFFFFFFFFFF)
ARTANH_TERMS = 17


@inlined
def remove_exponents(bits, exponents, sign):
    """Scales the products to [1, 2) and adds the removed powers of two to the exponents."""
    for lane in range(BLOCK):
        exponents[lane] += sign * (np.int64(bits[lane] >> EXPONENT_SHIFT) - EXPONENT_BIAS)
        bits[lane] = (bits[lane] & MANTISSA_MASK) | EXPONENT_OF_ONE


@inlined
def multiply_rising(products, bits, exponents, sign, start, votes, most, factors):
    """products *= (start)_votes, lane by lane; no lane has more than `most` votes.

    Four factors at once: x (x + 1) (x + 2) (x + 3) = t (t + 2) with t = x (x + 3); the remaining
    one to three come last. `factors` is the number multiplied since the last removal of the
    exponents; returns the new number.
    """
    if most == 0:
        return factors
    for first in range(0, most - AT_ONCE + 1, AT_ONCE):
        if factors + AT_ONCE > MOST_FACTORS:
            remove_exponents(bits, exponents, sign)
            factors = 0
        factors += AT_ONCE
        number = float(first)
        for lane in range(BLOCK):
            x = start[lane] + number
            outer = x * (x + 3.0)
            four = outer * (outer + 2.0)
            products[lane] *= four if votes[lane] >= number + AT_ONCE else 1.0
    if factors + AT_ONCE > MOST_FACTORS:
        remove_exponents(bits, exponents, sign)
        factors = 0
    factors += AT_ONCE - 1
    for lane in range(BLOCK):
        done = np.floor(votes[lane] / AT_ONCE) * AT_ONCE
        left = votes[lane] - done
        x = start[lane] + done
        rest = x if left > 0.0 else 1.0
        rest *= x + 1.0 if left > 1.0 else 1.0
        rest *= x + 2.0 if left > 2.0 else 1.0
        products[lane] *= rest
    return factors


@inlined
def log_ratios(numerators, denominators, ratios, squares, logarithms):
    """logarithms = ln(numerators / denominators), for ratios between 1/2 and 2; 0 for 1 exactly.

    2 artanh(s) with s = (numerator - denominator) / (numerator + denominator), as a power series
    that runs over lanes: it vectorises where the library's logarithm does not.
    """
    for lane in range(BLOCK):
        ratio = (numerators[lane] - denominators[lane]) / (numerators[lane] + denominators[lane])
        ratios[lane] = ratio
        squares[lane] = ratio * ratio
        logarithms[lane] = 1.0 / (2 * ARTANH_TERMS + 1)
    for term in range(ARTANH_TERMS - 1, -1, -1):
        coefficient = 1.0 / (2 * term + 1)
        for lane in range(BLOCK):
            logarithms[lane] = logarithms[lane] * squares[lane] + coefficient
    for lane in range(BLOCK):
        logarithms[lane] *= 2.0 * ratios[lane]
