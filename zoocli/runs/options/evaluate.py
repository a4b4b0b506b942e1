"""The options of an evaluation, besides how to score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from zoocli.errors import UsageError
from zoocli.foundation.option_checks import MOST_SEED
from zoocli.losses import find_loss
from zoocli.runs.options.by import By
from zoocli.runs.options.choices import Residual
from zoocli.runs.options.link import Link
from zoocli.runs.options.option import (
    INTERVALS,
    LOSS,
    OF_VALUES,
    RELEVANCE,
    REPORT,
    TREE,
    VALUES,
    Options,
    option,
    refuse_other_options,
)
from zoocli.runs.options.rules import DEFAULT_PROFILE, Rules, rules_of
from zoocli.runs.options.score import ScoreOptions

DEFAULT_OUTLIER = 0.15
JACKKNIFE = "jackknife1024"  # the kind of intervals, and the number of buckets
RULES = tuple(field.name for field in fields(Rules))


@dataclass(frozen=True)
class EvaluateOptions(Options):
    """How to evaluate; the defaults are those of `zoocli evaluate`.

    A rule that is None is that of the profile.
    """

    # --keep is for links alone, which name their columns themselves.
    score: ScoreOptions = field(
        default_factory=ScoreOptions, metadata={"options": ScoreOptions, "without": ("keep",)}
    )
    profile: str | None = option(
        None,
        "Published rules for which galaxies count for which question.  [default: zoobot]",
        RELEVANCE,
        metavar="NAME",
        losses=TREE,
    )
    min_votes: int | None = option(
        None,
        "Minimum number of votes for the question.  [default: from the profile, as "
        "for the next three]",
        RELEVANCE,
        metavar="N",
        losses=TREE,
    )
    min_root_votes: int | None = option(
        None,
        "Minimum number of votes for the first question of its campaign.",
        RELEVANCE,
        metavar="N",
        losses=TREE,
    )
    min_share_asked: float | None = option(
        None,
        "Minimum ratio of the question's votes to those of the first question.",
        RELEVANCE,
        metavar="X",
        losses=TREE,
    )
    min_path_fraction: float | None = option(
        None,
        "The product of the observed fractions on the path to the question must exceed this.",
        RELEVANCE,
        metavar="X",
        losses=TREE,
    )
    confident: float | None = option(
        None,
        "A galaxy is confident if one of its observed fractions exceeds this.  [default: 0.8]",
        RELEVANCE,
        metavar="X",
        losses=TREE,
    )
    fractions: bool = option(
        False,
        "PREDICTIONS are vote fractions, as catalogues publish, not concentrations: all numbers "
        "but those of the likelihood.",
        LOSS,
        losses=TREE,
    )
    residual: Residual = option(
        "difference",
        f"{OF_VALUES}: also the median, sigma_NMAD and outliers of (p - y) / (1 + y), as of "
        "redshifts.",
        LOSS,
        losses=VALUES,
    )
    outlier: float | None = option(
        None,
        "With --residual redshift: (p - y) / (1 + y) beyond this is an outlier.  [default: 0.15]",
        LOSS,
        metavar="X",
        above=0.0,
        losses=VALUES,
    )
    sigma: Sequence[str] = option(
        (),
        f"{OF_VALUES}: the predictions' column with the standard deviation of a prediction, "
        "repeatable in the order of --prediction: its pull, coverage and CRPS.",
        LOSS,
        metavar="COLUMN",
        losses=VALUES,
    )
    by: Sequence[str] = option(
        (),
        "Also evaluate each group of galaxies by a column of either table; repeatable. COLUMN:BINS "
        "for bins of equal widths, COLUMN:qBINS of equally many galaxies, COLUMN:EDGE,EDGE... for "
        "edges; texts each have a group.",
        REPORT,
        metavar="COLUMN[:BINS]",
    )
    seed: int = option(
        0,
        "Random seed of the buckets that intervals come from, and of drawn votes.",
        INTERVALS,
        least=0,
        most=MOST_SEED,
    )
    link: str | None = option(
        None,
        "Link each of the worst galaxies in the report to this address, with columns "
        "of either table, or id, in braces, such as 'https://...?ra={ra}&dec={dec}'.",
        REPORT,
        metavar="URL",
        losses=TREE,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.rules, self.linking, self.groupings  # which check what they are made of
        if self.outlier is not None and self.residual != "redshift":
            raise UsageError("«outlier» is for «residual=redshift». Give both, or neither.")
        refuse_other_options(self, find_loss(self.score.loss))

    @property
    def rules(self) -> Rules:
        """The rules of the profile, with those that were given in their place."""
        given = {rule: getattr(self, rule) for rule in RULES}
        return rules_of(self.profile or DEFAULT_PROFILE, **given)

    @property
    def groupings(self) -> list[By]:
        """The columns to group by, with their bins."""
        return [By.parse(text) for text in self.by]

    @property
    def linking(self) -> Link | None:
        """How the worst galaxies are linked, if they are."""
        return None if self.link is None else Link(self.link)

    def interval_settings(self) -> dict[str, Any]:
        """How the intervals are made."""
        return {"intervals": JACKKNIFE, "seed": self.seed}

    def value_settings(self) -> dict[str, Any]:
        """The settings of an evaluation of values that change what there is."""
        residual = {} if self.residual == "difference" else {"outlier": self.outlier_limit}
        sigma = {"sigma": list(self.sigma)} if self.sigma else {}
        return residual | sigma | self.interval_settings()

    @property
    def outlier_limit(self) -> float | None:
        """Beyond which redshifts are outliers; None where values are no redshifts."""
        if self.residual == "difference":
            return None
        return DEFAULT_OUTLIER if self.outlier is None else self.outlier

    def tree_settings(self) -> dict[str, Any]:
        """The settings of a decision tree's evaluation that change the numbers."""
        profile = {"profile": self.profile or DEFAULT_PROFILE}
        return profile | self.rules.to_dict() | self.interval_settings()
