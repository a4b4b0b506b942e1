"""The options of an evaluation, besides how to score."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from zoocli.foundation.option_checks import check_range, unused
from zoocli.foundation.resampling import MOST_SEED
from zoocli.losses import find_loss
from zoocli.runs.options.link import Link
from zoocli.runs.options.rules import DEFAULT_PROFILE, Rules, rules_of
from zoocli.runs.options.score import ScoreOptions

MOST_REPLICATES = 10_000
RULES = tuple(field.name for field in fields(Rules))


@dataclass(frozen=True)
class EvaluateOptions:
    """How to evaluate; the defaults are those of `zoocli evaluate`.

    - `score`: the options that it shares with `zoocli score`.
    - `profile`: the name of published rules of which galaxies count for which question; by default
      "zoobot". A rule that is None is the profile's; the rules are for decision trees alone.
    - `min_votes`: votes that the question has at least. `min_root_votes`: votes that its campaign's
      first question has at least. `min_share_asked`: the least ratio of the two, from 0 to 1.
    - `min_path_fraction`: the product of the observed fractions that lead to the question must be
      more than this, from 0 to 1.
    - `confident`: a galaxy is confident where some observed fraction is more than this (0 to 1).
    - `bootstrap`: replicates for the 95 % intervals, at most 10,000; 0 for no intervals. `seed`: of
      the bootstrap.
    - `link`: the address of a galaxy's page, with column names in braces, for the report.
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
        check_range("bootstrap", self.bootstrap, least=0, most=MOST_REPLICATES)
        check_range("seed", self.seed, least=0, most=MOST_SEED)
        _ = self.rules, self.linking  # which check what they are made of
        self._refuse_rules_without_a_tree()

    def _refuse_rules_without_a_tree(self) -> None:
        loss = find_loss(self.score.loss)
        for rule in ("profile", *RULES, "link"):
            if loss.scores != "tree" and getattr(self, rule) is not None:
                raise unused(f"The loss '{loss.name}'", rule)

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
        """The settings of a decision tree's evaluation that change the numbers."""
        profile = {"profile": self.profile or DEFAULT_PROFILE}
        return profile | self.rules.to_dict() | self.bootstrap_settings()
