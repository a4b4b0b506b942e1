"""Which of several tables in one file is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoocli.errors import DataError
from zoocli.foundation.columns import ID_COLUMNS


@dataclass(frozen=True)
class Described:
    """A table of a file: the number and the name by which it can be chosen, and its columns."""

    key: str
    name: str | None
    columns: Sequence[str]

    def __str__(self) -> str:
        named = f" '{self.name}'" if self.name else ""
        return f"[{self.key}]{named} with {len(self.columns):,} columns"


def choose_table(tables: Sequence[Described], chosen: str | None, file: str) -> int:
    """The place of the table that is `chosen`, by number or name; raises DataError for none.

    Without a choice, the first that has a usual id column, else the first.
    """
    for place, table in enumerate(tables):
        if chosen is not None:
            if chosen == table.key or chosen.lower() == (table.name or "").lower():
                return place
        elif {name.lower() for name in table.columns} & {*ID_COLUMNS}:
            return place
    if chosen is None:
        return 0
    raise DataError(
        f"{file} has no table [{chosen}]. Its tables are {', '.join(map(str, tables))}."
    )
