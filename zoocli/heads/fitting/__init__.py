"""Training a linear head on features and votes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zoocli.foundation.resources import Resources
from zoocli.foundation.version import __version__
from zoocli.heads.files import HeadMetadata
from zoocli.heads.fitting.data import Data, read_data
from zoocli.heads.fitting.training import Progress, Trained, Trainer
from zoocli.heads.linear_head import LinearHead
from zoocli.runs.options.fit import FitOptions
from zoocli.tables.sources import TableLike, TablesLike
from zoocli.tables.writing.sinks import Sink

__all__ = ["Fit", "FitOptions", "Gain", "fit_head"]


@dataclass(frozen=True)
class Gain:
    """Mean losses of the head and of a constant prediction, over the same galaxies.

    - `galaxies`: how many they are; for a question, only those with votes for it.
    - `constant`: the mean loss of the best prediction that is the same for all galaxies
      (climatology), `head` that of the head. In nats for dirichlet and cross-entropy, in the unit
      of the target for l1 and in its square for mse. None without galaxies.
    """

    galaxies: int
    constant: float | None
    head: float | None

    @property
    def gain(self) -> float | None:
        """How much lower the head's mean loss is, in the same unit; None without galaxies."""
        if self.constant is None or self.head is None:
            return None
        return self.constant - self.head


@dataclass(frozen=True)
class Fit:
    """A trained head, and how good it is.

    - `head`: the linear layer for features as they are, on the CPU and not training. `metadata`:
      what its file says about it.
    - `training`, `held_out`: the numbers of galaxies that it learned from and that were held out.
    - `epochs`: how many there were. `best_epoch`: after which of them the head was taken, 0 where
      none was better than the constant prediction, which the head then is.
    - `training_loss`: the head's mean loss over the galaxies that it learned from, in the unit of
      `Gain`.
    - `overall`: the losses of the galaxies held out, or where there are none of those that it
      learned from. `questions`: the same for each question of a tree, or each of several targets;
      empty for classes and a single target.
    - `notes`: what the user should be warned of.
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
    """Trains a head; writes nothing but the ids held out, to the sink, uncommitted.

    `progress` is told the epochs done, and how many there are at most. Raises as `zoocli.fit`.
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
            feature_means=tuple(trained.feature_means.tolist()),
        ),
        training=len(data.training),
        held_out=len(data.held_out),
        epochs=trained.epochs,
        best_epoch=trained.best_epoch,
        training_loss=trained.training_loss,
        overall=gains[0],
        questions=dict(zip(objective.parts, gains[1:], strict=True)),
        notes=(*data.notes, *_notes(trained, options, len(data.held_out))),
    )


def _notes(trained: Trained, options: FitOptions, held_out: int) -> Iterator[str]:
    if trained.best_epoch == 0:
        yield (
            "No epoch was better than a constant prediction, so the head predicts the same for "
            "every galaxy. If the features should tell more, try another «learning_rate», a "
            "smaller «dropout» or more galaxies."
        )
    elif held_out and trained.best_epoch == options.epochs:
        yield (
            f"The head was still improving after {options.epochs:,} epochs, the most allowed. "
            "Raise «epochs» or «learning_rate»."
        )
