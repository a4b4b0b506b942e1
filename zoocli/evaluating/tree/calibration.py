"""Whether the predicted distributions of the votes are as wide as they should be, and no wider.

An answer's count k out of n is predicted as Beta-binomial with concentrations a and A - a, or as
the mixture of those of several passes. Its transform F(u) is 0 up to u = P(K < k), 1 from u =
P(K <= k) on, and straight between (Czado, Gneiting & Held 2009, Biometrics 65, 1254). Where the
prediction is the truth, the mean of F(u) over galaxies is u, though k is discrete. Over the
galaxies that count:

- coverage_90 (_10 to _90, _95, _99): the mean of F(0.95) - F(0.05), how often k lies in the central
  90 % interval; less than 0.9 is overconfident;
- calibration_error: the mean over these levels of |coverage - level|. Its interval is the estimate
  plus and minus the 95 % percentile of the mean over levels of |coverage in a replicate - coverage|
  and ends at 0: it covers at least as often as it says;
- sharpness: the mean predicted standard deviation of k / n;
- uniformity_chi_square, uniformity_p: Pearson's test, with 20 bins, that the randomised transform
  P(K < k) + v P(K = k) is uniform, v uniform from the hash of the galaxy's id, the answer's place
  in the schema and the seed; uniformity_p_holm is adjusted over all answers. Absent below 100
  galaxies.

Of a question, a campaign and overall: the mean over the answers, weighted by their number of
galaxies; of the tests only the least uniformity_p_holm. All of it also for galaxies with fewer than
20 votes for the question and for those with at least 20 (coverage_90:votes-1-19,
coverage_90:votes-20+). There is nothing for confident galaxies: they are chosen by their votes, and
there not even true predictions are calibrated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.bootstrap import point_sums, replicate_sums
from zoocli.evaluating.comparing.holm import holm
from zoocli.evaluating.metric import (
    LEVEL,
    Estimate,
    Metric,
    divide,
)
from zoocli.evaluating.reliability import FRACTION_BINS
from zoocli.evaluating.tree.calibration_sums import (
    BINS,
    EDGES,
    LEVELS,
    LOWER,
    UPPER,
    Calibration,
)
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.levels import level_counts, levels
from zoocli.evaluating.tree.predicted_votes import question_starts
from zoocli.foundation.arrays import Floats
from zoocli.foundation.kernels import calibration as kernels
from zoocli.foundation.resampling import uniforms
from zoocli.runs.options.rules import Rules
from zoocli.schema import Schema

Strata = npt.NDArray[np.int8]

MANY_VOTES = 20
NOT_COUNTED, FEW, MANY = -1, 0, 1
PARTS = {"": (FEW, MANY), ":votes-1-19": (FEW,), ":votes-20+": (MANY,)}
COVERAGES = tuple(f"coverage_{round(100 * level)}" for level in LEVELS)
OF_ANSWERS_ONLY = ("uniformity_chi_square", "uniformity_p")
ADJUSTED = "uniformity_p_holm"
ERROR = "calibration_error"


def features(galaxies: VotedGalaxies, rules: Rules) -> AdditiveArrays:
    """What the coverages are made of, galaxy by galaxy.

    `calibration/covered` (answers x levels, galaxies): F((1 + c) / 2) - F((1 - c) / 2), a number
    from 0 to 1, of each answer at each of its levels c; 0 where the galaxy does not count.
    `calibration/galaxies` (levels of the schema, galaxies): 1 where it counts for any question.
    """
    counted = galaxies.counted(rules)
    predicted = galaxies.predicted_votes
    covered = np.zeros((len(galaxies.votes), len(LEVELS), len(galaxies)))
    kernels.write_covered(
        predicted.below,
        predicted.up_to,
        _strata(galaxies, counted),
        question_starts(galaxies.schema),
        EDGES[LOWER].copy(),
        EDGES[UPPER].copy(),
        covered,
    )
    return {
        "calibration/covered": np.concatenate(covered),
        "calibration/galaxies": level_counts(counted, galaxies.schema),
    }


def collect(galaxies: VotedGalaxies, rules: Rules, seed: int = 0) -> AdditiveArrays:
    """The sums that `Calibration` reads, for galaxies with few and with many votes apart.

    `calibration/counts` (parts, levels of the schema): the galaxies that count, in all, with few
    and with many votes. The others have the axes few and many votes, answers, and what they are of.
    """
    counted = galaxies.counted(rules)
    strata = _strata(galaxies, counted)
    return {
        "calibration/counts": np.stack(
            [
                level_counts(np.isin(strata, members), galaxies.schema).sum(axis=1).astype(np.int64)
                for members in PARTS.values()
            ]
        ),
        **_transforms(galaxies, strata, seed),
        **_fractions(galaxies, strata),
    }


def _strata(galaxies: VotedGalaxies, counted: npt.NDArray[np.bool_]) -> Strata:
    """(questions, galaxies): whether a galaxy that counts has few or many votes."""
    strata = np.where(galaxies.total_votes < MANY_VOTES, FEW, MANY)
    return np.where(counted, strata, NOT_COUNTED).astype(np.int8)


def _transforms(galaxies: VotedGalaxies, strata: Strata, seed: int) -> AdditiveArrays:
    """The sums of the transforms at EDGES, and the randomised transforms by bins."""
    answers = len(galaxies.votes)
    starts, predicted = question_starts(galaxies.schema), galaxies.predicted_votes
    transforms = np.zeros((2, answers, len(EDGES)))
    kernels.add_transforms(predicted.below, predicted.up_to, strata, starts, EDGES, transforms)
    hashes = np.ascontiguousarray(galaxies.hashes)
    numbers = np.stack([uniforms(hashes, seed, answer) for answer in range(answers)])
    randomised = np.zeros((2, answers, BINS), np.int64)
    kernels.add_randomised(predicted.below, predicted.up_to, numbers, strata, starts, randomised)
    return {"calibration/transforms": transforms, "calibration/randomised": randomised}


def _fractions(galaxies: VotedGalaxies, strata: Strata) -> AdditiveArrays:
    """The predicted deviations, and predicted against observed fractions by fixed bins."""
    answers = len(galaxies.votes)
    deviation = np.zeros((2, answers))
    counts = np.zeros((2, answers, FRACTION_BINS), np.int64)
    sums = np.zeros((2, answers, FRACTION_BINS, 3))
    kernels.add_fractions(
        np.ascontiguousarray(galaxies.predicted),
        galaxies.predicted_votes.deviation,
        np.ascontiguousarray(galaxies.votes),
        np.ascontiguousarray(galaxies.total_votes),
        strata,
        question_starts(galaxies.schema),
        deviation,
        counts,
        sums,
    )
    return {
        "calibration/deviation": deviation,
        "calibration/fraction_counts": counts,
        "calibration/fraction_sums": sums,
    }


def estimates(sums: AdditiveArrays, schema: Schema) -> Iterator[Estimate]:
    """The coverages, from the sums of `features` (rows, replicates)."""
    coverage, galaxies = _coverage(sums, schema)
    for row in _rows(schema):
        for level, metric in enumerate(COVERAGES):
            value = _mean(coverage[row.answers, level], galaxies[row.answers])
            counts = sums["calibration/galaxies"][row.level]
            yield Estimate(row.question, row.answer, metric, value, counts)


def metrics(sums: AdditiveArrays, schema: Schema) -> Iterator[Metric]:
    """All other numbers, from the sums of `collect`; the calibration error with its interval."""
    reaches = _error_reaches(sums, schema)
    for part, (suffix, strata) in enumerate(PARTS.items()):
        found = [Calibration.of(sums, [place], strata) for place in range(len(schema.label_cols))]
        weights = np.array([each.count for each in found])
        numbers = _numbers(found)
        for row, reach in zip(_rows(schema), reaches, strict=True):
            for metric in _metrics_of(row, numbers, suffix):
                values = numbers[metric][row.answers]
                mean = (
                    np.fmin.reduce(values)
                    if metric == ADJUSTED
                    else _mean(values, weights[row.answers])
                )
                value = None if np.isnan(mean) else float(mean)
                N = int(sums["calibration/counts"][part, row.level])
                low = high = None
                if metric == ERROR and not suffix and reach is not None and value is not None:
                    low, high = max(value - reach, 0.0), value + reach
                yield Metric(row.question, row.answer, metric + suffix, value, low, high, N)


def _metrics_of(row: _Row, numbers: Iterable[str], suffix: str) -> Iterator[str]:
    """Those that a row shows: `estimates` has some, and a mean of test statistics means nothing."""
    for metric in numbers:
        estimated = not suffix and metric in COVERAGES
        if not estimated and (row.answer is not None or metric not in OF_ANSWERS_ONLY):
            yield metric


def _coverage(sums: AdditiveArrays, schema: Schema) -> tuple[Floats, Floats]:
    """The coverage (answers, levels, replicates), and the galaxies (answers, replicates)."""
    sizes = [len(question.answers) for question in schema.questions]
    galaxies = np.repeat(sums["calibration/galaxies"][-len(sizes) :], sizes, axis=0)
    covered = sums["calibration/covered"].reshape(len(galaxies), len(LEVELS), -1)
    return divide(covered, galaxies[:, np.newaxis]), galaxies


def _error_reaches(sums: AdditiveArrays, schema: Schema) -> list[float | None]:
    """How far from its estimate each row's calibration error may be; None without replicates.

    The error is a mean of absolute values, so noise only adds to it, and in a replicate once more:
    its percentiles would lie above it, and never reach the 0 of true predictions. But two coverages
    differ in their errors by no more than the mean of |difference|, and the 95 % percentile of that
    between the replicates and the estimate bounds it: the interval covers at least that often.
    """
    rows = list(_rows(schema))
    replicates = replicate_sums(sums)
    if replicates is None:
        return [None] * len(rows)
    coverage, galaxies = _coverage(point_sums(sums), schema)
    drawn, _ = _coverage(replicates, schema)
    differences = np.abs(drawn - coverage).mean(axis=1)
    weights = np.where(np.isnan(differences), 0.0, galaxies)
    return [_reach(differences[row.answers], weights[row.answers]) for row in rows]


def _reach(differences: Floats, weights: Floats) -> float | None:
    distances = _mean(differences, weights)
    present = distances[~np.isnan(distances)]
    return float(np.quantile(present, LEVEL)) if len(present) and weights.max() >= 2 else None


class _Row(NamedTuple):
    """What numbers are about: an answer, or a level, and the positions of the answers that it has.

    `level`: its own place among the levels, or that of the answer's question.
    """

    question: str
    answer: str | None
    level: int
    answers: list[int]


def _rows(schema: Schema) -> Iterator[_Row]:
    """The answers, question by question, then the levels."""
    places = levels(schema)
    first = len(places) - len(schema.questions)
    for position, question in enumerate(schema.questions, start=first):
        for answer in question.answers:
            yield _Row(question.name, answer.name, position, [answer.index])
    for level, (name, questions) in enumerate(places.items()):
        members = [answer.index for i in questions for answer in schema.questions[i].answers]
        yield _Row(name, None, level, members)


def _numbers(found: Sequence[Calibration]) -> dict[str, Floats]:
    """Every metric of every answer: (answers,), NaN where it is absent."""
    absent = np.full(len(LEVELS), np.nan)
    coverages = np.stack([absent if each.coverage is None else each.coverage for each in found])
    tests = [each.uniformity for each in found]
    p_values = [None if test is None else test[1] for test in tests]
    others = {
        ERROR: [each.error for each in found],
        "sharpness": [each.sharpness for each in found],
        "uniformity_chi_square": [None if test is None else test[0] for test in tests],
        "uniformity_p": p_values,
        ADJUSTED: holm(p_values),
    }
    return dict(zip(COVERAGES, coverages.T, strict=True)) | {
        name: np.array(values, np.float64) for name, values in others.items()
    }


def _mean(values: Floats, weights: npt.NDArray[Any]) -> Floats:
    """Over the first axis; what has no weight is left out, and NaN where nothing has."""
    weighted = np.where(weights > 0, values * weights, 0.0)
    return divide(weighted.sum(axis=0), weights.sum(axis=0))
