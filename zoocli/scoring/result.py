"""The result of a scoring, besides the scores themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoocli.runs.provenance import Made, Provenance
from zoocli.schema import Levels
from zoocli.scoring.sums import Sums


@dataclass(frozen=True)
class ScoreResult(Made):
    """The additive statistics of a scoring, and how they were made.

    `notes` are warnings for the user.
    """

    provenance: Provenance
    levels: Levels
    sums: Sums
    counts_votes: bool
    notes: tuple[str, ...] = ()

    def metadata(self) -> dict[str, Any]:
        """The metadata of the scores table, for `zoocli summarize`."""
        return table_metadata(self.provenance, self.levels, int(self.sums.galaxies_all[0]))


def table_metadata(provenance: Provenance, levels: Levels, galaxies: int) -> dict[str, Any]:
    """The metadata of a scores table of N galaxies."""
    made = provenance.to_dict(galaxies)
    made.pop("coverage", None)
    return made | {"groups": levels.to_dict()}
