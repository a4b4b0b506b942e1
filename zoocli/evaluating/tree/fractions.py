"""How far predicted fractions are from those of the votes.

Per answer, over the galaxies that count for its question, with the predicted fraction p (a_j / A,
averaged over the passes) and the observed fraction o = k_j / n:

- bias = mean(p - o); mae = mean|p - o|; rmse = sqrt(mean (p - o)^2);
- r2 = 1 - sum (p - o)^2 / sum (o - mean o)^2, absent where all o are equal;
- pearson: the correlation of p and o, absent where all p or all o are equal;
- dispersion: the rmse over the one that the predictions themselves expect, since votes are random:
  sqrt(mean[p (1 - p) (A + n) / (n (A + 1))]), the variance of k_j / n under the Beta-binomial (for
  several passes under their mixture). 1 where the predictions are as wide as they should be: also
  those of a climatology, without any skill.

What votes alone say of their noise, over those with n >= 2, v = o (1 - o) / (n - 1), which is
unbiased for the variance of o whatever the truth:

- noise_rmse = sqrt(mean v): what would be left of the rmse of perfect predictions;
- corrected_rmse = sqrt(mean[(p - o)^2 - v]): the distance from the truth without the votes' noise
  (0 where the noise is larger);
- volunteers = mean[n v] / mean[(p - o)^2 - v]: how many volunteers a prediction is worth. The mean
  of m volunteers has the variance q (1 - q) / m about the truth q, of which mean[n v] / m is an
  unbiased estimate. Absent, with a lower end alone, where the predictions are closer to the truth
  than the votes can show.

How far the predictions are from the diagonal of the reliability curve:

- reliability_error = sqrt(max(0, sum_g (n_g / N) (d_g^2 - s_g^2 / n_g))), d_g the mean o minus the
  mean p of the galaxies in a group of similar p, of at most 20, and s_g the standard deviation of
  o - p there: without what noise adds (Kumar, Liang & Ma 2019, arXiv:1909.10155). No interval.

Of a question, a campaign and overall all sums are pooled over the answers, but for mae and pearson,
which are means over the answers that have them; the biases add up to 0 there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import PREFIX as BUCKETS_PREFIX
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.metric import (
    Estimate,
    Metric,
    Scale,
    centred_squares,
    divide,
    mean_of_present,
)
from zoocli.evaluating.reliability import ReliabilityCurve, reliability_curve
from zoocli.evaluating.tree.levels import levels
from zoocli.foundation.arrays import Counts, Floats
from zoocli.foundation.kernels.tree_features import (
    GALAXIES,
    PREDICTED,
    SQUARES,
    UNIT,
    VOTE_BINS,
)
from zoocli.schema import Schema

SCALES = {
    "bias": Scale.PLAIN,
    "mae": Scale.LOG,
    "rmse": Scale.LOG,
    "r2": Scale.LOG_REST,
    "pearson": Scale.ATANH,
    "noise_rmse": Scale.LOG,
    "corrected_rmse": Scale.SQUARE,
    "volunteers": Scale.INVERSE,
    "dispersion": Scale.LOG,
}
AVERAGED = ("mae", "pearson")  # over answers; the others pool their sums
OF_SEVERAL_VOTES = ("noise_rmse", "corrected_rmse", "volunteers")
RESOLVED = 1e-13  # of the mean square: a smaller variance is rounding
OF_QUESTIONS = ("galaxies", "several")  # sums; the others are of answers
PREFIX, BY_VOTES = "fractions/", "by_votes/"
BOTH = Place.ROWS | Place.PARTS

RELIABILITY = "reliability_error"

GLOSSARY = {
    "bias, MAE, RMSE, R2, Pearson": "Of the predicted fraction (the answer's concentration "
    "divided by the question's sum, averaged over passes) against the observed one (its votes "
    "divided by the question's). For a question and overall sums are pooled over answers; MAE "
    "and Pearson are means over answers.",
    "RMSE without noise": "The distance of the predictions from the truth: the RMSE with the "
    "votes' own noise taken off, which is known from the votes.",
    "volunteers": "How many volunteers a prediction is worth: the mean of so many votes would "
    "be as far from the truth as the prediction is.",
    "dispersion": "The RMSE divided by the one that the predictions expect of themselves: 1 "
    "where they are as wide as they should be, above 1 where they are too sure of themselves.",
}


class Fractions(Family):
    """Of a decision tree."""

    shown = (
        Shown("bias", "bias", Place.PARTS),
        Shown(
            "rmse",
            "RMSE",
            BOTH | Place.PAPER | Place.INTERVAL | Place.HEADLINE,
            headline="RMSE of vote fractions",
        ),
        Shown("corrected_rmse", "without noise", Place.PARTS),
        Shown(
            "volunteers",
            "volunteers",
            BOTH | Place.PAPER | Place.INTERVAL | Place.HEADLINE,
            headline="volunteers that a prediction is worth",
            digits=1,
        ),
    )
    glossary = GLOSSARY

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The numbers of every answer and level, then those by bins of total votes."""
        yield from self._of(_named(sums, PREFIX), "", sums["counted/levels"])
        by_votes = _named(sums, BY_VOTES)
        for number in range(len(VOTE_BINS)):
            named = {name: values[number] for name, values in by_votes.items()}
            yield from self._of(named, f":votes-{bin_name(number)}", named["galaxies"])

    def _of(self, named: AdditiveArrays, part: str, of_levels: Floats) -> Iterator[Estimate]:
        """Answers, question by question; then the levels, or of a part the questions alone.

        `of_levels` (rows, 1 + buckets): the galaxies of these levels.
        """
        schema = self._schema
        sizes = [len(question.answers) for question in schema.questions]
        sums = with_spreads(
            {
                name: np.repeat(values, sizes, axis=0) if name in OF_QUESTIONS else values
                for name, values in named.items()
            }
        )
        found, slices = numbers_of(sums), schema.question_slices
        for question in schema.questions:
            for answer in question.answers:
                for metric, scale in SCALES.items():
                    counted = sums[_counting(metric)][answer.index]
                    values = found[metric][answer.index]
                    yield Estimate(
                        question.name, answer.name, metric + part, values, counted, scale
                    )
        of_each = list(levels(schema).items())
        if part:
            of_each = of_each[-len(sizes) :]
        for galaxies, (name, members) in zip(of_levels, of_each, strict=True):
            at = np.concatenate([np.arange(len(found["mae"]))[slices[i]] for i in members])
            pooled = numbers_of(
                {key: values[at].sum(axis=0, keepdims=True) for key, values in sums.items()}
            )
            for metric, scale in SCALES.items():
                if metric == "bias":
                    continue
                averaged = metric in AVERAGED
                values = mean_of_present(found[metric][at]) if averaged else pooled[metric][0]
                single = len(members) == 1 and metric in OF_SEVERAL_VOTES
                counted = named["several"][members[0]] if single else galaxies
                yield Estimate(name, None, metric + part, values, counted, scale)

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The reliability errors, of every answer and level."""
        bins = sums["histograms/bins"]
        counted = sums[f"{BUCKETS_PREFIX}counted/levels"].sum(axis=0)
        slices = self._schema.question_slices
        for question in self._schema.questions:
            for answer in question.answers:
                of_answer = bins[answer.index]
                N = int(of_answer[:, GALAXIES].sum())
                value = reliability_of(of_answer).debiased_error
                yield Metric(question.name, answer.name, RELIABILITY, value, N=N)
        for galaxies, (name, members) in zip(counted, levels(self._schema).items(), strict=True):
            pooled = np.sum([bins[slices[i]].sum(axis=0) for i in members], axis=0)
            value = reliability_of(pooled).debiased_error
            yield Metric(name, None, RELIABILITY, value, N=int(galaxies))


def reliability_of(bins: Counts) -> ReliabilityCurve:
    """The curve of the sums (bins of p, features) that the fused loop has of some answers."""
    return reliability_curve(bins[:, GALAXIES], bins[:, PREDICTED : SQUARES + 1] / UNIT)


def _counting(metric: str) -> str:
    """Which galaxies a metric is of."""
    return "several" if metric in OF_SEVERAL_VOTES else "galaxies"


def with_spreads(sums: AdditiveArrays) -> AdditiveArrays:
    """Sums (answers, 1 + buckets), also those of squares and products about the means."""
    galaxies, predicted, observed = (sums[name] for name in ("galaxies", "predicted", "observed"))
    predicted_squares, observed_squares = sums["predicted_squares"], sums["observed_squares"]
    products = (predicted_squares + observed_squares - sums["error_squares"]) / 2
    return sums | {
        "predicted_spread": centred_squares(predicted_squares, predicted, galaxies, RESOLVED),
        "observed_spread": centred_squares(observed_squares, observed, galaxies, RESOLVED),
        "covariance": products - predicted * divide(observed, galaxies),
    }


def numbers_of(sums: AdditiveArrays) -> dict[str, Floats]:
    """Every metric (rows, 1 + buckets), from the sums of `with_spreads`."""
    galaxies, several, squares = (sums[name] for name in ("galaxies", "several", "error_squares"))
    excess = sums["several_error_squares"] - sums["noise"]
    spread = np.sqrt(sums["predicted_spread"] * sums["observed_spread"])
    with np.errstate(divide="ignore", invalid="ignore"):
        volunteers = np.where(several > 0, sums["vote_noise"] / excess, np.nan)
    corrected = divide(excess, several)
    return {
        "bias": divide(sums["predicted"] - sums["observed"], galaxies),
        "mae": divide(sums["absolute_errors"], galaxies),
        "rmse": np.sqrt(divide(squares, galaxies)),
        "r2": 1 - divide(squares, sums["observed_spread"]),
        "pearson": divide(sums["covariance"], spread),
        "noise_rmse": np.sqrt(divide(sums["noise"], several)),
        "corrected_rmse": np.sign(corrected) * np.sqrt(np.abs(corrected)),
        "volunteers": volunteers,
        "dispersion": np.sqrt(divide(squares, sums["predicted_noise"])),
    }


def _named(sums: AdditiveArrays, prefix: str) -> AdditiveArrays:
    return {
        name.removeprefix(prefix): values
        for name, values in sums.items()
        if name.startswith(prefix)
    }


def bin_name(number: int) -> str:
    """The total votes of a bin, from 0.

    >>> [bin_name(number) for number in (0, 4)]
    ['1-4', '40+']
    """
    first = VOTE_BINS[number]
    return f"{first}-{VOTE_BINS[number + 1] - 1}" if number + 1 < len(VOTE_BINS) else f"{first}+"
