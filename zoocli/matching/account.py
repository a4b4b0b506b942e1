"""What became of every galaxy, and which rows of VOTES a shard scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.foundation.bits import Bits
from zoocli.foundation.strict_json import count_of


@dataclass(frozen=True)
class Matching:
    """What became of every galaxy.

    `matched`: galaxies scored. `predictions_only`: rows of PREDICTIONS whose id VOTES lack.
    `votes_only`: rows of VOTES whose id no prediction has. `duplicated`: ids that match and occur
    more than once on a side; all copies were dropped. `invalid`: scored galaxies whose `loss` is
    null because one of their predictions has no likelihood. `excluded`: galaxies that match, and
    for which the condition of `where` does not hold; None where there is no condition.
    """

    matched: int
    predictions_only: int
    votes_only: int
    duplicated: int
    invalid: int
    excluded: int | None = None

    def to_dict(self) -> dict[str, int]:
        """The counts that there are."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Matching:
        """Reads the counts; raises KeyError, TypeError or ValueError for anything else."""
        return cls(**{key: count_of(value) for key, value in content.items()})


@dataclass(frozen=True)
class Coverage:
    """Which rows of VOTES a shard scored; of the whole, how many ids and rows were dropped.

    `scored` has a bit for each row of VOTES. Ids that occur more than once are dropped by
    every shard: `dropped` of them, which have `dropped_rows` in VOTES.
    """

    scored: Bits
    dropped: int = 0
    dropped_rows: int = 0

    @classmethod
    def of(cls, scored: npt.NDArray[np.bool_], dropped: int = 0, dropped_rows: int = 0) -> Coverage:
        """From an array with a truth value for each row of VOTES."""
        return cls(Bits.pack(scored), dropped, dropped_rows)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Coverage:
        """Reads what `to_dict` wrote; raises KeyError, TypeError or ValueError for all else."""
        bits = Bits(count_of(content["scored"]["length"]), str(content["scored"]["content"]))
        bits.unpack()
        return cls(bits, count_of(content["dropped"]), count_of(content["dropped_rows"]))
