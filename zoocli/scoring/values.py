"""Scoring one number a target against a number: mean squared error and L1."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli import checks
from zoocli.checks import Findings, NamesOfRows
from zoocli.columns import from_numpy, to_floats
from zoocli.errors import UsageError, some
from zoocli.losses.loss import Loss
from zoocli.resources import PROGRAM_BYTES, TORCH_BYTES
from zoocli.scoring.backends import choose_backend, torch_device
from zoocli.scoring.matched import Matched
from zoocli.scoring.options import ScoreOptions
from zoocli.scoring.task import Losses, Task, default_predictions, row_bytes
from zoocli.sums import Groups, sum_in_order
from zoocli.tables import Table


class ValueTask(Task):
    """One loss a target; a galaxy's loss is their mean. A null label gives a null loss."""

    counts_votes = False
    program_bytes = PROGRAM_BYTES + TORCH_BYTES

    def __init__(
        self,
        loss: Loss,
        options: ScoreOptions,
        predictions: Table,
        votes: Table,
        ids: tuple[str, str],
    ) -> None:
        choose_backend(loss, options)
        self.loss_name = loss.name
        self.options = options
        self._loss = loss
        self._device = torch_device(options.device)
        self._tables = predictions.name, votes.name
        self.vote_columns = list(options.label) or ["label"]
        columns = default_predictions(predictions, ids[0], options.keep)
        if set(columns) == set(self.vote_columns):  # pair them by name, whatever their order
            columns = self.vote_columns
        self.prediction_columns = list(options.prediction) or columns
        if len(self.vote_columns) != len(self.prediction_columns):
            raise UsageError(
                f"There are {len(self.vote_columns)} labels for {len(self.prediction_columns)} "
                "columns of predictions. Pair them: --label and --prediction as often, in the "
                "same order."
            )
        if len(columns) > 1 and not options.prediction and columns is not self.vote_columns:
            raise UsageError(
                f"The labels {some(self.vote_columns)} and the columns of predictions "
                f"{some(columns)} differ in name. Say which belong together: a --prediction for "
                "each --label, in the same order."
            )
        self.prediction_types = dict.fromkeys(self.prediction_columns, pa.float64())
        self.row_bytes = row_bytes(len(self.prediction_columns))
        self.vote_types = dict.fromkeys(self.vote_columns, pa.float64())
        self.targets = tuple(self.vote_columns) if len(self.vote_columns) > 1 else ()
        self.groups = Groups({}, self.targets)

    def hold(self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows) -> npt.NDArray[Any]:
        """The labels (galaxies, targets) in float64, NaN for null."""
        columns = []
        for name in self.vote_columns:
            values = to_floats(batch.column(name), name, self._tables[1])
            findings.add(checks.INFINITE_LABEL, name, np.isinf(values), ids)
            columns.append(values)
        return np.stack(columns, axis=1)

    def score(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """The loss of each target; NaN where a label or a prediction does not exist."""
        import torch

        parts = np.empty((len(self.vote_columns), len(matched.rows)))
        labels = values[matched.held_rows]
        predicted = self.predictions(matched)
        for target, name in enumerate(self.prediction_columns):
            loss = self._loss.function(
                torch.from_numpy(predicted[target]).to(self._device),
                torch.from_numpy(np.ascontiguousarray(labels[:, target])).to(self._device),
            )
            parts[target] = loss.cpu().numpy()
            broken = ~np.isfinite(parts[target]) & ~np.isnan(labels[:, target])
            if self.options.on_invalid == "error":
                matched.findings.add(checks.NOT_FINITE, name, broken, matched.ids)
            parts[target, broken] = np.nan
        return Losses(sum_in_order(parts) / len(parts), parts if self.targets else parts[:0])

    def predictions(self, matched: Matched) -> npt.NDArray[np.float64]:
        """(targets, galaxies): what was predicted for the matched galaxies, NaN for null."""
        return np.stack(
            [
                to_floats(matched.batch.column(name), name, self._tables[0])[matched.rows]
                for name in self.prediction_columns
            ]
        )

    def output_fields(self) -> list[pa.Field]:
        """`loss`, and each target's where there are several."""
        names = ["loss", *(f"{target}_loss" for target in self.targets)]
        return [pa.field(name, pa.float64()) for name in names]

    def output_arrays(self, losses: Losses) -> list[pa.Array]:
        """The arrays for `output_fields`; NaN becomes null."""
        return [from_numpy(part, nulls=True) for part in (losses.loss, *losses.parts)]

    def settings(self) -> dict[str, Any]:
        """The columns that were paired."""
        return {"labels": self.vote_columns, "predictions": self.prediction_columns}
