"""What writers put where there is no value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# In text where a number should be, without regard to case: of R, SQL servers, pandas, Excel.
WORDS = frozenset(
    ("na", "n/a", "null", "none", "nan", "<na>", "\\n", "missing", "masked", "--", "-", "#n/a")
)


@dataclass(frozen=True)
class Missing:
    """Words (in lower case) and numbers that stand for no value, besides null and blanks."""

    words: frozenset[str] = WORDS
    numbers: tuple[float, ...] = ()

    def more(self, values: Iterable[str | float]) -> Missing:
        """With those that the user named: numbers, or words such as "unknown".

        >>> Missing().more([-999, "-99", "unknown"]).numbers
        (-999.0, -99.0)
        """
        numbers, words = list(self.numbers), set(self.words)
        for value in values:
            number = number_of(value)
            if number is None:
                words.add(str(value).strip().lower())
            else:
                numbers.append(number)
        return Missing(frozenset(words), tuple(numbers))


def number_of(value: str | float) -> float | None:
    """The finite number that a value is; None for other text."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
