"""Which column of a table holds the ids."""

from __future__ import annotations

from collections.abc import Mapping

from zoocli.errors import DataError, some
from zoocli.foundation.columns import ID_COLUMNS
from zoocli.foundation.missing import number_of
from zoocli.tables import Table


def find_id_columns(
    predictions: Table,
    votes: Table,
    predictions_id: str | None,
    votes_id: str | None,
    options: str = "«predictions_id» and «votes_id»",
) -> tuple[str, str]:
    """The id column of each table: the given one, else the first usual name that both have.

    Where one was given, the other table's column of that name comes first. Where they share no
    usual name, it is the one usual name of each. Case does not count where no name is exact. Raises
    DataError for a table in which there is none, or several of them.
    """
    tables = predictions, votes
    given = [
        _called(table, name) for table, name in zip(tables, (predictions_id, votes_id), strict=True)
    ]
    usual = [_usual(table) for table in tables]
    shared = next((name for name in usual[0] if name in usual[1]), None)
    chosen = []
    for table, names, own, other in zip(tables, usual, given, reversed(given), strict=True):
        column = own
        if column is None and other in table.column_names:
            column = other
        elif column is None and shared is not None:
            column = names[shared]
        chosen.append(column or _only(table, names, options))
        table.require(chosen[-1:])
    return chosen[0], chosen[1]


def find_id_column(table: Table, given: str | None) -> str:
    """The id column of a single table: the given one, else the first usual name."""
    column = _called(table, given) or next(iter(_usual(table).values()), None)
    if column is None:
        raise _none(table, "Name it with «id».")
    table.require([column])
    return column


def _called(table: Table, given: str | None) -> str | None:
    """The column that was named, perhaps as it stands in the file: `# id`, or with blanks."""
    if given is None or given in table.column_names:
        return given
    plain = given.lstrip("# ").strip()
    return plain if plain in table.column_names else given


def _only(table: Table, usual: Mapping[str, str], options: str) -> str:
    if not usual:
        raise _none(table, f"Name it with «id», or with {options}.")
    if len(usual) > 1:
        raise DataError(
            f"{table.name} has several columns that usually hold ids, {some(usual.values())}, and "
            f"the other table none of those names. Say which one to use with {options}."
        )
    return next(iter(usual.values()))


def _usual(table: Table) -> dict[str, str]:
    """The usual names of ids that a table has, in their order, and what it calls them."""
    names = set(table.column_names)
    folded = {name.casefold(): name for name in reversed(table.column_names)}
    found = ((usual, usual if usual in names else folded.get(usual)) for usual in ID_COLUMNS)
    return {usual: name for usual, name in found if name is not None}


def _none(table: Table, advice: str) -> DataError:
    names = table.column_names
    if 2 * sum(number_of(name) is not None for name in names) >= len(names):
        advice = "Its first line looks like data: is the line with the names missing?"
    return DataError(
        f"No id column was found: {table.name} has none of {', '.join(ID_COLUMNS)}. Its columns "
        f"are {some(names, limit=8)}. {advice}"
    )


def is_index_name(name: str) -> bool:
    """Whether a column is the index that pandas wrote beside the data."""
    return not name.strip() or name.startswith(("Unnamed: ", "__index_level_"))
