"""The additive statistics of calibration of a batch, and the terms that resampling needs.

`strata` (questions, galaxies) is the stratum whose statistics a galaxy's question adds to; none
where it is negative. The other arrays are those of `beta_binomial.predict_votes`.
"""

from __future__ import annotations

from zoocli.foundation.kernels.compiling import compiled, inlined

NARROWEST = 1e-300  # so that a probability of 0 gives a step, not a division by zero
PREDICTED, OBSERVED, SQUARES = range(3)  # the sums of each bin of predicted fractions


@inlined
def transform(u, low, inverse):
    """F(u): 0 below P(K < k), 1 above P(K <= k), and straight between; inverse = 1 / P(K = k)."""
    return min(max((u - low) * inverse, 0.0), 1.0)


@compiled
def add_transforms(low, high, strata, question_starts, edges, transforms):
    """transforms (strata, answers, edges) += F(u) at every edge u."""
    for question in range(len(question_starts) - 1):
        for answer in range(question_starts[question], question_starts[question + 1]):
            for galaxy in range(strata.shape[1]):
                stratum = strata[question, galaxy]
                if stratum < 0:
                    continue
                start = low[answer, galaxy]
                inverse = 1.0 / max(high[answer, galaxy] - start, NARROWEST)
                sums = transforms[stratum, answer]
                for edge in range(len(edges)):
                    sums[edge] += transform(edges[edge], start, inverse)


@compiled
def add_randomised(low, high, uniforms, strata, question_starts, counts):
    """counts (strata, answers, bins) += 1 where low + uniform (high - low) falls."""
    bins = counts.shape[2]
    for question in range(len(question_starts) - 1):
        for answer in range(question_starts[question], question_starts[question + 1]):
            for galaxy in range(strata.shape[1]):
                stratum = strata[question, galaxy]
                if stratum < 0:
                    continue
                start = low[answer, galaxy]
                value = start + uniforms[answer, galaxy] * (high[answer, galaxy] - start)
                counts[stratum, answer, min(int(value * bins), bins - 1)] += 1


@compiled
def add_fractions(
    mean, deviation, votes, total_votes, strata, question_starts, deviations, galaxies, sums
):
    """The predicted against the observed fractions, by bins of the predicted ones.

    deviations (strata, answers) += the predicted standard deviation; in the bin of the predicted
    fraction p, galaxies (strata, answers, bins) += 1 and sums (strata, answers, bins, 3) += p, the
    observed fraction and the square of their difference.
    """
    bins = galaxies.shape[2]
    for question in range(len(question_starts) - 1):
        for answer in range(question_starts[question], question_starts[question + 1]):
            for galaxy in range(strata.shape[1]):
                stratum = strata[question, galaxy]
                if stratum < 0:
                    continue
                predicted = mean[answer, galaxy]
                observed = votes[answer, galaxy] / total_votes[question, galaxy]
                number = min(int(predicted * bins), bins - 1)
                deviations[stratum, answer] += deviation[answer, galaxy]
                galaxies[stratum, answer, number] += 1
                sums[stratum, answer, number, PREDICTED] += predicted
                sums[stratum, answer, number, OBSERVED] += observed
                sums[stratum, answer, number, SQUARES] += (observed - predicted) ** 2


@compiled
def write_covered(low, high, strata, question_starts, lower, upper, covered):
    """covered (answers, levels, galaxies) = F(upper) - F(lower) at every level; else 0."""
    for question in range(len(question_starts) - 1):
        for answer in range(question_starts[question], question_starts[question + 1]):
            for galaxy in range(strata.shape[1]):
                if strata[question, galaxy] < 0:
                    covered[answer, :, galaxy] = 0.0
                    continue
                start = low[answer, galaxy]
                inverse = 1.0 / max(high[answer, galaxy] - start, NARROWEST)
                for level in range(len(lower)):
                    covered[answer, level, galaxy] = transform(
                        upper[level], start, inverse
                    ) - transform(lower[level], start, inverse)
