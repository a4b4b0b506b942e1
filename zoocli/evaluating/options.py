"""Everything that can be said about an evaluation, besides how to score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zoocli.errors import UsageError
from zoocli.evaluating.links import Link
from zoocli.resampling import MOST_SEED
from zoocli.scoring.options import ScoreOptions
from zoocli.statistics.evaluation.rules import DEFAULT_PROFILE, Rules, rules_of

MOST_REPLICATES = 10_000


@dataclass(frozen=True)
class EvaluateOptions:
    """The options of `zoocli evaluate` under their long names; see its help for what each does.

    `score` are those that it shares with `zoocli score`. A rule that is None is the profile's.
    """

    score: ScoreOptions = field(default_factory=ScoreOptions)
    profile: str = DEFAULT_PROFILE
    min_votes: int | None = None
    min_root_votes: int | None = None
    min_share_asked: float | None = None
    min_path_fraction: float | None = None
    confident: float | None = None
    bootstrap: int = 1000
    seed: int = 0
    link: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.bootstrap <= MOST_REPLICATES:
            raise UsageError(
                f"--bootstrap must be between 0 and {MOST_REPLICATES:,}, not {self.bootstrap}."
            )
        if not 0 <= self.seed <= MOST_SEED:
            raise UsageError(f"--seed must be between 0 and {MOST_SEED}, not {self.seed}.")
        _ = self.rules, self.linking

    @property
    def rules(self) -> Rules:
        """The rules of the profile, with those that were given in their place."""
        return rules_of(
            self.profile,
            min_votes=self.min_votes,
            min_root_votes=self.min_root_votes,
            min_share_asked=self.min_share_asked,
            min_path_fraction=self.min_path_fraction,
            confident=self.confident,
        )

    @property
    def linking(self) -> Link | None:
        """How the worst galaxies are linked, if they are."""
        return None if self.link is None else Link(self.link)

    def settings(self) -> dict[str, Any]:
        """What of them changes the numbers."""
        made = {"bootstrap": self.bootstrap, "seed": self.seed}
        return {"profile": self.profile} | self.rules.to_dict() | made
