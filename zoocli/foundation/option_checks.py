"""Checks of option values, shared by all options.

Messages name an option as `zoocli.errors.in_command` describes.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from zoocli.errors import UsageError

MOST_SEED = 2**63 - 1


def check_range(
    option: str,
    value: float,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
) -> None:
    """Raises UsageError for a number outside the bounds; NaN and infinities are outside of any.

    >>> check_range("level", 0.9, above=0, below=1)
    >>> check_range("batch_size", 0, least=1, most=1024)
    Traceback (most recent call last):
    zoocli.errors.UsageError: batch_size= must be at least 1 and at most 1,024, not 0.
    """
    bounds = [
        (words, bound, inside)
        for words, bound, inside in (
            ("at least", least, operator.ge),
            ("above", above, operator.gt),
            ("at most", most, operator.le),
            ("below", below, operator.lt),
        )
        if bound is not None
    ]
    finite = -math.inf < value < math.inf
    if not (finite and all(inside(value, bound) for _, bound, inside in bounds)):
        said = " and ".join(f"{words} {bound:,}" for words, bound, _ in bounds)
        raise UsageError(f"«{option}» must be {said}, not {value}.")


def check_choice(option: str, value: object, choices: Iterable[str]) -> None:
    """Raises UsageError for a value that is not one of the choices."""
    choices = list(choices)
    if value not in choices:
        raise UsageError(f"«{option}» is one of {', '.join(choices)}; not '{value}'.")


def check_unique(option: str, values: Sequence[str]) -> None:
    """Raises UsageError for an option that names something twice."""
    repeated = next((value for value in values if list(values).count(value) > 1), None)
    if repeated is not None:
        raise UsageError(f"«{option}» names '{repeated}' more than once.")


def as_tuple(value: Any) -> tuple[Any, ...]:
    """Several values as they are; a single one, such as a text or a number, alone; None as none.

    >>> as_tuple("redshift"), as_tuple(-999), as_tuple(["ra", "dec"]), as_tuple(None)
    (('redshift',), (-999,), ('ra', 'dec'), ())
    """
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Iterable):
        return (value,)
    return tuple(value)


def hold_names(options: object, *fields: str) -> None:
    """Makes fields of a frozen dataclass tuples of names; UsageError for a name given twice."""
    for field in fields:
        names = as_tuple(getattr(options, field))
        check_unique(field, names)
        object.__setattr__(options, field, names)


def unused(where: str, option: str, advice: str = "Leave it out.") -> UsageError:
    """The error for an option that would be ignored.

    >>> print(unused("The loss 'mse'", "class_weights"))
    The loss 'mse' does not use class_weights=. Leave it out.
    """
    return UsageError(f"{where} does not use «{option}». {advice}")
