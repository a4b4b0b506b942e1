"""Which column of a table belongs to which answer, and which tree the columns fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoocli.errors import DataError, UsageError, some
from zoocli.schema import Schema, detect_schema, load_schema
from zoocli.tables import Table

PLACEHOLDER = "{answer}"
PREDICTION_SUFFIXES = ("_pred", "_concentration", "_concentrations")
VOTE_SUFFIXES = ("_count", "_votes")
FRACTION_SUFFIXES = (
    "_fraction",
    "_frac",
    "_weighted_fraction",
    "_weighted-fraction",
    "_debiased",
    "_probability",
)


@dataclass(frozen=True)
class AnswerColumns:
    """A table, and the `option` for the names of its columns with its value, the `pattern`.

    Without a pattern, a column has the name of its answer, the name in the schema's `columns`, or
    the name of its answer and one of the `suffixes`, the same for all.
    """

    table: Table
    option: str
    pattern: str | None
    suffixes: tuple[str, ...]
    needs: str

    def __post_init__(self) -> None:
        if self.pattern is not None and self.pattern.count(PLACEHOLDER) != 1:
            raise UsageError(
                f"{self.option} must contain {PLACEHOLDER} once, as in '{PLACEHOLDER}_count'; not "
                f"'{self.pattern}'."
            )

    def answers(self, suffixes: Iterable[str]) -> set[str]:
        """The possible names of answers, from the table's columns."""
        names = self.table.column_names
        if self.pattern is not None:
            before, _, behind = self.pattern.partition(PLACEHOLDER)
            return {
                name[len(before) : len(name) - len(behind)]
                for name in names
                if name.startswith(before)
                and name.endswith(behind)
                and len(name) > len(before) + len(behind)
            }
        stripped = (name.removesuffix(end) for end in suffixes for name in names)
        return {*names, *stripped}

    def columns(self, schema: Schema) -> tuple[list[str], str | None]:
        """The column of every answer, and a note where they were guessed.

        `Table.require` checks that the columns exist. Raises DataError where two guesses fit, and
        where the table has fractions only.
        """
        if self.pattern is not None:
            return [self.pattern.replace(PLACEHOLDER, answer) for answer in schema.label_cols], None
        there = set(self.table.column_names)
        plain = [
            answer if answer in there else schema.columns.get(answer, answer)
            for answer in schema.label_cols
        ]
        if there.issuperset(plain):
            return plain, None
        fitting = [end for end in self.suffixes if _all_there(schema, end, there)]
        if len(fitting) > 1:
            raise DataError(
                f"{self.table.name} has columns that end in {some(fitting)} for every answer. "
                f"Choose one, such as {self.option} '{PLACEHOLDER}{fitting[0]}'."
            )
        if fitting:
            note = f"The columns of {self.table.name} were found as {PLACEHOLDER}{fitting[0]}."
            return [answer + fitting[0] for answer in schema.label_cols], note
        if any(_all_there(schema, end, there) for end in FRACTION_SUFFIXES):
            raise self.only_fractions()
        return plain, None

    def only_fractions(self) -> DataError:
        """The error for a table of vote fractions."""
        return DataError(
            f"{self.table.name} has fractions only, and fractions have no likelihood: "
            f"{self.needs}. Give a table with them."
        )


def _all_there(schema: Schema, suffix: str, names: set[str]) -> bool:
    return all(answer + suffix in names for answer in schema.label_cols)


def find_schema(sides: Sequence[AnswerColumns], schema: str | Path | Schema | None) -> Schema:
    """The given schema, else the one that the columns of all tables fit."""
    if schema is not None:
        return load_schema(schema)
    try:
        return detect_schema(*(side.answers(side.suffixes) for side in sides))
    except DataError:
        _refuse_fractions(sides)
        raise


def _refuse_fractions(sides: Sequence[AnswerColumns]) -> None:
    """Raises the error about fractions where a tree fits columns of fractions."""
    for suspect in sides:
        names = [
            side.answers((*side.suffixes, *FRACTION_SUFFIXES) if side is suspect else side.suffixes)
            for side in sides
        ]
        try:
            detect_schema(*names)
        except DataError:
            continue
        raise suspect.only_fractions()
