"""The run itself: features stream past the head, and predictions are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from zoocli.checks import Findings
from zoocli.columns import from_numpy
from zoocli.errors import DataError, MachineError, UsageError, some
from zoocli.hashing import hash_ids
from zoocli.heads.dropout import scaled_mask
from zoocli.heads.features import FeatureColumns
from zoocli.heads.files import TrainedHead
from zoocli.ids import IdColumn, find_id_column
from zoocli.pipeline import ordered_map, prefetch
from zoocli.predicting.options import PredictOptions
from zoocli.predicting.settings import Settings
from zoocli.resources import Resources
from zoocli.scoring.backends import TORCH_BYTES, torch_device
from zoocli.scoring.held import PROGRAM_BYTES, kept_field
from zoocli.tables import Table
from zoocli.tables.sinks import Sink

Progress = Callable[[int, int | None], None]
# Rows multiplied at once, counted from the first of the table: how a product is rounded depends on
# the shape of its factors, and these are the same whatever the batches.
BLOCK = 1024


@dataclass
class Predicted:
    """A batch of predictions, or what was wrong with its features."""

    table: pa.RecordBatch
    findings: Findings


class Predictor:
    """Applies a head to a table, batch by batch, in any thread; the order is that of the table."""

    def __init__(
        self,
        table: Table,
        head: TrainedHead,
        how: Settings,
        options: PredictOptions,
        resources: Resources,
    ) -> None:
        self._table = table
        self._head = head
        self._how = how
        self._options = options
        self._resources = resources
        self.ids = IdColumn(table, find_id_column(table, options.id))
        table.require(options.keep)
        self._features = FeatureColumns(table, options.feature, (self.ids.column, *options.keep))
        self._count = head.weight.shape[1]
        self._require_count()
        self._device = torch_device(options.device)
        self._module = head.module(how.activation).to(self._device)
        self.schema = self._output_schema()

    def _require_count(self) -> None:
        found = self._features.count
        if found not in (None, self._count):
            raise DataError(
                f"The head '{self._head.name}' takes {self._count:,} features, but "
                f"{self._table.name} has {found:,}, in {some(self._features.names, limit=3)}. "
                "Choose the columns with --feature, or the head that belongs to them."
            )

    def _output_schema(self) -> pa.Schema:
        passes = self._options.samples
        kind = pa.float64() if passes is None else pa.list_(pa.float64(), passes)
        schema = pa.schema(
            [
                pa.field(self.ids.column, self.ids.output_type),
                *(kept_field(self._table, name, {}) for name in self._options.keep),
                *(pa.field(name, kind) for name in self._how.outputs),
            ]
        )
        repeated = sorted({name for name in schema.names if schema.names.count(name) > 1})
        if repeated:
            raise UsageError(
                f"The predictions would have more than one column called {some(repeated)}. Leave "
                "it out of --keep, or name the outputs otherwise."
            )
        return schema

    def run(self, sink: Sink, progress: Progress) -> int:
        """Writes all predictions to the sink and returns how many; DataError for bad features."""
        findings = Findings(self._table.name)
        rows = 0
        sink.open(self.schema)
        threads = max(1, self._resources.threads - 1)
        for predicted in ordered_map(self._predict, prefetch(self._read()), threads):
            findings.merge(predicted.findings)
            if not findings:
                sink.write(predicted.table)
            rows += predicted.table.num_rows
            progress(rows, self._table.rows)
        findings.raise_if_any()
        if not rows:
            raise DataError(f"{self._table.name} has no rows. Give features to predict from.")
        return rows

    def _read(self) -> Iterator[tuple[pa.RecordBatch, pa.StringArray]]:
        columns = [self.ids.column, *self._options.keep, *self._features.names]
        rows = self._batch_rows()
        batches = self._table.batches(columns, self._features.types, rows)
        for batch in aligned(batches, rows):
            yield batch, self.ids.text(batch.column(self.ids.column))

    def _batch_rows(self) -> int:
        """Whole blocks, so few that all that are under way at once fit into the memory."""
        passes = self._options.samples or 1
        row_bytes = 64 + 24 * self._count + 16 * passes * len(self._how.outputs)
        under_way = 2 * self._resources.threads + 4
        spare = self._resources.memory - PROGRAM_BYTES - TORCH_BYTES
        fitting = spare // (row_bytes * under_way)
        blocks = min(-(-self._options.batch_size // BLOCK), fitting // BLOCK)
        if blocks < 1:
            raise MachineError(
                f"The memory limit of {self._resources.memory / 1e9:.2f} GB is too little for "
                f"{self._count:,} features beside the program "
                f"({(PROGRAM_BYTES + TORCH_BYTES) / 1e9:.1f} GB). "
                "Raise --memory-limit."
            )
        return int(blocks) * BLOCK

    def _predict(self, item: tuple[pa.RecordBatch, pa.StringArray]) -> Predicted:
        batch, text = item
        findings = Findings(self._table.name)
        features = self._features.array(batch, self._count, findings, partial(_ids, text))
        outputs = self._outputs(features, text)
        arrays = [self.ids.output(text, batch.column(self.ids.column))]
        arrays += [batch.column(name) for name in self._options.keep]
        arrays += [self._array(column) for column in outputs]
        return Predicted(pa.RecordBatch.from_arrays(arrays, schema=self.schema), findings)

    def _outputs(self, features: npt.NDArray[Any], text: pa.StringArray) -> npt.NDArray[np.float64]:
        """(outputs, galaxies, passes), one block of galaxies after the other."""
        passes = self._options.samples
        outputs = np.empty((len(self._how.outputs), len(features), passes or 1))
        hashes = None if passes is None else hash_ids(text)
        for start in range(0, len(features), BLOCK):
            block = slice(start, start + BLOCK)
            x = torch.from_numpy(features[block]).to(self._device, torch.float64, copy=True)
            x = x.contiguous()  # ten times as fast as a product with columns
            for number in range(passes or 1):
                masked = x
                if hashes is not None:
                    mask = scaled_mask(
                        hashes[block], self._options.seed, number, self._count, self._how.dropout
                    )
                    masked = x * torch.from_numpy(mask).to(self._device)
                y = self._module(masked).reshape(len(x), -1)
                outputs[:, block, number] = y.T.cpu().numpy()
        return outputs

    def _array(self, column: npt.NDArray[np.float64]) -> pa.Array:
        values = from_numpy(column.reshape(-1))
        passes = self._options.samples
        return values if passes is None else pa.FixedSizeListArray.from_arrays(values, passes)


def aligned(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly `rows`, but for the last."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while batch.num_rows:
            part = batch.slice(0, rows - count)
            batch = batch.slice(part.num_rows)
            waiting.append(part)
            count += part.num_rows
            if count == rows:
                yield _one_batch(waiting)
                waiting, count = [], 0
    if waiting:
        yield _one_batch(waiting)


def _one_batch(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(parts) == 1:
        return parts[0]
    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]


def _ids(text: pa.StringArray, rows: Iterable[int]) -> list[str]:
    return [text[int(row)].as_py() for row in rows]
