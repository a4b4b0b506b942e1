"""Groups of galaxies by the values of a column: COLUMN[:BINS|:qBINS|:EDGES]."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from zoocli.errors import UsageError

MOST_BINS = 100


@dataclass(frozen=True)
class By:
    """The column, and how many bins or which edges were asked for.

    `equal`: the bins are to have equally many galaxies, instead of equal widths.
    """

    column: str
    bins: int | None = None
    edges: tuple[float, ...] = ()
    equal: bool = False

    def __post_init__(self) -> None:
        if self.bins is not None and not 1 <= self.bins <= MOST_BINS:
            raise UsageError(f"«by» takes 1 to {MOST_BINS} bins, not {self.bins}.")
        if len(self.edges) >= MOST_BINS:
            raise UsageError(f"«by» takes fewer than {MOST_BINS} edges, not {len(self.edges)}.")
        rising = all(low < high for low, high in pairwise(self.edges))
        if not rising or not all(map(math.isfinite, self.edges)):
            raise UsageError(
                "The edges of «by» must be finite and rise, such as magnitude:15,17,19; not "
                f"{', '.join(f'{edge:g}' for edge in self.edges)}."
            )

    @classmethod
    def parse(cls, text: str, columns: Collection[str] = ()) -> By:
        """Reads it; of `columns`, one whose own name has a colon is meant by its whole name.

        >>> By.parse("redshift:5"), By.parse("mag:15,17.5")
        (By(column='redshift', bins=5, edges=(), equal=False), By(column='mag', bins=None, \
edges=(15.0, 17.5), equal=False))
        >>> By.parse("mag:5", ["mag:5"]), By.parse("mag:q4")
        (By(column='mag:5', bins=None, edges=(), equal=False), By(column='mag', bins=4, edges=(), \
equal=True))
        """
        column, colon, rest = text.rpartition(":")
        if text in columns or not colon:
            return cls(text)
        if re.fullmatch("q?[0-9]{1,9}", rest):
            return cls(column, int(rest.removeprefix("q")), equal=rest.startswith("q"))
        try:
            return cls(column, edges=tuple(float(edge) for edge in rest.split(",")))
        except ValueError:
            raise UsageError(
                f"«by» '{text}': give a number of bins after the colon (of equal widths, or after "
                "a q of equally many galaxies), or edges separated by commas, such as "
                f"magnitude:5, magnitude:q4 or magnitude:15,17,19; not '{rest}'."
            ) from None
