"""A page about each galaxy: an address with the values of its columns filled in."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from zoocli.errors import DataError
from zoocli.foundation.columns import from_numpy
from zoocli.matching.matched import Matched
from zoocli.runs.options.link import ID, Link


class Links:
    """The addresses of galaxies; `kept` are the columns of VOTES, a row for each id."""

    def __init__(self, link: Link | None, kept: pa.Table) -> None:
        self._link, self._kept = link, kept

    def of(self, matched: Matched, rows: Sequence[int]) -> list[str | None]:
        """Those of some of the matched galaxies; None where a value is missing."""
        if self._link is None:
            return [None] * len(rows)
        here = from_numpy(matched.rows[rows])
        there = from_numpy(matched.held_rows[rows])
        columns: dict[str, list[str | None]] = {ID: [*matched.ids(rows)]}
        for name in self._link.columns:
            if name in matched.batch.schema.names:
                taken = matched.batch.column(name).take(here)
            else:
                taken = self._kept.column(name).take(there)
            columns[name] = as_texts(taken, name)
        return [
            self._link.fill(dict(zip(columns, values, strict=True)))
            for values in zip(*columns.values(), strict=True)
        ]


def as_texts(column: pa.Array | pa.ChunkedArray, name: str) -> list[str | None]:
    """The values of a column as they are written; None where there is none.

    >>> as_texts(pa.array([150.25, None, float("nan")]), "ra")
    ['150.25', None, None]
    """
    try:
        texts: list[str | None] = column.cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"Column '{name}' holds {column.type}, which «link» cannot put into an address. Name a "
            "column of numbers or of text."
        ) from error
    return [None if text is None or text.strip() in ("", "nan") else text.strip() for text in texts]
