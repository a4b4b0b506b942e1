"""The address of a page about each galaxy, with the values of its columns to be filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlsplit

from zoocli.errors import UsageError

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
            raise UsageError(f"«link» '{self.template}' {problem}, such as {EXAMPLE}.")

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
