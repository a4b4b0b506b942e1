"""The condition of `where`, over the columns of both tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from zoocli.errors import DataError
from zoocli.foundation.arrays import Mask
from zoocli.foundation.columns import from_numpy
from zoocli.matching.ids import IdColumn
from zoocli.matching.matched import Matched
from zoocli.tables import Table
from zoocli.tables.where import PREDICTIONS, VOTES, Column, Where


@dataclass(frozen=True)
class Condition:
    """A condition, and which columns of each table it is over."""

    where: Where
    of_predictions: Mapping[Column, str]
    of_votes: Mapping[Column, str]

    @classmethod
    def of(
        cls, where: Where, tables: tuple[Table, Table], ids: tuple[IdColumn, IdColumn]
    ) -> Condition:
        """Raises DataError for a name that neither table has, or both have, other than the id."""
        sides: tuple[dict[Column, str], dict[Column, str]] = {}, {}
        for column in where.columns:
            sides[_side_of(column, tables, ids)][column] = column.name
        return cls(where, *sides)

    @property
    def text(self) -> str:
        """As the user wrote it."""
        return self.where.text

    def apply(self, matched: Matched, kept: pa.Table) -> Matched:
        """Only the galaxies for which it holds; `kept` are the columns held of VOTES."""
        columns: dict[Column, pa.Array] = {}
        for column, name in self.of_predictions.items():
            columns[column] = matched.batch.column(name).take(from_numpy(matched.rows))
        for column, name in self.of_votes.items():
            cells = kept.column(name).take(from_numpy(matched.held_rows))
            columns[column] = cells.combine_chunks()
        holds: Mask = self.where.holds(columns).to_numpy(zero_copy_only=False)
        return matched.where(holds)


def _side_of(column: Column, tables: tuple[Table, Table], ids: tuple[IdColumn, IdColumn]) -> int:
    places = [place for place, table in enumerate(tables) if column.name in table.column_names]
    if column.side is not None:
        wanted = (PREDICTIONS, VOTES).index(column.side)
        tables[wanted].require([column.name])
        return wanted
    names = f"{tables[0].name} and {tables[1].name}"
    if not places:
        raise DataError(
            f"Neither {tables[0].name} nor {tables[1].name} has a column '{column.name}', which "
            "«where» names. Check its name."
        )
    if len(places) == 2 and column.name != ids[0].column:
        raise DataError(
            f"{names} both have a column '{column.name}', which «where» names. Say which is meant: "
            f"predictions.{column.name} or votes.{column.name}."
        )
    return places[0]
