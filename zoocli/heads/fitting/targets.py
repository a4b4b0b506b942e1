"""What a head learns: its outputs, and their loss against what is held of VOTES."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch.nn import functional

from zoocli.errors import DataError, UsageError, some
from zoocli.foundation.resources import Resources
from zoocli.heads.activations import to_concentrations
from zoocli.losses.loss import Loss
from zoocli.matching.ids import IdColumn
from zoocli.matching.naming import find_schema
from zoocli.runs.options.fit import FitOptions
from zoocli.schema import Schema
from zoocli.scoring.inputs import find_sides, new_scorer
from zoocli.scoring.scorers.scorer import Scorer
from zoocli.tables import Table, open_table

MOST_CLASSES = 1000


class Objective(ABC):
    """The outputs of the head, and how far they are from the votes, labels or values.

    `parts` are the questions or targets that have a loss of their own, if any. `held` (galaxies,
    ...) is what the loss's scorer holds of VOTES.
    """

    activation: ClassVar[str]  # by name, what follows the linear layer
    first_bias: ClassVar[float] = 0.0  # where the search for the best constant begins
    schema: Schema | None = None

    def __init__(self, loss: Loss, outputs: Sequence[str], parts: Sequence[str] = ()) -> None:
        self.loss = loss
        self.outputs = tuple(outputs)
        self.parts = tuple(parts)

    @abstractmethod
    def losses(self, outputs: torch.Tensor, held: torch.Tensor) -> torch.Tensor:
        """Unreduced, of a linear layer's outputs (galaxies, outputs).

        The result is (galaxies, parts), or (galaxies, 1) without parts.
        """

    def of_galaxies(self, losses: torch.Tensor) -> torch.Tensor:
        """The loss of each galaxy (galaxies,) from those of its parts: their mean."""
        return losses.mean(1)

    @abstractmethod
    def usable(self, held: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """The galaxies (galaxies,) that something can be learned from."""

    def votes(self, held: npt.NDArray[Any]) -> npt.NDArray[np.int32] | None:
        """Each question's total votes (questions, galaxies); None for a loss that counts none."""
        return None

    def scale(self, held: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The unit and the origin (outputs,) that outputs are measured in during training."""
        return np.ones(len(self.outputs)), np.zeros(len(self.outputs))


class TreeObjective(Objective):
    """Concentrations against the votes of a decision tree; questions add up."""

    activation = "dirichlet"
    first_bias = -2.0  # concentrations of about 13

    def __init__(self, loss: Loss, schema: Schema) -> None:
        super().__init__(loss, schema.label_cols, [one.name for one in schema.questions])
        self.schema = schema
        self._slices = schema.question_slices
        self._answers = _answers(self._slices)

    def losses(self, outputs: torch.Tensor, held: torch.Tensor) -> torch.Tensor:
        """All questions in one call, which takes a fifth of the time of one call each.

        Questions with few answers are filled up with answers that have no votes and a concentration
        of next to nothing, which changes no sum and no loss.
        """
        concentrations = to_concentrations(outputs)
        next_to_nothing = torch.finfo(concentrations.dtype).tiny
        concentrations = functional.pad(concentrations, (0, 1), value=next_to_nothing)
        answers = self._answers.to(outputs.device)
        most = answers.shape[1]
        losses = self.loss.function(
            concentrations[:, answers].reshape(-1, most),
            functional.pad(held, (0, 1))[:, answers].reshape(-1, most),
        )
        return torch.as_tensor(losses).reshape(len(held), -1)

    def of_galaxies(self, losses: torch.Tensor) -> torch.Tensor:
        """The sum over questions."""
        return losses.sum(1)

    def usable(self, held: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Those with any votes."""
        return np.asarray(held.any(axis=1))

    def votes(self, held: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        """Each question's total votes (questions, galaxies)."""
        return np.stack([held[:, part].sum(axis=1, dtype=np.int32) for part in self._slices])


class ClassObjective(Objective):
    """Logits against a label; `held` is the position of its class, negative without a label."""

    activation = "softmax"

    def losses(self, outputs: torch.Tensor, held: torch.Tensor) -> torch.Tensor:
        """One loss for each galaxy (galaxies, 1)."""
        return torch.as_tensor(self.loss.function(outputs, held[:, 0])).unsqueeze(1)

    def usable(self, held: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Those with a label."""
        return np.asarray(held[:, 0] >= 0)


class ValueObjective(Objective):
    """Values against targets, NaN where there is none."""

    activation = "none"

    def __init__(self, loss: Loss, targets: Sequence[str]) -> None:
        super().__init__(loss, targets, targets if len(targets) > 1 else ())

    def losses(self, outputs: torch.Tensor, held: torch.Tensor) -> torch.Tensor:
        """One loss for each galaxy and target."""
        return torch.as_tensor(self.loss.function(outputs, held))

    def usable(self, held: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Those with all targets."""
        return np.asarray(np.isfinite(held).all(axis=1))

    def scale(self, held: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Each target's standard deviation (1 for a constant one) and median."""
        spread = held.std(axis=0)
        return np.where(spread > 0, spread, 1.0), np.median(held, axis=0)


def _answers(questions: Sequence[slice]) -> torch.Tensor:
    """Each question's answers (questions, most answers), filled up with the one after the last."""
    most = max(part.stop - part.start for part in questions)
    answers = torch.full((len(questions), most), questions[-1].stop)
    for question, part in zip(answers, questions, strict=True):
        question[: part.stop - part.start] = torch.arange(part.start, part.stop)
    return answers


def new_objective(
    votes: Table, ids: IdColumn, options: FitOptions, resources: Resources
) -> tuple[Objective, Scorer]:
    """What is to be learned from VOTES, and the scorer that reads and checks them."""
    if ids.column in options.label:
        raise UsageError(f"'{ids.column}' is the id column, and no «label».")
    objective = _objective(votes, options)
    return objective, _scorer(objective, votes, ids, options, resources)


def _objective(votes: Table, options: FitOptions) -> Objective:
    loss = options.scored
    labels = options.label or ("label",)
    if loss.scores == "tree":
        side = find_sides(votes, votes, options.votes_options())[1]
        return TreeObjective(loss, find_schema([side], options.schema))
    if loss.scores == "classes":
        return ClassObjective(loss, options.classes or _classes(votes, labels[0]))
    return ValueObjective(loss, labels)


def _scorer(
    objective: Objective, votes: Table, ids: IdColumn, options: FitOptions, resources: Resources
) -> Scorer:
    """The scorer that would score this head's predictions.

    There are none yet: it is shown an empty table, since it looks at the columns alone.
    """
    fields = [(ids.column, pa.string()), *((name, pa.float64()) for name in objective.outputs)]
    coming = open_table(pa.schema(fields).empty_table(), resources, "the head")
    scoring = options.votes_options(schema=objective.schema or options.schema)
    return new_scorer((coming, votes), (IdColumn(coming, ids.column), ids), scoring)


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
            f"{some(sorted(found)[:3])}; there may be from 2 to {MOST_CLASSES:,} classes. "
            "Name the column with «label», or the classes with «classes»."
        )
    return tuple(sorted(found))
