"""Which columns of a table are the answers, and which tree the columns of all tables fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zoocli.errors import DataError, UsageError
from zoocli.schema import Schema, detect_schema, load_schema
from zoocli.schema.detection import complete_questions
from zoocli.schema.naming import (
    CONCENTRATIONS,
    EXACT,
    FRACTION_ENDINGS,
    Ambiguous,
    Choice,
    Names,
    Role,
    Source,
    fractions_only,
    nearest,
    resolve,
)
from zoocli.tables import Table

ANSWER, QUESTION, SUFFIX = "{answer}", "{question}", "{suffix}"


@dataclass(frozen=True)
class AnswerColumns:
    """A table, what it is read as, and the `pattern` of its columns' names, if one was given.

    Without a pattern, the columns are found as `zoocli.schema.naming` describes.
    """

    table: Table
    role: Role
    pattern: str | None

    def __post_init__(self) -> None:
        if self.pattern is None:
            return
        counts = [self.pattern.count(one) for one in (ANSWER, QUESTION, SUFFIX)]
        if counts not in ([1, 0, 0], [0, 1, 1]):
            raise UsageError(
                f"«{self.role.option}» must contain {ANSWER} once, as in '{ANSWER}_count', or "
                f"{QUESTION} and {SUFFIX}; not '{self.pattern}'."
            )

    @property
    def names(self) -> Names:
        """The columns' names, or with a pattern what it takes for the answers' names."""
        if self.pattern is None:
            return Names(self.table.column_names)
        inside = "(.+)".join(map(re.escape, re.split(r"\{answer\}|\{question\}", self.pattern)))
        around = re.compile(inside.replace(re.escape(SUFFIX), "(.+)"))
        found = (around.fullmatch(name) for name in self.table.column_names)
        return Names(["".join(one.groups()) for one in found if one is not None])

    @property
    def read_as(self) -> Role:
        """The role; a pattern says all that there is about endings."""
        return self.role if self.pattern is None else replace(self.role, endings=())

    def find(self, schema: Schema) -> Choice:
        """Where the numbers of every answer are; raises DataError where they are not."""
        if self.pattern is not None:
            filled = [
                self.pattern.replace(ANSWER, answer.name)
                .replace(QUESTION, question.name)
                .replace(SUFFIX, answer.suffix)
                for question in schema.questions
                for answer in question.answers
            ]
            self.table.require(filled)
            return Choice(tuple(map(Source, filled)), EXACT, "")
        try:
            choice = resolve(schema, self.names, self.role)
        except Ambiguous as error:
            raise DataError(
                f"The columns of {self.table.name} {error.message}. Choose with "
                f"«{self.role.option}={ANSWER}...», a pattern of their names."
            ) from None
        if choice is None:
            raise self._lacking(schema)
        self.table.require([name for source in choice.sources for name in source.columns])
        return choice

    def note(self, choice: Choice) -> str | None:
        """What was taken for the answers, where that is not their own names."""
        if not choice.how:
            return None
        first = choice.sources[0]
        product = "" if first.total is None else f" x '{first.total}'"
        return (
            f"The columns of {self.table.name} were found {choice.how} "
            f"('{first.column}'{product} and so on)."
        )

    def _lacking(self, schema: Schema) -> DataError:
        """The error for columns that are not there."""
        if fractions_only(schema, self.names, self.role):
            return self.only_fractions()
        choice, absent = nearest(schema, self.names, self.role)
        missing = [name for place in absent for name in choice.sources[place].columns]
        lacking = {schema.label_cols[place] for place in absent}
        there = complete_questions(schema, lacking)
        try:
            self.table.require(missing)
        except DataError as error:
            advice = f" To score only the questions that are there: «questions={','.join(there)}»."
            return DataError(f"{error.message}{advice if there else ''}")
        raise AssertionError(f"{missing} are there")

    def only_fractions(self) -> DataError:
        """The error for a table of vote fractions."""
        evaluated = ""
        if self.role == CONCENTRATIONS:
            evaluated = ", or evaluate the fractions with `zoocli evaluate --fractions`"
        return DataError(
            f"{self.table.name} has fractions only, and fractions have no likelihood: "
            f"{self.role.needs}. Give a table with them{evaluated}."
        )


def find_schema(
    sides: Sequence[AnswerColumns],
    schema: str | Path | Schema | None,
    questions: Sequence[str] = (),
) -> Schema:
    """The given schema, else the one that the columns of all tables fit; of `questions`, if any."""
    if schema is not None:
        whole = load_schema(schema)
        return whole.only(questions) if questions else whole
    names = [list(side.names.names) for side in sides]
    try:
        return detect_schema(*names, roles=[side.read_as for side in sides], questions=questions)
    except DataError:
        _refuse_fractions(sides)
        raise


def _refuse_fractions(sides: Sequence[AnswerColumns]) -> None:
    """Raises the error about fractions where a tree fits columns of fractions."""
    for suspect in sides:
        roles = [
            replace(side.read_as, endings=FRACTION_ENDINGS) if side is suspect else side.read_as
            for side in sides
        ]
        try:
            schema = detect_schema(*(list(side.names.names) for side in sides), roles=roles)
        except DataError:
            continue
        if fractions_only(schema, suspect.names, suspect.role):
            raise suspect.only_fractions()
