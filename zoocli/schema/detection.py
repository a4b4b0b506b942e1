"""Which built-in decision tree the columns of tables belong to."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from zoocli.errors import DataError, some
from zoocli.schema.checks import shown
from zoocli.schema.files import built_in_folder
from zoocli.schema.loading import built_in, built_in_names
from zoocli.schema.tree import Schema

FIRST_QUESTION = re.compile(r"^question_answer_pairs:\n +([A-Za-z][\w-]*): ", re.M)


def detect_schema(*columns: Collection[str]) -> Schema:
    """The built-in tree whose answers all the tables have; give each table's column names.

    Of several that fit, the one whose answers contain those of all the others. Raises DataError
    where none fits (the nearest is named, with what it lacks), and where several fit of which
    none contains the others: then only the user can say.

    >>> detect_schema(["id_str", "ring_yes", "ring_no"], ["ring_no", "ring_yes"]).name
    'gz-rings'
    """
    tables = [frozenset(table) for table in columns]
    candidates = [built_in(name) for name in built_in_names() if _may_fit(name, tables)]
    fitting = [schema for schema in candidates if tables and not _missing(schema, tables)]
    if not fitting:
        raise DataError(_nothing_fits(tables))
    largest = max(fitting, key=lambda schema: len(schema.label_cols))
    answers = set(largest.label_cols)
    others = [schema for schema in fitting if schema is not largest]
    if any(answers == set(other.label_cols) or set(other.label_cols) - answers for other in others):
        raise DataError(
            f"The columns fit several schemas: {some(schema.name for schema in fitting)}. "
            "Say which one is meant (-s NAME)."
        )
    return largest


def _may_fit(name: str, tables: Sequence[Collection[str]]) -> bool:
    """False where the columns rule a built-in tree out by its first question alone.

    That is told from the text of its file: reading and checking all trees takes far longer. A
    tree whose catalogue has column names of its own is never ruled out.
    """
    text = (built_in_folder() / f"{name}.yaml").read_text("utf-8")
    first = FIRST_QUESTION.search(text)
    if first is None or "\ncolumns:" in text:
        return True
    return all(any(column.startswith(first[1]) for column in table) for table in tables)


def nearest_schema(*columns: Collection[str]) -> tuple[Schema, list[str]]:
    """The built-in tree that lacks the smallest part of its answers, and those it lacks.

    With several tables, an answer is lacking when any of them does not have it.
    """
    tables = [frozenset(table) for table in columns]
    lacking = [(schema, _missing(schema, tables)) for schema in map(built_in, built_in_names())]
    return min(lacking, key=lambda pair: len(pair[1]) / len(pair[0].label_cols))


def _missing(schema: Schema, tables: Sequence[Collection[str]]) -> list[str]:
    own = schema.columns
    return [
        answer
        for answer in schema.label_cols
        if any(answer not in table and own.get(answer) not in table for table in tables)
    ]


def _nothing_fits(tables: Sequence[Collection[str]]) -> str:
    schema, missing = nearest_schema(*tables)
    answers = len(schema.label_cols)
    if len(missing) == answers:
        nearest = "None of the columns that they share is an answer of any of them."
    else:
        nearest = (
            f"The nearest is {shown(schema.name)}: {len(missing)} of its {answers} answer columns "
            f"are missing, {some(missing)}."
        )
    return (
        f"No built-in schema fits the columns of the tables. {nearest} Complete the columns, or "
        "give the schema (-s NAME or FILE)."
    )
