"""The options of a fit, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoocli.foundation.option_checks import MOST_SEED
from zoocli.losses import find_loss
from zoocli.losses.loss import Loss
from zoocli.runs.options.choices import MissingVotes, OnFractional
from zoocli.runs.options.option import (
    CLASSES,
    COLUMNS,
    INVALID,
    LOSS,
    LOSSES,
    MACHINE,
    OF_CLASSES,
    OF_VALUES,
    TRAINING,
    Options,
    option,
    refuse_other_options,
)
from zoocli.runs.options.score import ScoreOptions

if TYPE_CHECKING:
    from zoocli.schema import Schema

MOST_SHARE = 0.9  # of features dropped, and of galaxies held out


@dataclass(frozen=True)
class FitOptions(Options):
    """How to fit; the defaults are those of `zoocli fit`."""

    schema: str | Path | Schema | None = option(
        None,
        "Decision tree: a built-in name or a YAML file.  [default: detected from VOTES]",
        COLUMNS,
        short="-s",
        metavar="NAME|FILE",
    )
    loss: str = option("dirichlet", f"One of {LOSSES}.", LOSS, short="-l")
    label: Sequence[str] = option(
        (),
        f"{OF_CLASSES}, {OF_VALUES}: column of VOTES with the true label or value; "
        f"repeatable for {OF_VALUES}.  [default: label]",
        COLUMNS,
        metavar="COLUMN",
    )
    classes: Sequence[str] = option(
        (),
        "ce: the labels in order.  [default: those found in VOTES]",
        COLUMNS,
        metavar="A,B,...",
        commas=True,
        losses=CLASSES,
    )
    feature: Sequence[str] = option(
        (),
        "Feature columns, such as 'x_*', or one column of lists; repeatable.  "
        "[default: feat_0, feat_1 and so on, or the only column of lists]",
        COLUMNS,
        metavar="PATTERN",
    )
    id: str | None = option(
        None,
        "Id column of both tables.  [default: the first usual id name that both have]",
        COLUMNS,
        metavar="COLUMN",
    )
    features_id: str | None = option(None, "Id column of FEATURES.", COLUMNS, metavar="COLUMN")
    votes_id: str | None = option(None, "Id column of VOTES.", COLUMNS, metavar="COLUMN")
    votes_column: str | None = option(
        None, "The same for VOTES, such as '{answer}_count'.", COLUMNS, metavar="PATTERN"
    )
    on_fractional: OnFractional = option(
        "error", "Votes that are not whole numbers: stop, or round them.", INVALID
    )
    missing_votes: MissingVotes = option(
        "error",
        "Questions with votes for only some answers: stop, or count the rest as 0.",
        INVALID,
    )
    epochs: int = option(200, "Maximum number of epochs.", TRAINING, least=1)
    learning_rate: float = option(0.001, "Adam learning rate.", TRAINING, least=0)
    weight_decay: float = option(0.0, "Adam weight decay.", TRAINING, least=0)
    batch_size: int = option(256, "Galaxies per training step.", MACHINE, least=1)
    dropout: float = option(
        0.2,
        "Dropout rate of the features during training.",
        TRAINING,
        metavar="P",
        least=0,
        most=MOST_SHARE,
    )
    hold_out: float = option(
        0.2,
        "Share of the galaxies to hold out, chosen by their ids alone.",
        TRAINING,
        metavar="P",
        least=0,
        most=MOST_SHARE,
    )
    patience: int = option(
        10,
        "Stop after this many epochs without improvement on the held-out galaxies.",
        TRAINING,
        least=1,
    )
    seed: int = option(
        0,
        "Random seed; the same seed and inputs give the same file.",
        TRAINING,
        least=0,
        most=MOST_SEED,
    )
    device: str = option(
        "auto", "Device that torch computes on.", MACHINE, metavar="auto|cpu|cuda|cuda:N"
    )
    threads: int | None = option(
        None,
        "Number of threads.  [default: what SLURM, the container or the machine provides]",
        MACHINE,
    )
    memory_limit: str | int | None = option(
        None,
        "Memory limit of the whole process, such as 4GB.  [default: as for --threads]",
        MACHINE,
        metavar="SIZE",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_other_options(self, self.scored)
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
