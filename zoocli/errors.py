"""The exception family.

The library raises these; only `zoocli.cli` turns one into a line of text and an exit code.
A message is one short paragraph: what is wrong, where (file, column, first ids, how many),
and what to do about it. It names an option once, as «only» or «on_invalid=null»; the command line
shows `--only`, Python `only=`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_OPTION = re.compile(r"«([a-z_]+)(?:=([^«»]+))?»")


class ZoocliError(Exception):
    """Anything that zoocli refuses to do, with the exit code that a script sees."""

    exit_code = 1

    @property
    def message(self) -> str:
        """The text with its options marked, for `in_command`."""
        return super().__str__()

    def __str__(self) -> str:
        return in_python(self.message)


class UsageError(ZoocliError):
    """The command or call is wrong: an unknown option value, schema name or loss."""

    exit_code = 2


class DataError(ZoocliError):
    """The data are wrong: a missing file, columns, ids or values."""

    exit_code = 3


class SchemaError(DataError):
    """A schema file, or a pair of dicts, that is not a decision tree."""


class MachineError(ZoocliError):
    """The machine lacks something: a device, memory, disk space, permission, a package."""

    exit_code = 4


class ZoocliWarning(UserWarning):
    """Something that the user should know and that did not stop the work."""

    def __str__(self) -> str:
        return in_python(super().__str__())


def in_python(message: str) -> str:
    """A message with its options as keywords of a function.

    A message marks them by their keyword, with a value after an equals sign if it names one.

    >>> in_python("Raise «memory_limit», or leave them out with «on_duplicate=drop».")
    "Raise memory_limit=, or leave them out with on_duplicate='drop'."
    """
    return _OPTION.sub(_keyword, message)


def _keyword(found: re.Match[str]) -> str:
    value = found[2] or ""
    return f"{found[1]}={value if not value or _NUMBER.fullmatch(value) else repr(value)}"


def in_command(message: str) -> str:
    """A message with its options as the command line spells them.

    >>> in_command("Raise «memory_limit», or leave them out with «on_duplicate=drop».")
    'Raise --memory-limit, or leave them out with --on-duplicate drop.'
    """
    return _OPTION.sub(_typed, message)


def _typed(found: re.Match[str]) -> str:
    import shlex

    flag = f"--{found[1].rstrip('_').replace('_', '-')}"
    return f"{flag} {shlex.quote(found[2])}" if found[2] else flag


def some(names: Iterable[object], limit: int = 5, count: int | None = None) -> str:
    """The first few of `names`, ready for an error message; there are `count`, or as many as named.

    >>> some(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    >>> some([7])
    "'7'"
    >>> some(["a", "b"], count=9)
    "'a', 'b' and 7 more"
    """
    items = list(names)
    shown = ", ".join(f"'{shortened(str(item))}'" for item in items[:limit])
    left = (len(items) if count is None else count) - min(len(items), limit)
    return f"{shown} and {left:,} more" if left > 0 else shown


def shortened(text: str, most: int = 80) -> str:
    """The beginning and the end of a text that has more than `most` characters.

    >>> shortened("abcdefghijklmnop", 12)
    'abcdef...nop'
    """
    if len(text) <= most:
        return text
    behind = most // 3 - 1
    return f"{text[: most - 3 - behind]}...{text[-behind:]}"


def first_line(error: object, most: int = 200) -> str:
    r"""The first line of an error's message, cut to `most` characters; its type if there is none.

    >>> first_line(ValueError("no such column.\nSee the log."))
    'no such column'
    >>> first_line(EOFError())
    'EOFError'
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:most].rstrip(". ")


def harmless(text: str) -> str:
    r"""Control characters (terminal escapes, line ends, text direction) shown, not sent.

    >>> print(harmless("smooth\x1b[2J"))
    smooth\x1b[2J
    """
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )
