"""Training a linear head on features and votes."""

from __future__ import annotations

from dataclasses import dataclass

from zoocli.arguments import TableLike, TablesLike
from zoocli.fitting.data import Data, read_data
from zoocli.fitting.options import FitOptions
from zoocli.fitting.training import Progress, Trained, Trainer
from zoocli.heads.files import HeadMetadata
from zoocli.heads.linear_head import LinearHead
from zoocli.resources import Resources
from zoocli.tables.sinks import Sink
from zoocli.version import __version__

__all__ = ["Fit", "FitOptions", "Gain", "fit_head"]


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


def fit_head(
    features: TablesLike,
    votes: TableLike,
    options: FitOptions,
    progress: Progress = lambda epoch, epochs: None,
    held_out_sink: Sink | None = None,
) -> Fit:
    """Trains a head and writes nothing but the ids held out, to the sink, uncommitted.

    `progress` is told the epochs done, and how many there are at most.
    """
    resources = Resources.available(options.threads, options.memory_limit)
    with resources.obeyed():
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
