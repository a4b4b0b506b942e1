"""How an option is declared, once: as the field of a dataclass, with all that is known of it.

From this follow the command line (`zoocli.cli.groups`), the checks (`Options`), the keywords of the
Python functions (`keywords.py`, which is generated), and the refusal of options that a loss would
silently ignore. Nothing here is heavy: the help is made of it.
"""

from __future__ import annotations

import math
import types
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from zoocli.errors import UsageError
from zoocli.foundation.option_checks import (
    as_tuple,
    check_choice,
    check_range,
    check_unique,
    unused,
)
from zoocli.losses import find_loss, loss_names
from zoocli.losses.loss import Loss

# The groups of the help, in their order.
OUTPUT, COLUMNS, GALAXIES, LOSS = "Output", "Columns", "Galaxies", "Loss"
RELEVANCE, INTERVALS, REPORT = "Galaxies that count", "Intervals", "Report"
CATALOGUE, HEAD, PASSES, TRAINING = "Catalogue", "Head", "Passes", "Training"
INVALID, MACHINE, CLUSTER = "Invalid data", "Machine", "Cluster"
GROUPS = (
    *(OUTPUT, CATALOGUE, HEAD, COLUMNS, GALAXIES, LOSS, RELEVANCE, INTERVALS, REPORT),
    *(PASSES, TRAINING, INVALID, MACHINE, CLUSTER),
)

# What the losses score for which an option means something.
TREE, CLASSES, VALUES = ("tree",), ("classes",), ("values",)
LABELS = CLASSES + VALUES


def _with_aliases(name: str) -> str:
    aliases = ", ".join(find_loss(name).aliases)
    return f"{name} ({aliases})" if aliases else name


LOSSES = ", ".join(map(_with_aliases, loss_names()))
OF_CLASSES, OF_VALUES = (", ".join(loss_names(scores)) for scores in ("classes", "values"))


@dataclass(frozen=True)
class Option:
    """What is known of an option besides its name, type and default.

    `help` and `group` are those of the command line, as are `short` (`-s`) and `metavar`. `least`,
    `above`, `most` and `below` bound a number, or each of several. `losses` are the kinds of losses
    for which it means something; none for all. `commas`: the command line takes several values as
    one text with commas between; else it takes the option several times.
    """

    help: str
    group: str
    short: str | None = None
    metavar: str | None = None
    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None
    losses: tuple[str, ...] = ()
    commas: bool = False

    def check(self, name: str, value: object, kind: Any) -> None:
        """Raises UsageError for a value that is out of bounds, or not one of the choices."""
        if get_origin(kind) is Literal:
            check_choice(name, value, get_args(kind))
        bounds = {side: getattr(self, side) for side in ("least", "above", "most", "below")}
        if any(bound is not None for bound in bounds.values()):
            check_range(name, value, **bounds)  # type: ignore[arg-type]


def option(default: Any, help: str, group: str, **more: Any) -> Any:
    """A field of a dataclass that is an option; `more` are fields of `Option`."""
    return field(default=default, metadata={"option": Option(help, group, **more)})


@dataclass(frozen=True)
class Declared:
    """An option with its name, the type of one value, whether it has several, and its default."""

    name: str
    option: Option
    kind: Any
    several: bool
    default: Any


@dataclass(frozen=True)
class Options:
    """The base of the dataclasses of options: checks every value, before any file is opened.

    Raises UsageError. A single value is taken for an option that has several.
    """

    def __post_init__(self) -> None:
        for one in declared(type(self)):
            value = getattr(self, one.name)
            if value is None:
                continue
            values = (value,)
            if one.several:
                values = as_tuple(value)
                object.__setattr__(self, one.name, values)
                if one.kind is str:
                    check_unique(one.name, values)
            for each in values:
                one.option.check(one.name, each, one.kind)


def declared(options: type[Options]) -> tuple[Declared, ...]:
    """The options of a dataclass, in their order."""
    return _declared(cast(Any, options))


@cache
def _declared(options: Any) -> tuple[Declared, ...]:
    # The command line gives tables and schemas as text; their types would be slow to import.
    hints = get_type_hints(options, localns={"Schema": str, "TableLike": str})
    found = []
    for one in fields(options):
        if "option" in one.metadata:
            kind, several = _kind(hints[one.name])
            found.append(Declared(one.name, one.metadata["option"], kind, several, one.default))
    return tuple(found)


def _kind(hint: Any) -> tuple[Any, bool]:
    """The type of one value as the command line takes it, and whether there are several."""
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [one for one in get_args(hint) if one is not types.NoneType]
        return _kind(str if str in kinds else kinds[0])
    if get_origin(hint) is Sequence:
        return _kind(get_args(hint)[0])[0], True
    return hint, False


def refuse_other_options(options: Options, loss: Loss) -> None:
    """Raises UsageError for an option that the loss would silently ignore."""
    for one in declared(type(options)):
        of = one.option.losses
        if of and loss.scores not in of and getattr(options, one.name) != one.default:
            raise unused(f"The loss '{loss.name}'", one.name)


def require_finite(name: str, values: Sequence[float | str]) -> None:
    """Raises UsageError for a number that is missing anyway."""
    if any(_is_no_number(value) for value in values):
        raise UsageError(f"«{name}» takes finite numbers and words; NaN is missing anyway.")


def _is_no_number(value: float | str) -> bool:
    """Whether a value, or a text of one, is NaN or infinite."""
    try:
        return not math.isfinite(float(value))
    except ValueError:  # a word
        return False
