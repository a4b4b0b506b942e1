"""Everything that can be said about a fit, checked before any file is opened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zoocli.errors import UsageError
from zoocli.losses import find_loss
from zoocli.losses.loss import Loss
from zoocli.resampling import MOST_SEED
from zoocli.scoring.options import ScoreOptions


@dataclass(frozen=True)
class FitOptions:
    """The options of `zoocli fit` under their long names; see its help for what each does."""

    schema: Any = None
    loss: str = "dirichlet"
    label: Sequence[str] = ()
    classes: Sequence[str] = ()
    feature: Sequence[str] = ()
    id: str | None = None
    features_id: str | None = None
    votes_id: str | None = None
    votes_column: str | None = None
    on_fractional: str = "error"
    missing_votes: str = "error"
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
        for option in ("label", "classes", "feature"):
            names = getattr(self, option)
            if isinstance(names, str):
                object.__setattr__(self, option, (names,))
            elif len(set(names)) < len(names):
                raise UsageError(f"--{option} names '{_repeated(names)}' more than once.")
        for option in ("epochs", "batch_size", "patience"):
            self._check(option, 1, math.inf)
        self._check("seed", 0, MOST_SEED)
        self._check("weight_decay", 0, math.inf)
        self._check("learning_rate", 0, math.inf)
        for option in ("dropout", "hold_out"):
            self._check(option, 0, 0.9)
        if self.classes and self.scored.scores != "classes":
            raise UsageError(f"The loss '{self.scored.name}' has no --classes. Leave them out.")
        self.votes_options()

    def _check(self, option: str, least: float, most: float) -> None:
        value = getattr(self, option)
        if not (least <= value <= most and math.isfinite(value)):
            bound = f"at least {least}" if most == math.inf else f"from {least} to {most}"
            raise UsageError(f"--{option.replace('_', '-')} must be {bound}, not {value}.")

    @property
    def scored(self) -> Loss:
        """The loss that is to become small."""
        return find_loss(self.loss)

    def votes_options(self, **more: Any) -> ScoreOptions:
        """How VOTES are to be read: as for a score of this head's predictions."""
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


def _repeated(names: Sequence[str]) -> str:
    return next(name for name in names if list(names).count(name) > 1)
