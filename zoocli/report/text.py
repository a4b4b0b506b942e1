"""Names, numbers and CSV as text."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zoocli.errors import harmless

ABSENT = "-"
FEWEST_DECIMALS, MOST_DECIMALS = 4, 8
NO_LIMIT = 400  # more decimals than a float has


def decimals(
    values: Iterable[float | None], fewest: int = FEWEST_DECIMALS, most: int = MOST_DECIMALS
) -> int:
    """The decimals (4 to 8) that show two digits of the smallest of `values` (standard errors).

    >>> decimals([0.5, 0.00012, None]), decimals([0.5], fewest=0)
    (5, 2)
    """
    sizes = [abs(value) for value in values if value]
    if not sizes:
        return FEWEST_DECIMALS
    needed = 1 - math.floor(math.log10(min(sizes)))
    return min(max(needed, fewest), most)


def number(value: float | None, digits: int) -> str:
    """A number with `digits` decimals, or in scientific notation if they would not show it.

    >>> number(2.46696894, 4), number(0.0, 4), number(3e-7, 4), number(None, 4)
    ('2.4670', '0.0000', '3.00e-07', '-')
    """
    if value is None:
        return ABSENT
    hidden = value != 0.0 and abs(value) < 0.5 * 10.0**-digits
    return f"{value:.2e}" if hidden or abs(value) >= 1e12 else f"{value:.{digits}f}"


def count(value: int | None) -> str:
    """A count with thousands separators.

    >>> count(1000000)
    '1,000,000'
    """
    return ABSENT if value is None else f"{value:,}"


def csv_text(header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    r"""Rows as CSV under a header, numbers with all digits; None is an empty cell.

    >>> csv_text(["name", "N"], [{"name": "a\x1b", "N": 7}, {"name": "b", "N": None}])
    'name,N\na\\x1b,7\nb,\n'
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {name: harmless(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        )
    return text.getvalue()
