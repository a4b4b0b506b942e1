"""The kinds of invalid values, and the account of those that a table has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zoocli.errors import DataError, some
from zoocli.foundation.kernels.votes import MOST_VOTES

Mask = npt.NDArray[np.bool_]
NamesOfRows = Callable[[Iterable[int]], list[str]]
FIRST = 5

NO_LIKELIHOOD_ADVICE = (
    "They have no likelihood. Correct the predictions, or have null results for them with "
    "--on-invalid null."
)


@dataclass(frozen=True)
class Problem:
    """A kind of invalid value: its description, and what the user can do about it."""

    what: str
    advice: str


NEGATIVE_VOTES = Problem("votes below zero", "Vote counts cannot be negative. Correct them.")
FRACTIONAL_VOTES = Problem(
    "votes that are not whole numbers",
    "A likelihood needs counts: give raw counts, not fractions or weighted votes, or round them "
    "with --on-fractional round.",
)
INFINITE_VOTES = Problem("votes that are infinite", "Correct them, or leave the cells blank.")
TOO_MANY_VOTES = Problem(
    f"votes, or totals of votes, above {MOST_VOTES:,}",
    "Counts must fit into 32 bits. Correct them.",
)
PARTLY_MISSING_VOTES = Problem(
    "questions with some answers missing and others not",
    "Fill them in, or count missing answers as zero votes with --missing-votes zero.",
)
NO_LIKELIHOOD = Problem(
    "concentrations that are NaN, infinite, zero or negative",
    NO_LIKELIHOOD_ADVICE,
)
TOO_LARGE = Problem(
    "questions whose concentrations have an infinite sum",
    NO_LIKELIHOOD_ADVICE,
)
RAGGED_PASSES = Problem(
    "galaxies with more or fewer passes than the first one",
    "Give every galaxy and answer the same number of passes.",
)
NOT_IN_ENSEMBLE = Problem(
    "galaxies that a file of the ensemble lacks",
    "Give predictions for the same galaxies in every file of --ensemble.",
)
NOT_FINITE = Problem(
    "predictions that are NaN or infinite, or give an infinite loss",
    "Correct the predictions, or have null losses for them with --on-invalid null.",
)
NOT_PROBABILITIES = Problem(
    "rows that are not probabilities (each in [0, 1], the sum 1)",
    "Give probabilities, or use --scale logits.",
)
UNKNOWN_LABEL = Problem(
    "labels that are none of the classes",
    "A label is the name of a prediction column, or its number from 0.",
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
    """The invalid values of the table called `name`, by problem and column."""

    name: str
    found: dict[Problem, dict[str, Found]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, problem: Problem, column: str, where: Mask, ids: NamesOfRows) -> None:
        """Counts the rows where `where` is true; `ids` gives the ids of some rows."""
        rows = np.flatnonzero(where)
        if len(rows):
            found = self._of(problem, column)
            found.add(len(rows), ids(rows[:FIRST]) if len(found.first_ids) < FIRST else ())

    def merge(self, other: Findings) -> None:
        """Adds the findings of a later batch."""
        for problem, columns in other.found.items():
            for column, found in columns.items():
                self._of(problem, column).add(found.count, found.first_ids)

    def __add__(self, other: Findings) -> Findings:
        total = Findings(self.name)
        total.merge(self)
        total.merge(other)
        return total

    def _of(self, problem: Problem, column: str) -> Found:
        return self.found.setdefault(problem, {}).setdefault(column, Found(0, []))

    def raise_if_any(self) -> None:
        """Raises DataError for the most frequent problem, with the counts of the others."""
        if not self.found:
            return
        totals = {
            problem: sum(found.count for found in columns.values())
            for problem, columns in self.found.items()
        }
        worst, *others = sorted(totals, key=lambda problem: -totals[problem])
        first = dict.fromkeys(
            text for found in self.found[worst].values() for text in found.first_ids
        )
        also = "".join(f" There are also {totals[other]:,} {other.what}." for other in others)
        raise DataError(
            f"{self.name} has {totals[worst]:,} {worst.what}, in {some(self.found[worst])}; first "
            f"ids {some(list(first)[:FIRST])}. {worst.advice}{also}"
        )
