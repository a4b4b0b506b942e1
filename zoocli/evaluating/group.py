"""One group of galaxies of an evaluation, and where its sums are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.foundation.strict_json import text_of
from zoocli.scoring.summaries.bins import Bin

if TYPE_CHECKING:
    from zoocli.evaluating.evaluation import Evaluation

SETTING = "by"  # which columns and bins there are
FOLDER = "by/"


@dataclass(frozen=True)
class Group:
    """The galaxies with a value of a column in a bin, and their evaluation.

    `number` is that of the column, `bin` what they have in common.
    """

    number: int
    column: str
    bin: Bin
    evaluation: Evaluation

    def about(self) -> dict[str, Any]:
        """Which group it is: the column, and the bin's label with its edges or its text."""
        one = self.bin
        found = {"by": self.column, "group": one.label}
        return found | {"low": one.low, "high": one.high, "value": one.value}


def prefix_of(column: int, place: int) -> str:
    """What the names of a group's sums begin with.

    >>> prefix_of(0, 12)
    'by/0/12/'
    """
    return f"{FOLDER}{column}/{place}/"


def groups_in(
    settings: Mapping[str, Any], sums: AdditiveArrays
) -> Iterator[tuple[int, str, Bin, AdditiveArrays]]:
    """The column with its number, the bin and the sums of every group that has galaxies."""
    for number, by in enumerate(settings.get(SETTING) or ()):
        for place, one in enumerate(by["bins"]):
            prefix = prefix_of(number, place)
            found = {
                name.removeprefix(prefix): values
                for name, values in sums.items()
                if name.startswith(prefix)
            }
            if found:
                yield number, text_of(by["column"]), Bin.from_dict(one), found
