"""Everything that can be said about a scoring, checked before any file is opened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zoocli.errors import UsageError
from zoocli.losses.loss import Loss

CHOICES: dict[str, tuple[str, ...]] = {
    "on_invalid": ("error", "null"),
    "on_fractional": ("error", "round"),
    "on_duplicate": ("error", "drop"),
    "missing_votes": ("error", "zero"),
    "backend": ("auto", "torch", "numba"),
}
SCALES = (None, "logits", "probabilities")
# What the losses score (a tree, classes or values) for which an option means something.
MEANT_FOR: dict[str, tuple[str, ...]] = {
    "schema": ("tree",),
    "predictions_column": ("tree",),
    "votes_column": ("tree",),
    "ensemble": ("tree",),
    "null_value": ("tree",),
    "label": ("classes", "values"),
    "prediction": ("classes", "values"),
    "class_weights": ("classes",),
    "label_smoothing": ("classes",),
    "scale": ("classes",),
}
BATCH_ROWS = 65_536
MOST_BATCH_ROWS = 10**8


@dataclass(frozen=True)
class ScoreOptions:
    """The options of `zoocli score` under their long names; see its help for what each does."""

    schema: Any = None
    loss: str = "dirichlet"
    id: str | None = None
    predictions_id: str | None = None
    votes_id: str | None = None
    id_from: str | None = None
    predictions_column: str | None = None
    votes_column: str | None = None
    ensemble: Sequence[Any] = ()
    null_value: Sequence[float] = ()
    only: Any = None
    keep: Sequence[str] = ()
    label: Sequence[str] = ()
    prediction: Sequence[str] = ()
    class_weights: Sequence[float] | None = None
    label_smoothing: float = 0.0
    scale: str | None = None
    on_invalid: str = "error"
    on_fractional: str = "error"
    on_duplicate: str = "error"
    missing_votes: str = "error"
    require_all: bool = False
    device: str = "auto"
    backend: str = "auto"
    batch_size: int = BATCH_ROWS
    threads: int | None = None
    memory_limit: str | int | None = None

    def __post_init__(self) -> None:
        for option, choices in CHOICES.items():
            check_choice(option, getattr(self, option), choices)
        if self.scale not in SCALES:
            check_choice("scale", self.scale, ("logits", "probabilities"))
        if not 1 <= self.batch_size <= MOST_BATCH_ROWS:
            raise UsageError(
                f"--batch-size must be from 1 to {MOST_BATCH_ROWS:,}, not {self.batch_size}."
            )
        if not 0.0 <= self.label_smoothing < 1.0:
            raise UsageError(
                f"--label-smoothing must be from 0 up to, not including, 1; "
                f"not {self.label_smoothing}."
            )
        for weight in self.class_weights or ():
            if not (weight > 0 and math.isfinite(weight)):
                raise UsageError(f"--class-weights must be positive numbers, not {weight}.")
        if not isinstance(self.ensemble, list | tuple):
            object.__setattr__(self, "ensemble", (self.ensemble,))
        if isinstance(self.null_value, int | float):
            object.__setattr__(self, "null_value", (self.null_value,))
        if not all(map(math.isfinite, self.null_value)):
            raise UsageError("--null-value takes finite numbers; NaN is missing anyway.")
        for option in ("keep", "label", "prediction"):
            if isinstance(getattr(self, option), str):
                object.__setattr__(self, option, (getattr(self, option),))
            check_unique(option, getattr(self, option))


def refuse_other_options(options: ScoreOptions, loss: Loss) -> None:
    """Raises UsageError for an option that the loss would silently ignore."""
    for option, kinds in MEANT_FOR.items():
        if getattr(options, option) and loss.scores not in kinds:
            name = option.replace("_", "-")
            raise UsageError(f"The loss '{loss.name}' does not use --{name}. Leave it out.")


def check_choice(option: str, value: object, choices: Sequence[str]) -> None:
    """Raises UsageError for a value that is not one of the choices."""
    if value not in choices:
        name = option.replace("_", "-")
        raise UsageError(f"--{name} is one of {', '.join(choices)}; not '{value}'.")


def check_unique(option: str, values: Sequence[str]) -> None:
    """Raises UsageError for a repeatable option that names a column twice."""
    repeated = sorted({value for value in values if list(values).count(value) > 1})
    if repeated:
        raise UsageError(f"--{option} names '{repeated[0]}' more than once.")
