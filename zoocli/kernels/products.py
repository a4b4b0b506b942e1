"""Long products and their logarithms, for a block of galaxies side by side.

Every loop over lanes (the galaxies of a block) does the same arithmetic in each, without a branch,
so that it vectorises. What a lane holds never depends on the other lanes: a galaxy's loss is the
same in any company.
"""

from __future__ import annotations

import numpy as np

from zoocli.kernels.compiling import inlined

BLOCK = 64
MOST_FACTORS = 64  # multiplied between two removals of the exponents
LOWEST, HIGHEST = 1e-4, 1e4  # so that this many factors (a + i) / (i + 1) stay within float64,
HIGHEST_TOTAL = 1e5  # and as many of a total concentration

EXPONENT_SHIFT = np.uint64(52)
EXPONENT_BIAS = 1023
EXPONENT_OF_ONE = np.uint64(0x3FF0000000000000)
MANTISSA_MASK = np.uint64(0x000FFFFFFFFFFFFF)
ARTANH_TERMS = 17


@inlined
def remove_exponents(bits, exponents, sign):
    """Brings the products back to [1, 2) and counts the powers of two that were taken."""
    for lane in range(BLOCK):
        exponents[lane] += sign * (np.int64(bits[lane] >> EXPONENT_SHIFT) - EXPONENT_BIAS)
        bits[lane] = (bits[lane] & MANTISSA_MASK) | EXPONENT_OF_ONE


@inlined
def multiply_rising_binomials(products, bits, exponents, sign, start, votes, most, factors):
    """products *= (start)_votes / votes!, lane by lane; no lane has more than `most` votes.

    `factors` were multiplied since the last removal of the exponents; returns it brought forward.
    """
    for step in range(most):
        if factors == MOST_FACTORS:
            remove_exponents(bits, exponents, sign)
            factors = 0
        factors += 1
        number = float(step)
        reciprocal = 1.0 / (number + 1.0)
        for lane in range(BLOCK):
            factor = (start[lane] + number) * reciprocal
            products[lane] *= factor if number < votes[lane] else 1.0
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
