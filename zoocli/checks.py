"""What makes a value invalid, and the account of the invalid values that were met."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zoocli.errors import DataError, some

Mask = npt.NDArray[np.bool_]
NamesOfRows = Callable[[Iterable[int]], list[str]]
FIRST = 5
MOST_VOTES = 2**31 - 1


@dataclass(frozen=True)
class Problem:
    """A kind of invalid value: what it is called, and what the user can do about it."""

    what: str
    advice: str


NEGATIVE_VOTES = Problem("votes below zero", "Counts of votes cannot be negative; mend them.")
FRACTIONAL_VOTES = Problem(
    "votes that are not whole numbers",
    "A likelihood needs counts: give raw counts, not fractions or weighted votes, or round them "
    "with --on-fractional round.",
)
INFINITE_VOTES = Problem("votes that are infinite", "Mend them, or leave the cells blank.")
TOO_MANY_VOTES = Problem(
    f"votes, or totals of votes, above {MOST_VOTES:,}",
    "That is more than a count can be; mend them.",
)
PARTLY_MISSING_VOTES = Problem(
    "questions with some answers missing and others not",
    "Fill them in, or count the missing ones as no votes with --missing-votes zero.",
)
NO_LIKELIHOOD = Problem(
    "concentrations that are NaN, infinite, zero or negative",
    "No likelihood exists for them: mend the predictions, or let these losses be null with "
    "--on-invalid null.",
)
TOO_LARGE = Problem(
    "questions whose concentrations add up beyond the largest number",
    "No likelihood exists for them: mend the predictions, or let these losses be null with "
    "--on-invalid null.",
)
RAGGED_PASSES = Problem(
    "galaxies whose lists of passes are longer or shorter than the first one",
    "Give every galaxy and answer the same number of passes.",
)
NOT_IN_ENSEMBLE = Problem(
    "galaxies that a file of the ensemble lacks",
    "Give predictions of the same galaxies in every file of --ensemble.",
)
NOT_FINITE = Problem(
    "predictions that are NaN or infinite, or give an infinite loss",
    "Mend the predictions, or let these losses be null with --on-invalid null.",
)
NOT_PROBABILITIES = Problem(
    "rows that are not probabilities (each in [0, 1], the sum 1)",
    "Give probabilities, or say --scale logits.",
)
UNKNOWN_LABEL = Problem(
    "labels that are none of the classes",
    "Labels are the names of the prediction columns, or their numbers from 0.",
)
INFINITE_LABEL = Problem("labels that are infinite", "Mend them, or leave the cells blank.")


@dataclass
class Findings:
    """Invalid values by problem and column: how many, and the first few ids."""

    name: str
    counts: dict[Problem, dict[str, int]] = field(default_factory=dict)
    first_ids: dict[Problem, list[str]] = field(default_factory=dict)

    def add(self, problem: Problem, column: str, where: Mask, ids: NamesOfRows) -> None:
        """Counts the rows where `where` holds; `ids` gives the ids of some rows."""
        rows = np.flatnonzero(where)
        if not len(rows):
            return
        columns = self.counts.setdefault(problem, {})
        columns[column] = columns.get(column, 0) + len(rows)
        first = self.first_ids.setdefault(problem, [])
        for text in ids(rows[:FIRST]) if len(first) < FIRST else ():
            if text not in first and len(first) < FIRST:
                first.append(text)

    def raise_if_any(self) -> None:
        """Raises DataError about the most frequent problem, and counts the others."""
        if not self.counts:
            return
        totals = {problem: sum(columns.values()) for problem, columns in self.counts.items()}
        worst, *others = sorted(totals, key=lambda problem: -totals[problem])
        also = "".join(f" There are also {totals[other]:,} {other.what}." for other in others)
        raise DataError(
            f"{self.name} has {totals[worst]:,} {worst.what}, in {some(self.counts[worst])}; "
            f"first ids {some(self.first_ids[worst])}. {worst.advice}{also}"
        )

    def merge(self, other: Findings) -> None:
        """Adds what was found in a later batch."""
        for problem, columns in other.counts.items():
            mine = self.counts.setdefault(problem, {})
            for column, count in columns.items():
                mine[column] = mine.get(column, 0) + count
            first = self.first_ids.setdefault(problem, [])
            first += [text for text in other.first_ids[problem] if text not in first]
            del first[FIRST:]
