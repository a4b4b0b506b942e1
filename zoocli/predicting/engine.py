"""The run itself: features stream past the head, and predictions are written.

Rows are multiplied in blocks that are counted from the first row of the whole table: how a product
is rounded depends on the shape of its factors, and these are the same whatever the batches and the
parts. A part that begins or ends within a block computes all of it and leaves out the others' rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
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
from zoocli.heads.files import read_head
from zoocli.ids import IdColumn, find_id_column, rewritten_note
from zoocli.pipeline import ordered_map, prefetch
from zoocli.predicting.options import PredictOptions
from zoocli.predicting.settings import choose_settings
from zoocli.resources import PROGRAM_BYTES, TORCH_BYTES, Resources
from zoocli.scoring.backends import torch_device
from zoocli.scoring.held import kept_field
from zoocli.tables import Table, open_tables
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Slice
from zoocli.version import __version__

Progress = Callable[[int, int | None], None]
BLOCK = 1024  # rows multiplied at once


@dataclass(frozen=True)
class Prediction:
    """What was done: the galaxies, how they were predicted, and what to tell the user."""

    galaxies: int
    settings: dict[str, Any]
    notes: tuple[str, ...]

    def metadata(self) -> dict[str, Any]:
        """For the file of predictions."""
        return {"version": __version__, "settings": self.settings}


@dataclass
class Batch:
    """Rows of features with their ids, of which those in `inside` are to be predicted."""

    rows: pa.RecordBatch
    text: pa.StringArray
    inside: slice


@dataclass
class PredictTotals:
    """What parts of a prediction add up to."""

    findings: Findings
    rows: int = 0

    def __add__(self, other: PredictTotals) -> PredictTotals:
        return PredictTotals(self.findings + other.findings, self.rows + other.rows)


class Predictor:
    """Applies a head to a table, batch by batch, in any thread; the order is that of the table."""

    def __init__(
        self, features: Any, head: Any, options: PredictOptions, resources: Resources
    ) -> None:
        self._head = head = read_head(head)
        self._how = how = choose_settings(head, options)
        self.table = table = open_tables(features, resources, "the features")
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
                f"{self.table.name} has {found:,}, in {some(self._features.names, limit=3)}. "
                "Choose the columns with --feature, or the head that belongs to them."
            )

    def _output_schema(self) -> pa.Schema:
        passes = self._options.samples
        kind = pa.float64() if passes is None else pa.list_(pa.float64(), passes)
        schema = pa.schema(
            [
                pa.field(self.ids.column, self.ids.output_type),
                *(kept_field(self.table, name, {}) for name in self._options.keep),
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

    def run(self, sink: Sink, progress: Progress = lambda rows, of: None) -> PredictTotals:
        """Writes all predictions to the sink; the caller gives the totals to `finish`."""
        totals = PredictTotals(Findings(self.table.name))
        sink.open(self.schema)
        threads = max(1, self._resources.threads - 1)
        for predicted, findings in ordered_map(self._predict, prefetch(self._read()), threads):
            totals += PredictTotals(findings, predicted.num_rows)
            if not totals.findings:
                sink.write(predicted)
            progress(totals.rows, self.table.rows)
        return totals

    def of_part(self, part: Slice) -> Predictor:
        """The same for a part of the table."""
        predictor = copy(self)
        predictor.table = part
        predictor.ids = self.ids.from_row(part.start - part.start % BLOCK)
        return predictor

    def finish(self, totals: PredictTotals, may_be_empty: bool = False) -> Prediction:
        """Raises DataError for invalid features, and where there are no rows."""
        totals.findings.raise_if_any()
        if not totals.rows and not may_be_empty:
            raise DataError(f"{self.table.name} has no rows. Give features to predict from.")
        note = rewritten_note([self.ids])
        settings = self._how.to_dict(self._head, self._options)
        return Prediction(totals.rows, settings, (note,) if note else ())

    def _read(self) -> Iterator[Batch]:
        """Whole blocks, but for the last rows of the table."""
        columns = [self.ids.column, *self._options.keep, *self._features.names]
        batch_rows = self._batch_rows()
        table: Table = self.table
        start, stop = 0, None
        if isinstance(table, Slice):
            start, stop = table.start, table.stop
            table = table.widened(start - start % BLOCK, stop + -stop % BLOCK)
        row = start - start % BLOCK
        batches = table.batches(columns, self._features.types, batch_rows)
        for batch in aligned(batches, batch_rows):
            end = batch.num_rows if stop is None else min(stop - row, batch.num_rows)
            inside = slice(max(start - row, 0), end)
            yield Batch(batch, self.ids.text(batch.column(self.ids.column)), inside)
            row += batch.num_rows

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

    def _predict(self, batch: Batch) -> tuple[pa.RecordBatch, Findings]:
        """The predictions of a batch, and what was wrong with its features."""
        inside = batch.inside
        findings = Findings(self.table.name)
        features = self._checked_features(batch.rows, batch.text, findings)
        outputs = self._outputs(features, batch.text)[:, inside]
        length = inside.stop - inside.start
        rows, text = batch.rows.slice(inside.start, length), batch.text.slice(inside.start, length)
        if findings and length < batch.rows.num_rows:  # only those of this part are its own
            findings = Findings(self.table.name)
            self._checked_features(rows, text, findings)
        arrays = [self.ids.output(text, rows.column(self.ids.column))]
        arrays += [rows.column(name) for name in self._options.keep]
        arrays += [self._array(column) for column in outputs]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema), findings

    def _checked_features(
        self, rows: pa.RecordBatch, text: pa.StringArray, findings: Findings
    ) -> npt.NDArray[Any]:
        return self._features.array(rows, self._count, findings, partial(_ids, text))

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
