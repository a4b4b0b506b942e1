"""What inputs show that are read without an error and yet are probably not what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.foundation.arrays import Floats
from zoocli.foundation.columns import to_floats
from zoocli.matching.concentrations import Pass
from zoocli.schema import Schema
from zoocli.schema.naming import Choice
from zoocli.tables import Table

FRACTIONS, CONCENTRATIONS = "fractions", "concentrations"  # kinds of batches of predictions
LOOKED_AT = 256  # rows of a batch
NEARLY_ALL = 0.95
TOLERANCE = 0.01  # of a sum of fractions, which may have been written with few digits
# What a column beside the answers holds that is no votes for another answer.
NO_ANSWER = re.compile(
    r"frac|debias|total|pred|min|max|prob|weight|flag|conf|dirichlet|concentration|_n$|count$|loss"
)
MANY_VOTES = 1000
SENTINELS = (-9999.0, -999.0, -99.0, 9999.0)
FEW = 2


def kind_of_concentrations(one: Pass, questions: Sequence[slice]) -> str | None:
    """Whether the first rows of a batch are fractions: each question's add up to 1, or to 100."""
    rows = one.rows[:LOOKED_AT]
    columns = [np.asarray(column[rows], np.float64) for column in one.columns]
    if not len(rows):
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        totals = np.stack([sum(columns[answers], np.zeros(len(rows))) for answers in questions])
    for whole in (1.0, 100.0):
        near = (np.abs(totals - whole) <= whole * TOLERANCE).all(axis=0)
        if near.mean() >= NEARLY_ALL:
            return FRACTIONS
    return CONCENTRATIONS


def refuse_fractions(predictions: str, seen: frozenset[str]) -> None:
    """Raises DataError where all batches of predictions were fractions."""
    if FRACTIONS in seen and CONCENTRATIONS not in seen:
        raise DataError(
            f"The predictions in {predictions} are fractions, not concentrations: the answers of "
            "every question add up to 1 (or 100) in nearly every row. Fractions have no "
            "likelihood: give the concentrations that they were made from, or evaluate them with "
            "`zoocli evaluate --fractions`."
        )


def refuse_swapped(predictions: Table, columns: Sequence[str], votes: str) -> None:
    """Raises DataError where PREDICTIONS hold counts; called where VOTES hold no counts."""
    types = dict.fromkeys(columns, pa.float64())
    for batch in predictions.between(0, LOOKED_AT, columns, types, LOOKED_AT):
        numeric = [
            one
            for one in batch.columns
            if pa.types.is_floating(one.type) or pa.types.is_integer(one.type)
        ]
        if len(numeric) < len(columns):
            return
        values = np.stack([to_floats(one, "", predictions.name) for one in numeric])
        values = values[~np.isnan(values)]
        if len(values) and (values == np.rint(values)).all() and (values >= 0).all():
            raise DataError(
                f"The tables look swapped: {predictions.name} holds counts, as votes, and {votes} "
                "numbers that are none, as concentrations. Give the predictions first."
            )
        return


def ignored_columns(schema: Schema, choice: Choice, names: Sequence[str]) -> dict[str, list[str]]:
    """By question: the columns that look like votes for answers that the tree does not have."""
    taken = {name for source in choice.sources for name in source.columns}
    first = schema.label_cols[0]
    ending = choice.sources[0].column.removeprefix(first)
    if not choice.sources[0].column.startswith(first):
        return {}
    found: dict[str, list[str]] = {}
    versions = tuple(f"{answer}_" for answer in schema.label_cols)  # of an answer's own votes
    questions = sorted(schema.question_answer_pairs, key=len, reverse=True)
    for name in names:
        if name in taken or not name.endswith(ending) or name.startswith(versions):
            continue
        question = next((one for one in questions if name.startswith(f"{one}_")), None)
        if question is not None and not NO_ANSWER.search(
            name.removesuffix(ending)[len(question) :]
        ):
            found.setdefault(question, []).append(name)
    return found


def votes_in(column: pa.Array) -> float:
    """The sum of the numbers in a column of whatever type; what is no number counts as 0."""
    if pa.types.is_string(column.type):
        numbers = (_number(cell) for cell in column.to_pylist())
        return float(sum(numbers))
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return 0.0
    values = to_floats(column, "", "")
    return float(values[np.isfinite(values) & (values > 0)].sum())


def _number(cell: str | None) -> float:
    try:
        value = float(cell or 0)
    except ValueError:
        return 0.0
    return value if 0 < value < np.inf else 0.0


def notes_about_votes(
    table: str,
    schema: Schema,
    counts: npt.NDArray[Any],
    ignored: Mapping[str, Sequence[str]],
    ignored_votes: Mapping[str, float],
) -> Iterator[str]:
    """Notes about held counts (galaxies, answers), and about votes that the tree does not use."""
    totals = counts.sum(axis=0, dtype=np.int64)
    for question in schema.questions:
        used = totals[question.columns]
        more = ignored_votes.get(question.name, 0.0)
        if more:
            yield (
                f"{more:,.0f} of {more + used.sum():,.0f} votes for '{question.name}' in {table} "
                f"are in columns that the schema '{schema.name}' does not use: "
                f"{some(ignored[question.name])}. They are not scored."
            )
        never = [a.name for a, votes in zip(question.answers, used, strict=True) if not votes]
        if never and used.sum() >= MANY_VOTES:
            yield (
                f"Nobody voted for {some(never)} in {table}, among {used.sum():,} votes for "
                f"'{question.name}'. Are these the right columns?"
            )
    if len(counts) >= MANY_VOTES // 10 and 0 < counts.max(initial=0) <= 1:
        yield (
            f"No answer in {table} has more than one vote. Are these votes, and not fractions that "
            "were rounded?"
        )


def sentinels_in(values: Floats) -> dict[float, int]:
    """How often each usual number for "no value" stands in a column."""
    found = {one: int(np.count_nonzero(values == one)) for one in SENTINELS}
    return {one: count for one, count in found.items() if count}


def notes_about_sentinels(table: str, found: Mapping[str, Mapping[float, int]]) -> Iterator[str]:
    """Notes about numbers that probably mean that there is no value, by column."""
    for column, numbers in found.items():
        for number, count in numbers.items():
            if count >= FEW:
                yield (
                    f"'{column}' of {table} is {number:g} in {count:,} rows. If that means that "
                    f"there is no value: «null_value={number:g}»."
                )
