"""Whether the predicted distributions of the votes are as wide as they should be, and no wider.

An answer's count k out of n is predicted as Beta-binomial with concentrations a and A - a, or as
the mixture of those of several passes. Its transform F(u) is 0 up to u = P(K < k), 1 from u =
P(K <= k) on, and straight between (Czado, Gneiting & Held 2009, Biometrics 65, 1254). Where the
prediction is the truth, the mean of F(u) over galaxies is u, though k is discrete. Over the
galaxies that count:

- coverage_90 (_10 to _90, _95, _99): the mean of F(0.95) - F(0.05), how often k lies in the central
  90 % interval; less than 0.9 is overconfident;
- calibration_error: the mean over these levels of |coverage - level|. Its interval is the estimate
  plus and minus a bound on how far off it is (`zoocli.evaluating.absolute`), and ends at 0;
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

That differs from the coverage of the code beside Walmsley et al. 2022 (MNRAS 509, 3966), which
counts the galaxies whose votes are within so many votes of the most likely count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from zoocli.evaluating.absolute import AbsoluteMeans
from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import coarsened, leave_one_out
from zoocli.evaluating.comparing.holm import holm
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.intervals import FEWEST_GALAXIES
from zoocli.evaluating.metric import Estimate, Metric, Scale, divide
from zoocli.evaluating.tree.calibration_sums import FEW, LEVELS, MANY, Calibration
from zoocli.evaluating.tree.levels import levels
from zoocli.foundation.arrays import Floats
from zoocli.schema import Schema

PARTS = {"": (FEW, MANY), ":votes-1-19": (FEW,), ":votes-20+": (MANY,)}
COVERAGES = tuple(f"coverage_{round(100 * level)}" for level in LEVELS)
CHI_SQUARE, P, ADJUSTED = "uniformity_chi_square", "uniformity_p", "uniformity_p_holm"
ERROR = "calibration_error"
BOTH = Place.ROWS | Place.PARTS


class Row(NamedTuple):
    """What numbers are about: an answer, or a level, and the positions of the answers that it has.

    `level`: its own place among the levels, or that of the answer's question.
    """

    question: str
    answer: str | None
    level: int
    answers: list[int]


GLOSSARY = {
    "coverage": "How often the votes lie in the predicted central interval of that level, from "
    "the non-randomised probability integral transform (Czado, Gneiting & Held 2009, "
    "Biometrics 65, 1254).",
    "calibration error": "The mean of |coverage - level| over the levels 10, 20, ..., 90, 95 "
    "and 99 %.",
    "sharpness": "The mean predicted standard deviation of the observed fraction. Of two "
    "calibrated models the sharper is more informative.",
    "uniformity p (Holm)": "From a chi-square test that the randomised transform is uniform, "
    "adjusted over all answers. Absent below 100 galaxies.",
}


class VoteCalibration(Family):
    """Of a decision tree."""

    shown = (
        Shown("calibration_error", "calibration error", BOTH | Place.HEADLINE),
        Shown("coverage_90", "coverage at 90 %", BOTH),
    )
    glossary = GLOSSARY

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._sizes = [len(question.answers) for question in schema.questions]
        self._rows = list(_rows(schema))

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The coverages and the sharpness, then those for few and for many votes."""
        for part in PARTS:
            of_part = self._part(sums, part)
            for row in self._rows:
                galaxies = of_part.galaxies[row.answers].sum(axis=0)
                counted = of_part.levels[row.level]
                covered = of_part.covered[row.answers].sum(axis=0)
                for level, metric in enumerate(COVERAGES):
                    values = divide(covered[level], galaxies).clip(0.0, 1.0)
                    yield Estimate(
                        row.question, row.answer, metric + part, values, counted, Scale.SHARE
                    )
                deviation = divide(of_part.deviation[row.answers].sum(axis=0), galaxies)
                name = "sharpness" + part
                yield Estimate(row.question, row.answer, name, deviation, counted, Scale.LOG)

    def _part(self, sums: AdditiveArrays, part: str) -> PartSums:
        """Galaxies with few votes, with many, or both: these are added up."""
        strata = list(PARTS[part])
        counted, covered, deviation = (
            sums[f"by_many/calibration/{name}"][strata].sum(axis=0)
            for name in ("levels", "covered", "deviation")
        )
        if not part:  # a galaxy may have few votes for one question and many for another
            counted = coarsened(sums["counted/levels"])
        galaxies = np.repeat(counted[-len(self._sizes) :], self._sizes, axis=0)
        answers = covered.reshape(len(galaxies), len(LEVELS), -1)
        return PartSums(counted, galaxies, answers, deviation)

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The calibration errors, and the tests of uniformity."""
        names = ("counted/levels", "by_many/")
        ours = {
            name: values
            for name, values in sums.items()
            if name.removeprefix("buckets/").startswith(names)
        }
        without = leave_one_out(ours)
        for part, strata in PARTS.items():
            of_part = self._part(without, part)
            yield from self._errors(of_part, part)
            yield from self._tests(sums, of_part, part, strata)

    def _errors(self, part: PartSums, suffix: str) -> Iterator[Metric]:
        """A row's is the mean of |coverage - level| over its answers and levels."""
        answers = len(part.galaxies)
        coverage = divide(part.covered, part.galaxies[:, np.newaxis])
        differences = AbsoluteMeans(
            (coverage - LEVELS[:, np.newaxis]).reshape(answers * len(LEVELS), -1)
        )
        weights = np.repeat(part.galaxies[:, 0], len(LEVELS)).reshape(answers, -1)
        for row in self._rows:
            N = int(part.levels[row.level, 0])
            value = low = high = None
            given = np.zeros_like(weights)
            given[row.answers] = weights[row.answers]
            if given.any():
                value, reach = differences.weighted(given.ravel() / given.sum())
                if N >= FEWEST_GALAXIES and reach is not None:
                    low, high = max(value - reach, 0.0), value + reach
            yield Metric(row.question, row.answer, ERROR + suffix, value, low, high, N)

    def _tests(
        self, sums: AdditiveArrays, part: PartSums, suffix: str, strata: Sequence[int]
    ) -> Iterator[Metric]:
        tests = [
            Calibration.of(sums, [place], strata).uniformity
            for place in range(len(self._schema.label_cols))
        ]
        adjusted = holm([None if test is None else test[1] for test in tests])
        for row in self._rows:
            N = int(part.levels[row.level, 0])
            found = [adjusted[place] for place in row.answers]
            present = [value for value in found if value is not None and not np.isnan(value)]
            numbers = {ADJUSTED: min(present) if present else None}
            if row.answer is not None:
                test = tests[row.answers[0]]
                numbers = {
                    CHI_SQUARE: None if test is None else test[0],
                    P: None if test is None else test[1],
                } | numbers
            for metric, value in numbers.items():
                yield Metric(row.question, row.answer, metric + suffix, value, N=N)


class PartSums(NamedTuple):
    """Sums (rows, 1 + buckets) of all galaxies that count, or of those with few or many votes.

    `levels`: the galaxies of each level; `galaxies` and `deviation` have a row for each answer,
    `covered` (answers, levels of LEVELS, 1 + buckets).
    """

    levels: Floats
    galaxies: Floats
    covered: Floats
    deviation: Floats


def _rows(schema: Schema) -> Iterator[Row]:
    """The answers, question by question, then the levels."""
    places = levels(schema)
    first = len(places) - len(schema.questions)
    for position, question in enumerate(schema.questions, start=first):
        for answer in question.answers:
            yield Row(question.name, answer.name, position, [answer.index])
    for level, (name, questions) in enumerate(places.items()):
        members = [answer.index for i in questions for answer in schema.questions[i].answers]
        yield Row(name, None, level, members)
