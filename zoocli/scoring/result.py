"""The result of a scoring, besides the scores themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoocli.runs.provenance import Made, Provenance
from zoocli.scoring.sums import Groups, Sums


@dataclass(frozen=True)
class ScoreResult(Made):
    """The additive statistics of a scoring, and how they were made.

    `notes` are warnings for the user.
    """

    provenance: Provenance
    groups: Groups
    sums: Sums
    counts_votes: bool
    notes: tuple[str, ...] = ()

    def metadata(self) -> dict[str, Any]:
        """The metadata of the scores table, for `zoocli summarize`."""
        return table_metadata(self.provenance, self.groups, int(self.sums.galaxies_all[0]))


def table_metadata(provenance: Provenance, groups: Groups, galaxies: int) -> dict[str, Any]:
    """The metadata of a scores table of N galaxies."""
    made = provenance.to_dict(galaxies)
    made.pop("coverage", None)
    return made | {
        "groups": {
            "campaigns": {name: list(at) for name, at in groups.campaigns.items()},
            "questions": list(groups.questions),
        }
    }
