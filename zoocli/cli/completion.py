"""What the shell offers where a value of an option is typed, besides the choices of the option."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import typer

Completer = Callable[[typer.Context, str], list[str]]
LAST_NAME = re.compile(r"[\w.`-]*$")  # of a condition, as far as it is typed
TABLES = ("tables", "features", "predictions", "scores", "baseline", "systems", "with_")


def completer_of(name: str, metavar: str | None) -> Completer | None:
    """That of an option, by its name or by what it takes; None where the shell offers files."""
    return OF_OPTIONS.get(name) or OF_VALUES.get((metavar or "").partition("[")[0])


def _starting(names: Iterable[str], typed: str) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(typed)]


def schemas(context: typer.Context, incomplete: str) -> list[str]:
    """The built-in trees."""
    del context
    from zoocli.schema import built_in_names

    return _starting(built_in_names(), incomplete)


def _losses(context: typer.Context, incomplete: str) -> list[str]:
    del context
    from zoocli.losses import find_loss, loss_names

    names = loss_names()
    return _starting(
        [*names, *(one for name in names for one in find_loss(name).aliases)], incomplete
    )


def _profiles(context: typer.Context, incomplete: str) -> list[str]:
    del context
    from zoocli.runs.options.rules import PROFILES

    return _starting(PROFILES, incomplete)


def columns(context: typer.Context, incomplete: str) -> list[str]:
    """The columns of the tables that are typed already."""
    return _starting(_names_in(context), incomplete)


def condition(context: typer.Context, incomplete: str) -> list[str]:
    """The condition so far, with its last name completed."""
    found = LAST_NAME.search(incomplete)
    assert found is not None
    before, typed = incomplete[: found.start()], found[0].lstrip("`")
    names = (name if name.isidentifier() else f"`{name}`" for name in _names_in(context))
    return [before + name for name in dict.fromkeys(names) if name.lstrip("`").startswith(typed)]


def _names_in(context: typer.Context) -> Iterator[str]:
    """The columns of the files that are typed already; what cannot be read has none.

    As long as an option lacks its value, what is typed stands in `args`, as it is.
    """
    from zoocli.tables.opening import open_table

    typed = [*map(context.params.get, TABLES), context.args]
    for word in (word for one in typed for word in _several(one)):
        named = word.partition("=")[2]
        for file in (word, named):
            if file and file != "-" and os.path.exists(file):
                with contextlib.suppress(Exception):
                    yield from open_table(file).column_names


def _several(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list | tuple) else [value]) if one]


OF_OPTIONS: dict[str, Completer] = {"schema": schemas, "loss": _losses, "profile": _profiles}
OF_VALUES: dict[str, Completer] = {"COLUMN": columns, "EXPRESSION": condition}
