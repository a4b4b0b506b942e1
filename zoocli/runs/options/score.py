"""The options of a scoring, checked before any file is opened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from zoocli.errors import UsageError
from zoocli.foundation.option_checks import as_tuple, check_choice, check_range, hold_names, unused
from zoocli.losses.loss import Loss
from zoocli.runs.options.keywords import (
    Backend,
    MissingVotes,
    OnDuplicate,
    OnFractional,
    OnInvalid,
    Scale,
    TableLike,
)

if TYPE_CHECKING:
    from zoocli.schema import Schema

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
    """How to score; the defaults are those of `zoocli score`.

    - `schema`: the decision tree, as a built-in name, a YAML file or a Schema; by default the one
      that fits the columns. `loss`: dirichlet, cross-entropy (ce), mse or l1 (mae).
    - `id`, or `predictions_id` and `votes_id` where they differ: the id columns, by default the
      first usual name that both tables have. `id_from`: a regular expression whose one group is
      taken from the id's text, on both sides.
    - `predictions_column`, `votes_column`: the name of an answer's column, such as
      "{answer}_pred"; by default the answer's own name, perhaps with a usual ending.
    - `ensemble`: further predictions of the same galaxies, scored with the others as a mixture.
    - `null_value`: numbers that mean missing votes.
    - `only`: the ids to score, as a table or a text file with one a line. `keep`: columns of either
      table to carry into the output.
    - `label`: for classes and values, the columns of the truth; by default "label". `prediction`:
      the columns of the classes in order, or one for each label; by default all but the id.
    - `class_weights`: a positive factor for each class's losses. `label_smoothing`: the share of a
      label, from 0 to below 1, that is spread over all classes. `scale`: whether predictions of
      classes are logits or probabilities; needed where they could be both.
    - `on_invalid`: predictions without a likelihood stop the run ("error") or have a null loss
      ("null"). `on_fractional`: votes that are no whole numbers stop it or are rounded ("round").
      `on_duplicate`: matched ids that occur twice stop it or are left out, all copies ("drop").
      `missing_votes`: a question with only some answers null stops it, or they are 0 ("zero").
      `require_all`: unmatched galaxies stop it.
    - `device`: where torch computes: auto, cpu, cuda or cuda:N. `backend`: auto, torch or numba.
    - `batch_size`: rows at a time, from 1 to 100 million. `threads`, `memory_limit` (bytes, or a
      text such as "4GB"): by default those of SLURM, the container or the machine.
    """

    schema: str | Path | Schema | None = None
    loss: str = "dirichlet"
    id: str | None = None
    predictions_id: str | None = None
    votes_id: str | None = None
    id_from: str | None = None
    predictions_column: str | None = None
    votes_column: str | None = None
    ensemble: Sequence[TableLike] = ()
    null_value: Sequence[float] = ()
    only: TableLike | None = None
    keep: Sequence[str] = ()
    label: Sequence[str] = ()
    prediction: Sequence[str] = ()
    class_weights: Sequence[float] | None = None
    label_smoothing: float = 0.0
    scale: Scale | None = None
    on_invalid: OnInvalid = "error"
    on_fractional: OnFractional = "error"
    on_duplicate: OnDuplicate = "error"
    missing_votes: MissingVotes = "error"
    require_all: bool = False
    device: str = "auto"
    backend: Backend = "auto"
    batch_size: int = BATCH_ROWS
    threads: int | None = None
    memory_limit: str | int | None = None

    def __post_init__(self) -> None:
        check_choice("on_invalid", self.on_invalid, get_args(OnInvalid))
        check_choice("on_fractional", self.on_fractional, get_args(OnFractional))
        check_choice("on_duplicate", self.on_duplicate, get_args(OnDuplicate))
        check_choice("missing_votes", self.missing_votes, get_args(MissingVotes))
        check_choice("backend", self.backend, get_args(Backend))
        if self.scale is not None:
            check_choice("scale", self.scale, get_args(Scale))
        check_range("batch_size", self.batch_size, least=1, most=MOST_BATCH_ROWS)
        check_range("label_smoothing", self.label_smoothing, least=0, below=1)
        for weight in self.class_weights or ():
            check_range("class_weights", weight, above=0)
        if not isinstance(self.ensemble, list | tuple):
            object.__setattr__(self, "ensemble", (self.ensemble,))
        object.__setattr__(self, "null_value", as_tuple(self.null_value))
        if not all(map(math.isfinite, self.null_value)):
            raise UsageError("--null-value takes finite numbers; NaN is missing anyway.")
        hold_names(self, "keep", "label", "prediction")


def refuse_other_options(options: ScoreOptions, loss: Loss) -> None:
    """Raises UsageError for an option that the loss would silently ignore."""
    for option, kinds in MEANT_FOR.items():
        if getattr(options, option) and loss.scores not in kinds:
            raise unused(f"The loss '{loss.name}'", option)
