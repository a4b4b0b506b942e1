"""Scoring one number per target against a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import UsageError, some
from zoocli.foundation.arrays import sum_in_order
from zoocli.foundation.columns import from_numpy, to_floats
from zoocli.losses.loss import Loss
from zoocli.matching.findings import INFINITE_LABEL, NOT_FINITE, Findings, NamesOfRows
from zoocli.matching.held import HeldBlock
from zoocli.matching.matched import Matched
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema import Levels
from zoocli.scoring.scorers.labels import LabelScorer
from zoocli.scoring.scorers.scorer import Losses, default_predictions
from zoocli.scoring.suspicions import notes_about_sentinels, sentinels_in
from zoocli.tables import Table


class ValueScorer(LabelScorer):
    """One loss per target; a galaxy's loss is their mean. A null label gives a null loss."""

    def __init__(
        self, loss: Loss, options: ScoreOptions, predictions: Table, votes: Table, id_column: str
    ) -> None:
        labels = list(options.label) or ["label"]
        columns = default_predictions(predictions, id_column, options.not_predictions)
        if set(columns) == set(labels):  # pair them by name, whatever their order
            columns = labels
        chosen = list(options.prediction) or columns
        super().__init__(loss, options, (predictions, votes), chosen, labels)
        if len(labels) != len(chosen):
            raise UsageError(
                f"There are {len(labels)} labels for {len(chosen)} columns of predictions. Pair "
                "them: as many «prediction» as «label», in the same order."
            )
        if len(columns) > 1 and not options.prediction and columns is not labels:
            raise UsageError(
                f"The labels {some(labels)} and the columns of predictions {some(columns)} have "
                "different names. Pair them: a «prediction» for each «label», in the same order."
            )
        self.vote_types = dict.fromkeys(self.vote_columns, pa.float64())
        self.targets = tuple(self.vote_columns) if len(self.vote_columns) > 1 else ()
        self.levels = Levels({}, self.targets)
        self._sentinels: dict[str, Counter[float]] = {name: Counter() for name in labels}

    def notes_about(self, values: npt.NDArray[Any]) -> Iterator[str]:
        """Also about labels that are probably none."""
        yield from self.notes
        yield from notes_about_sentinels(self._labels_name, self._sentinels)

    def hold(self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows) -> HeldBlock:
        """The labels (galaxies, targets) in float64, NaN for null."""
        columns = []
        for name in self.vote_columns:
            values = to_floats(batch.column(name), name, self._labels_name)
            findings.add(INFINITE_LABEL, name, np.isinf(values), ids)
            self._sentinels[name].update(sentinels_in(values))
            columns.append(values)
        return HeldBlock(np.stack(columns, axis=1))

    def losses(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """The loss of each target; NaN where a label or a prediction does not exist."""
        import torch

        parts = np.empty((len(self.vote_columns), len(matched.rows)))
        labels = values[matched.held_rows]
        read = self._predicted(matched)
        predicted = np.stack(read.chosen())
        for target, name in enumerate(self.prediction_columns):
            loss = self._loss.function(
                torch.from_numpy(predicted[target]).to(self._device),
                torch.from_numpy(np.ascontiguousarray(labels[:, target])).to(self._device),
            )
            parts[target] = loss.cpu().numpy()
            broken = ~np.isfinite(parts[target]) & ~np.isnan(labels[:, target])
            if self.options.on_invalid == "error":
                matched.findings.add(NOT_FINITE, name, broken, matched.ids)
            parts[target, broken] = np.nan
        loss = sum_in_order(parts) / len(parts)
        return Losses(loss, parts if self.targets else parts[:0], read=[read])

    def output_fields(self) -> list[pa.Field]:
        """`loss`, and the loss of each target where there are several."""
        names = ["loss", *(f"{target}_loss" for target in self.targets)]
        return [pa.field(name, pa.float64()) for name in names]

    def output_arrays(self, losses: Losses) -> list[pa.Array]:
        """The arrays for `output_fields`; NaN becomes null."""
        return [from_numpy(part, nulls=True) for part in (losses.loss, *losses.parts)]

    def settings(self) -> dict[str, Any]:
        """The columns that were paired."""
        return {"labels": self.vote_columns, "predictions": self.prediction_columns}
