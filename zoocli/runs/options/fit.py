"""The options of a fit, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoocli.foundation.option_checks import check_range, hold_names, unused
from zoocli.foundation.resampling import MOST_SEED
from zoocli.losses import find_loss
from zoocli.losses.loss import Loss
from zoocli.runs.options.keywords import MissingVotes, OnFractional
from zoocli.runs.options.score import ScoreOptions

if TYPE_CHECKING:
    from zoocli.schema import Schema

MOST_SHARE = 0.9  # of features dropped, and of galaxies held out


@dataclass(frozen=True)
class FitOptions:
    """How to fit; the defaults are those of `zoocli fit`.

    - `schema`: the decision tree, as a built-in name, a YAML file or a Schema; by default the one
      that fits the columns of the votes. `loss`: dirichlet, cross-entropy (ce), mse or l1 (mae).
    - `label`: for classes and values, the columns of the truth; by default "label". `classes`: the
      labels in the order of the outputs; by default those found, sorted.
    - `feature`: the feature columns or patterns such as "x_*", or one column of lists; by default
      feat_0, feat_1 and so on, or the only column of lists.
    - `id`, or `features_id` and `votes_id` where they differ: the id columns, by default the first
      usual name that both tables have. `votes_column`: the name of an answer's column.
    - `on_fractional`, `missing_votes`: as for a score.
    - `epochs`: at most so many. `patience`: stop when so many bring the galaxies held out nothing.
    - `learning_rate`, `weight_decay`: of Adam. `batch_size`: galaxies a step.
    - `dropout`: the share of the features dropped while training. `hold_out`: the share of the
      galaxies held out, chosen by their ids alone. Both from 0 to 0.9.
    - `seed`: of the order of galaxies and of the dropout. `device`: where torch computes: auto,
      cpu, cuda or cuda:N.
    - `threads`, `memory_limit` (bytes, or a text such as "4GB"): by default those of SLURM, the
      container or the machine.
    """

    schema: str | Path | Schema | None = None
    loss: str = "dirichlet"
    label: Sequence[str] = ()
    classes: Sequence[str] = ()
    feature: Sequence[str] = ()
    id: str | None = None
    features_id: str | None = None
    votes_id: str | None = None
    votes_column: str | None = None
    on_fractional: OnFractional = "error"
    missing_votes: MissingVotes = "error"
    epochs: int = 200
    learning_rate: float = 0.001
    weight_decay: float = 0.0
    batch_size: int = 256
    dropout: float = 0.2
    hold_out: float = 0.2
    patience: int = 10
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    memory_limit: str | int | None = None

    def __post_init__(self) -> None:
        hold_names(self, "label", "classes", "feature")
        for option in ("epochs", "batch_size", "patience"):
            check_range(option, getattr(self, option), least=1)
        for option in ("learning_rate", "weight_decay"):
            check_range(option, getattr(self, option), least=0)
        for option in ("dropout", "hold_out"):
            check_range(option, getattr(self, option), least=0, most=MOST_SHARE)
        check_range("seed", self.seed, least=0, most=MOST_SEED)
        if self.classes and self.scored.scores != "classes":
            raise unused(f"The loss '{self.scored.name}'", "classes")
        self.votes_options()  # which checks the others

    @property
    def scored(self) -> Loss:
        """The loss that is minimised."""
        return find_loss(self.loss)

    def votes_options(self, **more: Any) -> ScoreOptions:
        """How VOTES are read: as for a score of this head's predictions."""
        return ScoreOptions(
            loss=self.loss,
            label=self.label,
            votes_column=self.votes_column,
            on_fractional=self.on_fractional,
            missing_votes=self.missing_votes,
            device=self.device,
            backend="torch",
            **more,
        )
