"""The kinds of invalid values, and the account of those that a table has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from zoocli.errors import DataError, some
from zoocli.foundation.arrays import Mask
from zoocli.foundation.kernels.votes import MOST_VOTES

NamesOfRows = Callable[[Iterable[int]], list[str]]
FIRST = 5

NO_LIKELIHOOD_ADVICE = (
    "They have no likelihood. Correct the predictions, or have null results for them with "
    "«on_invalid=null»."
)


@dataclass(frozen=True)
class Problem:
    """A kind of invalid value: what galaxies have, and what the user can do about it."""

    what: str
    advice: str


NEGATIVE_VOTES = Problem(
    "votes below zero",
    "Vote counts cannot be negative. Correct them, or say what means that there are none, such as "
    "«null_value=-999».",
)
FRACTIONAL_VOTES = Problem(
    "votes that are not whole numbers",
    "A likelihood needs counts: give raw counts, not fractions or weighted votes. Only what is "
    "within 0.001 of a whole number is rounded, with «on_fractional=round».",
)
SHARES_OF_VOTES = Problem(
    "votes that are fractions between 0 and 1",
    "A likelihood needs counts, and fractions have none: give the numbers of votes.",
)
INFINITE_VOTES = Problem("votes that are infinite", "Correct them, or leave the cells blank.")
TOO_MANY_VOTES = Problem(
    f"votes, or totals of votes, above {MOST_VOTES:,}",
    "Counts must fit into 32 bits. Correct them.",
)
PARTLY_MISSING_VOTES = Problem(
    "questions that have some answers missing and others not",
    "Fill them in, or count missing answers as zero votes with «missing_votes=zero».",
)
NO_LIKELIHOOD = Problem(
    "concentrations that are NaN, infinite, zero or negative",
    NO_LIKELIHOOD_ADVICE,
)
PARTLY_MISSING_FRACTIONS = Problem(
    "questions of which only some fractions are there",
    "Fill them in, leave all of the question's cells blank, or leave such questions out with "
    "«on_invalid=null».",
)
NO_FRACTIONS = Problem(
    "questions whose predicted fractions are negative, or add up to neither 1 nor 100",
    "Give the fractions of all answers of a question, leave out «fractions» where these are "
    "concentrations, or leave such questions out with «on_invalid=null».",
)
TOO_LARGE = Problem(
    "questions whose concentrations have an infinite sum",
    NO_LIKELIHOOD_ADVICE,
)
RAGGED_PASSES = Problem(
    "more or fewer passes than the first one",
    "Give every galaxy and answer the same number of passes.",
)
NOT_IN_ENSEMBLE = Problem(
    "no predictions in a file of the ensemble",
    "Give predictions for the same galaxies in every file of «ensemble».",
)
NOT_FINITE = Problem(
    "predictions that are NaN or infinite, or give an infinite loss",
    "Correct the predictions, or have null losses for them with «on_invalid=null».",
)
BAD_SIGMA = Problem(
    "standard deviations that are NaN, infinite, zero or negative",
    "Correct them, or leave such galaxies out of what they are for with «on_invalid=null».",
)
NOT_PROBABILITIES = Problem(
    "predictions that are not probabilities (each in [0, 1], the sum 1)",
    "Give probabilities, or use «scale=logits».",
)
UNKNOWN_LABEL = Problem(
    "labels that are none of the classes",
    "A label is the name of a class, or its number. Values that are no label: «null_value».",
)
NOT_ONE_HOT = Problem(
    "labels that are not one-hot (a 1 for one class, 0 for the others)",
    "Correct them, or give one column of labels with «label».",
)
INFINITE_LABEL = Problem("labels that are infinite", "Correct them, or leave the cells blank.")


@dataclass
class Found:
    """One problem in one column: the number of rows, and the ids of the first few."""

    count: int
    first_ids: list[str]

    def add(self, count: int, ids: Iterable[str]) -> None:
        """Adds rows found later."""
        self.count += count
        self.first_ids = list(dict.fromkeys([*self.first_ids, *ids]))[:FIRST]


@dataclass
class Findings:
    """The invalid values of the table called `name`, by problem and column.

    `galaxies` counts, for each problem, those that have it in some column, each once. One object
    takes the findings of one batch by `add`, and those of other batches by `merge`.
    """

    name: str
    found: dict[Problem, dict[str, Found]] = field(default_factory=dict)
    galaxies: dict[Problem, int] = field(default_factory=dict)
    _counted: dict[Problem, Mask] = field(default_factory=dict, repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, problem: Problem, column: str, where: Mask, ids: NamesOfRows) -> None:
        """Counts the rows of the batch where `where` is true; `ids` gives the ids of some rows."""
        rows = np.flatnonzero(where)
        if not len(rows):
            return
        found = self._of(problem, column)
        found.add(len(rows), ids(rows[:FIRST]) if len(found.first_ids) < FIRST else ())
        counted = self._counted.setdefault(problem, np.zeros(len(where), np.bool_))
        self._count(problem, int(np.count_nonzero(where & ~counted)))
        counted |= where

    def clear(self) -> None:
        """Forgets everything."""
        for one in (self.found, self.galaxies, self._counted):
            one.clear()

    def merge(self, other: Findings) -> None:
        """Adds the findings of a later batch."""
        for problem, columns in other.found.items():
            self._count(problem, other.galaxies[problem])
            for column, found in columns.items():
                self._of(problem, column).add(found.count, found.first_ids)

    def __add__(self, other: Findings) -> Findings:
        total = Findings(self.name)
        total.merge(self)
        total.merge(other)
        return total

    def _of(self, problem: Problem, column: str) -> Found:
        return self.found.setdefault(problem, {}).setdefault(column, Found(0, []))

    def _count(self, problem: Problem, galaxies: int) -> None:
        self.galaxies[problem] = self.galaxies.get(problem, 0) + galaxies

    def raise_if_any(self) -> None:
        """Raises DataError for the most frequent problem, with the counts of the others."""
        if not self.found:
            return
        worst, *others = sorted(self.galaxies, key=lambda problem: -self.galaxies[problem])
        first = dict.fromkeys(
            text for found in self.found[worst].values() for text in found.first_ids
        )
        also = "".join(f" There are also {self._have(other)}." for other in others)
        raise DataError(
            f"{self.name} has {self._have(worst)}, in {some(self.found[worst])}; first ids "
            f"{some(list(first)[:FIRST])}. {worst.advice}{also}"
        )

    def _have(self, problem: Problem) -> str:
        """Such as `2 galaxies with votes below zero`."""
        count = self.galaxies[problem]
        return f"{count:,} {'galaxy' if count == 1 else 'galaxies'} with {problem.what}"
