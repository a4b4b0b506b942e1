"""The result of a scoring, besides the scores themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from zoocli.foundation.version import __version__
from zoocli.runs.signature import signature
from zoocli.scoring.sums import Coverage, Groups, Matching, Sums


@dataclass(frozen=True)
class Scoring:
    """The additive statistics of a scoring, and how they were made.

    `settings` is everything that changes the numbers; `notes` are warnings for the user. Of a
    shard, `coverage` has the rows of VOTES that it scored.
    """

    loss: str
    schema: str | None
    settings: dict[str, Any]
    groups: Groups
    sums: Sums
    counts_votes: bool
    matching: Matching
    notes: tuple[str, ...] = ()
    shard: str | None = None
    coverage: Coverage | None = None

    def metadata(self) -> dict[str, Any]:
        """The metadata of the scores table, for `zoocli summarize`."""
        return {
            "signature": signature(
                self.loss, self.schema, self.settings, int(self.sums.galaxies_all[0])
            ),
            "version": __version__,
            "loss": self.loss,
            "schema": self.schema,
            "settings": self.settings,
            "shard": self.shard,
            "matching": asdict(self.matching),
            "groups": {
                "campaigns": {name: list(at) for name, at in self.groups.campaigns.items()},
                "questions": list(self.groups.questions),
            },
        }
