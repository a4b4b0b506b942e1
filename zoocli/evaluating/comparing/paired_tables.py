"""Scores tables that are to be compared: how each is read, and whether they can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from zoocli.errors import DataError, some
from zoocli.matching.id_columns import is_index_name
from zoocli.matching.ids import IdColumn
from zoocli.runs.provenance import Provenance
from zoocli.scoring.scores_table import LOSS, Layout, read_layout
from zoocli.tables.parts.joined import Parts

if TYPE_CHECKING:
    from zoocli.schema import Schema
    from zoocli.tables import Table

# What two tables must agree on for their losses to be comparable, and what to call it.
SAME_SETTINGS = {
    "schema_hash": "schema hashes",
    "votes_fingerprint": "votes, by their fingerprints",
    "label": "label columns",
    "labels": "label columns",
    "label_smoothing": "label smoothing",
    "class_weights": "class weights",
}


@dataclass(frozen=True)
class ScoresTable:
    """One opened scores table: how to read it, and what it says about its making.

    `made` is None where it does not say.
    """

    table: Table
    layout: Layout
    ids: str
    made: Provenance | None
    signature: str | None
    campaigns_known: bool

    @classmethod
    def open(cls, table: Table, id_column: str | None, schema: Schema | None) -> ScoresTable:
        """Finds the columns of a table; raises DataError for what is not a scores table."""
        metadata = _metadata(table)
        layout = read_layout(table, metadata, schema)
        known = layout.known or schema is not None
        ids = _id_column(table, id_column)
        if metadata is None:
            return cls(table, layout, ids, None, None, known)
        made = Provenance.of_table(table.name, metadata)
        return cls(table, layout, ids, made, metadata.get("signature"), known)

    @property
    def name(self) -> str:
        """For messages."""
        return self.table.name

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions (or targets) that it has losses for."""
        return self.layout.levels.questions

    def with_levels_of(self, other: ScoresTable) -> ScoresTable:
        """Read with another table's levels and order of questions, which are the same questions."""
        layout = replace(self.layout, levels=other.layout.levels)
        return replace(self, layout=layout, campaigns_known=other.campaigns_known)

    def first_ids(self) -> list[str]:
        """The first few, for messages."""
        column = IdColumn(self.table, self.ids)
        for batch in self.table.batches([self.ids]):
            return [str(one) for one in column.text(batch.column(0)).slice(0, 3).to_pylist()]
        return []


def refuse_differences(first: ScoresTable, other: ScoresTable) -> None:
    """Raises DataError where two tables differ in questions, loss, schema or votes."""
    if other.layout.has_votes != first.layout.has_votes:
        _refuse(first, other, "kinds of losses", *map(_kind, (first, other)))
    lacking = [set(a.questions) - set(b.questions) for a, b in ((first, other), (other, first))]
    if any(lacking):
        only = [f"only it has {some(sorted(names))}" if names else "fewer" for names in lacking]
        _refuse(first, other, "questions", *only)
    if first.made is None or other.made is None:
        return
    if first.made.loss != other.made.loss:
        _refuse(first, other, "losses", first.made.loss, other.made.loss)
    for setting, what in SAME_SETTINGS.items():
        values = first.made.setting(setting), other.made.setting(setting)
        if values[0] != values[1]:
            _refuse(first, other, what, *values)


def _refuse(first: ScoresTable, other: ScoresTable, what: str, *values: Any) -> NoReturn:
    raise DataError(
        f"{first.name} and {other.name} have different {what} ({first.name}: {values[0]}; "
        f"{other.name}: {values[1]}), so their losses cannot be compared. Score both with the same "
        "loss and schema against the same votes."
    )


def _kind(scores: ScoresTable) -> str:
    return f"{'with' if scores.layout.has_votes else 'without'} total votes"


def _metadata(table: Table) -> Mapping[str, Any] | None:
    """What a table says about its making; the parts of a directory must say the same."""
    if not isinstance(table, Parts):
        return table.metadata
    made = [part.metadata for part in table.parts]
    if any(content is None for content in made):
        return None
    for part, content in zip(table.parts, made, strict=True):
        if _essence(content) != _essence(made[0]):
            raise DataError(
                f"{part.name} and {table.parts[0].name} are parts of {table.name}, but were not "
                "scored with the same loss and schema against the same votes. Compare them one by "
                "one."
            )
    return made[0]


def _essence(made: Mapping[str, Any] | None) -> tuple[Any, ...]:
    made = made or {}
    settings = made.get("settings") or {}
    return made.get("loss"), made.get("groups"), *map(settings.get, SAME_SETTINGS)


def _id_column(table: Table, given: str | None) -> str:
    """As given, else the first column (but for an index), where `zoocli score` writes the ids."""
    if given is not None:
        table.require([given])
        return given
    first = next((name for name in table.column_names if not is_index_name(name)), LOSS)
    if first in (LOSS, "index"):
        raise DataError(
            f"{table.name} begins with the column '{first}', not with ids. Name the id column with "
            "«id»."
        )
    return first
