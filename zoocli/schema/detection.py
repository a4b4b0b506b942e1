"""Which built-in decision tree the columns of tables belong to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from zoocli.errors import DataError, UsageError, some
from zoocli.schema.checks import shown
from zoocli.schema.files import built_in_folder
from zoocli.schema.loading import built_in, built_in_names
from zoocli.schema.naming import Ambiguous, Names, Role, nearest, resolve
from zoocli.schema.tree import Schema

FIRST_QUESTION = re.compile(r"^question_answer_pairs:\n +([A-Za-z][\w-]*): ", re.M)
ANSWERS = Role("answers", "", (), "")


def detect_schema(
    *columns: Collection[str], roles: Sequence[Role] = (), questions: Sequence[str] = ()
) -> Schema:
    """The built-in tree whose answers all the tables have; give each table's column names.

    `roles` says what each table is read as, else columns have the answers' own names; with
    `questions`, those of the tree are enough, and the tree of them is returned. How names are
    compared, `zoocli.schema.naming` says: a tree whose own names the tables have comes before one
    that they fit less exactly. Of several that fit alike, the one whose answers contain those of
    all the others. Raises DataError where none fits (the nearest is named, with what it lacks), and
    where several fit of which none contains the others: then only the user can say.

    >>> detect_schema(["id_str", "ring_yes", "ring_no"], ["ring_no", "ring_yes"]).name
    'gz-rings'
    """
    tables = [Names(list(table)) for table in columns]
    roles = roles or [ANSWERS] * len(tables)
    for candidates in _candidates(tables):
        fitting = _fitting(candidates, tables, roles, questions)
        if fitting:
            return _largest(fitting)
    raise DataError(_nothing_fits(tables, roles))


def _candidates(tables: Sequence[Names]) -> Iterable[Iterable[str]]:
    """The trees to try, first those that the names suggest at once.

    Reading and checking all trees takes far longer than looking for their first questions.
    """
    first = {name: _first_question(name) for name in built_in_names()}

    def suggested(name: str) -> list[bool]:
        start = first[name]
        return [any(column.startswith(start) for column in table.names) for table in tables]

    yield [name for name in first if all(suggested(name))]
    yield [name for name in first if any(suggested(name))]
    yield first


def _first_question(name: str) -> str:
    text = (built_in_folder() / f"{name}.yaml").read_text("utf-8")
    first = FIRST_QUESTION.search(text)
    return "" if first is None else first[1]


def _fitting(
    names: Iterable[str], tables: Sequence[Names], roles: Sequence[Role], questions: Sequence[str]
) -> list[Schema]:
    """The trees that fit the tables most exactly."""
    found: dict[int, list[Schema]] = {}
    for name in names:
        try:
            schema = built_in(name).only(questions) if questions else built_in(name)
        except UsageError:  # it has no such question
            continue
        distances = [_distance(schema, *pair) for pair in zip(tables, roles, strict=True)]
        known = [distance for distance in distances if distance is not None]
        if tables and len(known) == len(distances):
            found.setdefault(sum(known), []).append(schema)
    return found[min(found)] if found else []


def _distance(schema: Schema, table: Names, role: Role) -> int | None:
    """How far the table's names are from the tree's; None where it does not fit."""
    try:
        choice = resolve(schema, table, role)
    except Ambiguous as error:  # it fits in several ways: that is said when columns are chosen
        return error.distance
    return None if choice is None else choice.distance


def _largest(fitting: Sequence[Schema]) -> Schema:
    largest = max(fitting, key=lambda schema: len(schema.label_cols))
    answers = set(largest.label_cols)
    others = [schema for schema in fitting if schema is not largest]
    if any(answers == set(other.label_cols) or set(other.label_cols) - answers for other in others):
        raise DataError(
            f"The columns fit several schemas: {some(schema.name for schema in fitting)}. "
            "Say which one is meant with «schema»."
        )
    return largest


def nearest_schema(
    *columns: Collection[str], roles: Sequence[Role] = ()
) -> tuple[Schema, list[str]]:
    """The built-in tree that the tables come nearest to, and the answers that they lack.

    With several tables, an answer is lacking when any of them does not have it.
    """
    tables = [Names(list(table)) for table in columns]
    return _nearest(tables, roles or [ANSWERS] * len(tables))


def _nearest(tables: Sequence[Names], roles: Sequence[Role]) -> tuple[Schema, list[str]]:
    """The tree of which most answers are there, by the most exact names; the smallest of those."""
    rated = []
    for schema in map(built_in, built_in_names()):
        found = [nearest(schema, *pair) for pair in zip(tables, roles, strict=True)]
        absent = {place for _, places in found for place in places}
        answers = schema.label_cols
        missing = [answers[place] for place in sorted(absent)]
        distance = sum(choice.distance for choice, _ in found)
        rated.append((len(missing) - len(answers), distance, len(answers), schema, missing))
    *_, schema, missing = min(rated, key=lambda one: one[:3])
    return schema, missing


def _nothing_fits(tables: Sequence[Names], roles: Sequence[Role]) -> str:
    schema, missing = _nearest(tables, roles)
    answers = len(schema.label_cols)
    if len(missing) == answers or not tables:
        return (
            "No built-in schema fits the columns of the tables: none of the columns that they "
            "share is an answer of any of them. Check the tables, or give the schema with «schema»."
        )
    there = complete_questions(schema, missing)
    advice = "Complete the columns, or give the schema with «schema»."
    if there:
        advice = (
            f"To score only the questions that are there, give «questions={','.join(there)}»; "
            "else complete the columns, or give another schema with «schema»."
        )
    return (
        "No built-in schema fits the columns of the tables. The nearest is "
        f"{shown(schema.name)}: {len(missing)} of its {answers} answer columns are missing, "
        f"{some(missing)}. {advice}"
    )


def complete_questions(schema: Schema, missing: Collection[str]) -> list[str]:
    """The questions of which no answer is missing."""
    return [
        question.name
        for question in schema.questions
        if not any(answer.name in missing for answer in question.answers)
    ]
