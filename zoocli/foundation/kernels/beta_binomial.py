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

from zoocli.foundation.kernels.compiling import compiled, inlined

# Above, the distribution is binomial to the last digit, and below, all votes agree: totals beyond
# are scaled to these, and no product leaves float64.
LARGEST_TOTAL, SMALLEST_TOTAL = 1e30, 1e-30
SMALLEST_PART = 1e-290


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
        below = ratio * (1.0 + below)
    return below


@inlined
def shares_of_mass(k, n, a, b):
    """P(K < k) and P(K <= k); exactly 0 and 1 where k is at an end."""
    scale = min(max(1.0, SMALLEST_TOTAL / (a + b)), LARGEST_TOTAL / (a + b))
    a, b = max(a * scale, SMALLEST_PART), max(b * scale, SMALLEST_PART)
    below = mass_below(k, n, a, b)
    above = mass_below(n - k, n, b, a)
    if below == math.inf:
        return 1.0, 1.0
    return below / (below + 1.0 + above), (below + 1.0) / (below + 1.0 + above)


@inlined
def mixture(concentrations, totals, question, answer, galaxy, k, n):
    """P(K < k), P(K <= k) and the standard deviation of K / n, of all passes together."""
    passes = len(concentrations)
    low, high, mean, squares = 0.0, 0.0, 0.0, 0.0
    for number in range(passes):
        total = totals[number, question, galaxy]
        a = concentrations[number, answer, galaxy]
        # Where a is nearly all of it b has few digits, or none, but then so little lies beside a
        # that the probabilities do not depend on them.
        b = total - a
        below, up_to = shares_of_mass(k, n, a, b)
        low += below
        high += up_to
        p = a / total
        step = p - mean
        mean += step / (number + 1)
        # The squares about the mean are kept as the mean moves (Welford 1962): no cancellation.
        squares += p * (b / total) * ((total + n) / (total + 1.0) / n) + step * (p - mean)
    return low / passes, high / passes, math.sqrt(squares / passes)


@compiled
def predict_votes(
    concentrations, totals, votes, total_votes, question_starts, wanted, low, high, deviation
):
    """Evaluates each answer's mixture of Beta-binomials at its votes.

    concentrations (passes, answers, galaxies) and their totals (passes, questions, galaxies), both
    float64; votes (answers, galaxies) and total_votes (questions, galaxies), both int64; question q
    has the answers question_starts[q] to question_starts[q + 1]. Where wanted (questions, galaxies)
    is 0 nothing is written; elsewhere there is at least one vote. Writes, each (answers, galaxies):
    low = P(K < k), high = P(K <= k), and the predicted standard deviation of k / n, with p = a / A:
    sqrt(mean over passes of p (1 - p) (A + n) / (n (A + 1)) + variance over passes of p).
    """
    for question in range(len(question_starts) - 1):
        for answer in range(question_starts[question], question_starts[question + 1]):
            for galaxy in range(votes.shape[1]):
                if not wanted[question, galaxy]:
                    continue
                below, up_to, spread = mixture(
                    concentrations,
                    totals,
                    question,
                    answer,
                    galaxy,
                    votes[answer, galaxy],
                    total_votes[question, galaxy],
                )
                low[answer, galaxy] = below
                high[answer, galaxy] = up_to
                deviation[answer, galaxy] = spread
