"""JSON without the surprises: what one program reads as another would."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

# What reading a content raises where it has other types, or other parts, than it should.
MALFORMED = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)
MOST_LEVELS = 16
MOST_DIGITS = 20  # with the sign: what 64 bits hold, and no more than a little beyond


def parse_json(text: str) -> Any:
    """The content of a JSON text.

    Raises ValueError for what is no JSON, and for what JSON leaves open: keys that stand twice, NaN
    and infinity, numbers too large for 64 bits, deep nesting.

    >>> parse_json('{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    """
    try:
        content = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _refuse_deep(content, MOST_LEVELS)
    return content


def finite_of(value: Any) -> float:
    """A finite number as it stands in JSON; raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def count_of(value: Any) -> int:
    """A count as it stands in JSON; raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value


def text_of(value: Any) -> str:
    """A text as it stands in JSON; raises ValueError for anything else."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated!r} stands twice")
    return content


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number beyond the range of float64")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _refuse_deep(content: Any, levels: int) -> None:
    if not levels:
        raise ValueError("nested too deeply")
    if isinstance(content, dict | list):
        for item in content.values() if isinstance(content, dict) else content:
            _refuse_deep(item, levels - 1)
