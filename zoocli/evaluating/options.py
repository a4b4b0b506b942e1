"""The options of an evaluation, besides how to score."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from zoocli.errors import UsageError
from zoocli.evaluating.links import Link
from zoocli.losses import find_loss
from zoocli.resampling import MOST_SEED
from zoocli.scoring.options import ScoreOptions
from zoocli.statistics.evaluation.tree.rules import DEFAULT_PROFILE, Rules, rules_of

MOST_REPLICATES = 10_000
RULES = tuple(field.name for field in fields(Rules))


@dataclass(frozen=True)
class EvaluateOptions:
    """The options of `zoocli evaluate` under their long names; see its help for what each does.

    `score` are those that it shares with `zoocli score`. A profile that is None is the default
    one, and a rule that is None is the profile's; both are for losses of a decision tree alone.
    """

    score: ScoreOptions = field(default_factory=ScoreOptions)
    profile: str | None = None
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
        self._refuse_rules_without_a_tree()

    def _refuse_rules_without_a_tree(self) -> None:
        loss = find_loss(self.score.loss)
        for rule in ("profile", *RULES, "link"):
            if loss.scores != "tree" and getattr(self, rule) is not None:
                name = rule.replace("_", "-")
                raise UsageError(f"The loss '{loss.name}' does not use --{name}. Leave it out.")

    @property
    def rules(self) -> Rules:
        """The rules of the profile, with those that were given in their place."""
        given = {rule: getattr(self, rule) for rule in RULES}
        return rules_of(self.profile or DEFAULT_PROFILE, **given)

    @property
    def linking(self) -> Link | None:
        """How the worst galaxies are linked, if they are."""
        return None if self.link is None else Link(self.link)

    def bootstrap_settings(self) -> dict[str, Any]:
        """The settings of the bootstrap that change the numbers."""
        return {"bootstrap": self.bootstrap, "seed": self.seed}

    def tree_settings(self) -> dict[str, Any]:
        """The settings of a tree's evaluation that change the numbers."""
        profile = {"profile": self.profile or DEFAULT_PROFILE}
        return profile | self.rules.to_dict() | self.bootstrap_settings()
