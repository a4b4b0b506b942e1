"""The Beta-binomial distribution of every answer's votes, by a recurrence without logarithms.

Of a question's n votes an answer with concentration a, the others having b together, gets k with
the probability p(k) = C(n, k) B(a + k, b + n - k) / B(a, b). Neighbouring probabilities differ by
the factor

    r(i) = p(i - 1) / p(i) = i (b + n - i) / ((n - i + 1) (a + i - 1))

so that L(k) = P(K < k) / p(k) follows from L(0) = 0 and L(i) = r(i) (1 + L(i - 1)). All terms are
positive: nothing cancels, and the relative error grows by a few roundings a step at most. By
symmetry U(k) = P(K > k) / p(k) is the same with a and b, k and n - k exchanged; then

    P(K < k) = L / (1 + L + U),    P(K <= k) = (1 + L) / (1 + L + U).
"""

from __future__ import annotations

import math

import numpy as np

from zoocli.kernels.compiling import compiled, inlined

# From here on the distribution is binomial to the last digit, so larger totals are scaled down to
# it: no product overflows.
LARGEST_TOTAL = 1e30


@inlined
def mass_below(k, n, a, b):
    """P(K < k) / P(K = k); infinite where that leaves float64."""
    below = 0.0
    # The last factor has b alone, so that a small b is not lost in a sum.
    for step in range(1, k + 1):
        rest = float(n - step)
        numerator = step * (b + rest)
        denominator = (rest + 1.0) * (a + (step - 1.0))
        ratio = numerator / denominator
        below = ratio * below + ratio
    return below


@inlined
def write_cdf(k, n, a, b, weight, low, high, place):
    """Adds weight P(K < k) to low and weight P(K <= k) to high, at a place of both."""
    scale = min(1.0, LARGEST_TOTAL / (a + b))
    below = mass_below(k, n, a * scale, b * scale)
    above = mass_below(n - k, n, b * scale, a * scale)
    if below == math.inf and above == math.inf:  # tiny concentrations: all votes agree
        share_below = share_up_to = b / (a + b)
    elif below == math.inf:
        share_below = share_up_to = 1.0
    else:
        share_below = below / (below + 1.0 + above)
        share_up_to = (below + 1.0) / (below + 1.0 + above)
    low[place] += weight * share_below
    high[place] += weight * share_up_to


@inlined
def total_of_others(concentrations, first, last, answer, galaxy, total):
    """The question's concentrations without this one's, also where this one is nearly all."""
    a = concentrations[answer, galaxy]
    if a <= 0.5 * total:
        return total - a
    others = 0.0
    for other in range(first, last):
        if other != answer:
            others += concentrations[other, galaxy]
    return others


@compiled
def predict_votes(
    concentrations, votes, total_votes, question_starts, counted, low, high, mean, deviation
):
    """What each answer's mixture of Beta-binomials says of its votes.

    concentrations (passes, answers, galaxies) float64, votes (answers, galaxies) int64, total_votes
    (questions, galaxies) int64; question q has the answers question_starts[q] to
    question_starts[q + 1]. Where counted (questions, galaxies) is negative nothing is written;
    elsewhere there is a vote at least. Writes, each (answers, galaxies): low = P(K < k), high =
    P(K <= k), and the mean and standard deviation of k / n that are predicted, with
    p = a / A, over the passes: mean p, and sqrt(mean[p (1 - p) (A + n) / (n (A + 1))] + var p).
    """
    passes, _, galaxies = concentrations.shape
    weight = 1.0 / passes
    for question in range(len(question_starts) - 1):
        first, last = question_starts[question], question_starts[question + 1]
        for galaxy in range(galaxies):
            if counted[question, galaxy] < 0:
                continue
            n = total_votes[question, galaxy]
            for answer in range(first, last):
                low[answer, galaxy] = 0.0
                high[answer, galaxy] = 0.0
                mean[answer, galaxy] = 0.0
                deviation[answer, galaxy] = 0.0
            for number in range(passes):
                total = 0.0
                for answer in range(first, last):
                    total += concentrations[number, answer, galaxy]
                for answer in range(first, last):
                    a = concentrations[number, answer, galaxy]
                    b = total_of_others(
                        concentrations[number], first, last, answer, galaxy, total
                    )
                    write_cdf(
                        votes[answer, galaxy], n, a, b, weight, low[answer], high[answer], galaxy
                    )
                    p = a / total
                    spread = (b / total) * p * ((total + n) / (n * (total + 1.0)))
                    step = p - mean[answer, galaxy]
                    mean[answer, galaxy] += step / (number + 1)
                    # The sums of squares about the mean, kept as the mean moves (Welford 1962).
                    deviation[answer, galaxy] += spread + step * (p - mean[answer, galaxy])
            for answer in range(first, last):
                deviation[answer, galaxy] = math.sqrt(deviation[answer, galaxy] * weight)
