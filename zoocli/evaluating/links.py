"""A page about each galaxy: an address with the values of its columns filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlsplit

import pyarrow as pa

from zoocli.columns import from_numpy
from zoocli.errors import DataError, UsageError
from zoocli.scoring.matched import Matched

ID = "id"
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
EXAMPLE = "'https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}'"


@dataclass(frozen=True)
class Link:
    """An address with placeholders: `{id}`, or a column of the predictions or the votes.

    Only http and https, and the host has no placeholder, so that no value leads elsewhere. Raises
    UsageError for anything else.

    >>> Link("https://example.org/show?name={id}&at={ra}").fill({"id": "a&b", "ra": "1.5"})
    'https://example.org/show?name=a%26b&at=1.5'
    """

    template: str

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise UsageError(f"--link '{self.template}' {problem}, such as {EXAMPLE}.")

    def _problem(self) -> str | None:
        """What is wrong with it, or None."""
        plain = PLACEHOLDER.sub("", self.template)
        if not plain.isprintable() or re.search(r"""[\s<>"\\]""", plain):
            return "has a character that addresses do not allow; give an address"
        try:
            parts = urlsplit(self.template)
        except ValueError:
            return "is not an address; give one"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return "does not begin with http:// or https:// and a host; give an address that does"
        if re.search("[{}]", parts.netloc):
            return "has a placeholder in its host; name the host itself"
        if re.search("[{}]", plain):
            return "has a brace without its partner, or an empty pair; give each column in braces"
        if not self.names:
            return "has no placeholder, so all galaxies would get the same page; name columns"
        return None

    @cached_property
    def names(self) -> list[str]:
        """The names in braces, each once."""
        return list(dict.fromkeys(PLACEHOLDER.findall(self.template)))

    @property
    def columns(self) -> list[str]:
        """The names that are columns: all but the id."""
        return [name for name in self.names if name != ID]

    def fill(self, values: Mapping[str, str | None]) -> str | None:
        """The address of one galaxy, its values quoted; None where it lacks one of them."""
        texts = {name: values[name] for name in self.names}
        if None in texts.values():
            return None
        return PLACEHOLDER.sub(lambda found: quote(str(texts[found[1]]), safe=""), self.template)


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
            f"Column '{name}' holds {column.type}, which --link cannot put into an address. Name a "
            "column of numbers or of text."
        ) from error
    return [None if text is None or text.strip() in ("", "nan") else text.strip() for text in texts]
