"""What a head is to learn: its outputs, and the loss of what it gives for the votes held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch.nn import functional

from zoocli.errors import DataError, UsageError, some
from zoocli.fitting.options import FitOptions
from zoocli.heads.activations import to_concentrations
from zoocli.ids import IdColumn
from zoocli.losses.loss import Loss
from zoocli.resources import Resources
from zoocli.schema import Schema
from zoocli.scoring.inputs import new_task
from zoocli.scoring.naming import find_schema, find_sides
from zoocli.scoring.task import Task
from zoocli.tables import Table, open_table

MOST_CLASSES = 1000
ACTIVATIONS = {"tree": "dirichlet", "classes": "softmax", "values": "none"}


@dataclass(frozen=True)
class Objective:
    """The outputs of the head that is sought, and how far they are from what volunteers said.

    `parts` are the questions (of a tree) or the targets (of values); a galaxy's loss is their sum
    or their mean. `slices` says which outputs belong to each question.
    """

    loss: Loss
    outputs: tuple[str, ...]
    parts: tuple[str, ...]
    schema: Schema | None = None
    slices: Sequence[slice] = ()

    @property
    def first_bias(self) -> float:
        """Where the search for the best constant begins: for concentrations, at about 13."""
        return -2.0 if self.loss.scores == "tree" else 0.0

    @property
    def activation(self) -> str:
        """What is to follow the linear layer, by name."""
        return ACTIVATIONS[self.loss.scores]

    def losses(self, outputs: torch.Tensor, held: torch.Tensor) -> torch.Tensor:
        """Unreduced, (galaxies, parts), of a linear layer's outputs (galaxies, outputs)."""
        if self.loss.scores == "tree":
            return self._tree_losses(to_concentrations(outputs), held)
        if self.loss.scores == "classes":
            return torch.as_tensor(self.loss.function(outputs, held[:, 0])).unsqueeze(1)
        return torch.as_tensor(self.loss.function(outputs, held))

    def _tree_losses(self, concentrations: torch.Tensor, votes: torch.Tensor) -> torch.Tensor:
        """All questions in one call, which takes a fifth of the time of one call each.

        Questions with few answers get more of them, without votes and with a concentration of
        next to nothing, which changes no sum and no loss.
        """
        most = max(part.stop - part.start for part in self.slices)
        nobody = concentrations.shape[1]
        answers = torch.full((len(self.slices), most), nobody, device=concentrations.device)
        for question, part in zip(answers, self.slices, strict=True):
            question[: part.stop - part.start] = torch.arange(part.start, part.stop)
        next_to_nothing = torch.finfo(concentrations.dtype).tiny
        concentrations = functional.pad(concentrations, (0, 1), value=next_to_nothing)
        losses = self.loss.function(
            concentrations[:, answers].reshape(-1, most),
            functional.pad(votes, (0, 1))[:, answers].reshape(-1, most),
        )
        return torch.as_tensor(losses).reshape(len(votes), -1)

    def of_galaxies(self, losses: torch.Tensor) -> torch.Tensor:
        """The loss of each galaxy (galaxies,): the sum over questions, the mean over targets."""
        return losses.sum(1) if self.loss.scores == "tree" else losses.mean(1)

    def usable(self, held: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """The galaxies (galaxies,) that say anything: any votes, a label, all targets."""
        if self.loss.scores == "tree":
            return np.asarray(held.any(axis=1))
        known = held[:, 0] >= 0 if self.loss.scores == "classes" else np.isfinite(held).all(axis=1)
        return np.asarray(known)

    def votes(self, held: npt.NDArray[Any]) -> npt.NDArray[np.int32] | None:
        """Each question's total votes (questions, galaxies); None for a loss that counts none."""
        if self.loss.scores != "tree":
            return None
        return np.stack([held[:, part].sum(axis=1, dtype=np.int32) for part in self.slices])


def new_objective(
    votes: Table, ids: IdColumn, options: FitOptions, resources: Resources
) -> tuple[Objective, Task]:
    """What is to be learned from VOTES, and the task that reads and checks them."""
    loss = options.scored
    schema = None
    label = next(iter(options.label), "label")
    if ids.column in options.label:
        raise UsageError(f"'{ids.column}' is the id column, and no --label.")
    if loss.scores == "tree":
        side = find_sides(votes, votes, options.votes_options())[1]
        schema = find_schema([side], options.schema)
        outputs = tuple(schema.label_cols)
    elif loss.scores == "classes":
        outputs = tuple(options.classes) or _classes(votes, label)
    else:
        outputs = tuple(options.label) or (label,)
    # What this head will predict, before there is any of it: new_task looks at the columns alone.
    fields = [(ids.column, pa.string()), *((name, pa.float64()) for name in outputs)]
    coming = open_table(pa.schema(fields).empty_table(), resources, "the head")
    coming_ids = IdColumn(coming, ids.column)
    scoring = options.votes_options(schema=options.schema if schema is None else schema)
    task = new_task((coming, votes), (coming_ids, ids), scoring)
    slices = schema.question_slices if schema else ()
    parts = task.groups.questions
    return Objective(loss, outputs, tuple(parts), schema, slices), task


def _classes(votes: Table, label: str) -> tuple[str, ...]:
    """The labels that VOTES have, in the order of their texts."""
    found: set[str] = set()
    for batch in votes.batches([label]):
        texts = pc.unique(batch.column(0).cast(pa.string()).drop_null())
        found.update(text for text in texts.to_pylist() if text.strip())
        if len(found) > MOST_CLASSES:
            break
    if not 2 <= len(found) <= MOST_CLASSES:
        raise DataError(
            f"{votes.name}: column '{label}' has {len(found):,} different labels, such as "
            f"{some(sorted(found)[:3])}; from 2 to {MOST_CLASSES:,} classes can be told apart. "
            "Name the column with --label, or the classes with --classes."
        )
    return tuple(sorted(found))
