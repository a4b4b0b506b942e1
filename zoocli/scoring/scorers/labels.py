"""What scoring predictions against labels has in common, whether they are classes or values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from zoocli.foundation.resources import PROGRAM_BYTES, TORCH_BYTES, use_one_torch_thread
from zoocli.losses.loss import Loss
from zoocli.matching.concentrations import Pass, count_passes, dense, read_passes
from zoocli.matching.matched import Matched
from zoocli.runs.options.score import ScoreOptions
from zoocli.scoring.scorers.backends import choose_backend, torch_device
from zoocli.scoring.scorers.scorer import Scorer, row_bytes
from zoocli.tables import Table


class LabelScorer(Scorer):
    """Columns of predictions against columns of labels, with a loss that torch computes."""

    counts_votes = False
    program_bytes = PROGRAM_BYTES + TORCH_BYTES

    def __init__(
        self,
        loss: Loss,
        options: ScoreOptions,
        tables: tuple[Table, Table],
        prediction_columns: Sequence[str],
        labels: Sequence[str],
    ) -> None:
        choose_backend(loss, options)  # refuses numba
        use_one_torch_thread()
        self.loss_name = loss.name
        self.options = options
        self.prediction_columns = list(prediction_columns)
        self.prediction_types = dict.fromkeys(self.prediction_columns, pa.float64())
        self._passes = count_passes(tables[0], self.prediction_columns, self.prediction_types)
        self.row_bytes = row_bytes(len(self.prediction_columns), self._passes)
        if self._passes > 1:
            self.notes = (
                f"Each prediction in {tables[0].name} is the mean of its {self._passes:,} passes.",
            )
        self.vote_columns = list(labels)
        self._loss = loss
        self._device = torch_device(options.device)
        self._predictions_name, self._labels_name = (table.name for table in tables)

    def _predicted(self, matched: Matched) -> Pass:
        """The predictions for the matched galaxies, NaN for null."""
        passes = read_passes(
            matched.batch,
            self.prediction_columns,
            self._passes,
            matched.rows,
            self._predictions_name,
            matched.findings,
            matched.ids,
        )
        if self._passes == 1:
            columns = [np.ascontiguousarray(one, np.float64) for one in passes[0].columns]
            return replace(passes[0], columns=columns)
        means = list(dense(passes).mean(axis=0))
        return Pass(means, np.arange(len(matched.rows), dtype=np.int32), passes[0].absent)
