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

from zoocli.foundation.kernels.compiling import inlined

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
def masses(k, n, a, b):
    """P(K < k) / P(K = k) and P(K > k) / P(K = k); infinite where that leaves float64."""
    scale = min(max(1.0, SMALLEST_TOTAL / (a + b)), LARGEST_TOTAL / (a + b))
    a, b = max(a * scale, SMALLEST_PART), max(b * scale, SMALLEST_PART)
    return mass_below(k, n, a, b), mass_below(n - k, n, b, a)
