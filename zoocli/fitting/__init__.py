"""Training a linear head on features and votes."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoocli.errors import UsageError, ZoocliWarning
from zoocli.fitting.data import Data, read_data
from zoocli.fitting.options import FitOptions
from zoocli.fitting.training import Progress, Trained, Trainer
from zoocli.heads.files import HeadMetadata, write_head
from zoocli.heads.linear_head import LinearHead
from zoocli.resources import Resources
from zoocli.tables.drafts import try_writing
from zoocli.tables.sinks import Sink
from zoocli.version import __version__

__all__ = ["Fit", "FitOptions", "Gain", "fit", "fit_head"]


@dataclass(frozen=True)
class Gain:
    """Mean losses over the same `galaxies` (of a question: those with votes for it).

    `constant` is that of the best prediction that is the same for all galaxies (climatology),
    `head` that of the head; both in nats where the loss is a likelihood, None without galaxies.
    """

    galaxies: int
    constant: float | None
    head: float | None

    @property
    def gain(self) -> float | None:
        """By how much the head is better."""
        if self.constant is None or self.head is None:
            return None
        return self.constant - self.head


@dataclass(frozen=True)
class Fit:
    """A trained head, and how good it is.

    `overall` and `questions` (of a tree; the targets, of several values) are of the galaxies held
    out, or where `held_out` is 0 of those learned from. `training_loss` is the mean of the latter.
    """

    head: LinearHead
    metadata: HeadMetadata
    training: int
    held_out: int
    epochs: int
    best_epoch: int
    training_loss: float
    overall: Gain
    questions: dict[str, Gain]
    notes: tuple[str, ...]


def fit(
    features: Any, votes: Any, output: str | os.PathLike[str], schema: Any = None, **options: Any
) -> Fit:
    """Trains a linear head on features to foresee votes, and writes it, as `zoocli fit` does.

    It minimises the mean loss of a galaxy, for the Dirichlet-multinomial the sum over questions of
    -ln P(votes | 100 sigmoid(W x + b) + 1) in nats, with Adam (Kingma and Ba 2015,
    arXiv:1412.6980). It starts from the best constant prediction, and stops when galaxies that
    are held out have gained nothing for `patience` epochs. Which these are follows from their ids.

    `features` (or a list of its parts) and `votes` are paths, pandas DataFrames or Arrow tables,
    matched by exact id; galaxies without any votes (a label, all targets) are left out. `schema`
    is by default told from the columns of the votes. `options` are those of the command line with
    underscores. All that is matched is held in memory, the features as float32.

    `output` is a safetensors file: `linear.weight` and `linear.bias` for features as they are
    (they are standardised inside), with what `zoocli.predict` needs to know beside them. The same
    inputs and `seed` give the same bytes on the same machine's CPU.

    Raises DataError for invalid votes or features, UsageError for wrong options and steps too long
    to come anywhere, MachineError where memory does not suffice or the file cannot be written.
    """
    unknown = sorted(set(options) - set(FitOptions.__dataclass_fields__))
    if unknown:
        known = ", ".join(FitOptions.__dataclass_fields__)
        raise UsageError(f"fit() has no option '{unknown[0]}'. Its options are {known}.")
    try_writing(Path(output))
    done = fit_head(features, votes, FitOptions(schema=schema, **options))
    write_head(output, done.head, done.metadata)
    for note in done.notes:
        warnings.warn(note, ZoocliWarning, stacklevel=2)
    return done


def fit_head(
    features: Any,
    votes: Any,
    options: FitOptions,
    progress: Progress = lambda epoch, epochs: None,
    held_out_sink: Sink | None = None,
) -> Fit:
    """Trains a head and writes nothing but the ids held out, to the sink, uncommitted.

    `progress` is told the epochs done, and how many there are at most.
    """
    resources = Resources.available(options.threads, options.memory_limit)
    with resources.applied():
        data = read_data(features, votes, options, resources)
        if held_out_sink is not None:
            held_out_sink.open(data.held_out_ids.schema)
            for batch in data.held_out_ids.to_batches():
                held_out_sink.write(batch)
        return _result(data, Trainer(data, options).run(progress), options)


def _result(data: Data, trained: Trained, options: FitOptions) -> Fit:
    objective = data.objective
    schema = objective.schema
    gains = [
        Gain(learned.galaxies, constant.mean, learned.mean)
        for constant, learned in zip(trained.constant, trained.learned, strict=True)
    ]
    return Fit(
        head=trained.head,
        metadata=HeadMetadata(
            activation=objective.activation,
            outputs=objective.outputs,
            dropout=options.dropout,
            loss=objective.loss.name,
            schema=None if schema is None else schema.name,
            schema_hash=None if schema is None else schema.content_hash,
            seed=options.seed,
            version=__version__,
        ),
        training=len(data.training),
        held_out=len(data.held_out),
        epochs=trained.epochs,
        best_epoch=trained.best_epoch,
        training_loss=trained.training_loss,
        overall=gains[0],
        questions=dict(zip(objective.parts, gains[1:], strict=True)),
        notes=data.notes,
    )
