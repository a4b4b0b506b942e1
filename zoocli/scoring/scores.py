"""The scores table: its columns, and its rows batch by batch."""

from __future__ import annotations

import pyarrow as pa

from zoocli.foundation.columns import from_numpy
from zoocli.matching.matched import Matched
from zoocli.runs.job import Progress
from zoocli.scoring.inputs import Inputs
from zoocli.scoring.scorers.scorer import Losses
from zoocli.scoring.streaming import stream
from zoocli.scoring.totals import ScoreTotals
from zoocli.tables.writing.guards import refuse_repeated_columns
from zoocli.tables.writing.sinks import Sink

OUTPUT_BYTES = 24  # per cell, between the loss and the file


class ScoresTable:
    """The id, kept columns of either side, then the columns of the scorer."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        here = set(inputs.predictions.column_names)
        self._kept = {name: name in here for name in inputs.options.keep}
        self.columns_read = [
            *inputs.scorer.prediction_columns,
            *(name for name, of_predictions in self._kept.items() if of_predictions),
        ]
        self.schema = self._schema()

    def _schema(self) -> pa.Schema:
        inputs = self._inputs
        fields = [pa.field(inputs.ids.column, inputs.ids.output_type)]
        for name, of_predictions in self._kept.items():
            fields.append(
                inputs.predictions.field(name, inputs.scorer.prediction_types)
                if of_predictions
                else inputs.held.kept.schema.field(name)
            )
        schema = pa.schema([*fields, *inputs.scorer.output_fields()])
        refuse_repeated_columns(schema, "The scores table")
        return schema

    def rows(self, matched: Matched, losses: Losses) -> pa.RecordBatch:
        """The rows of a batch, one per matched galaxy."""
        inputs = self._inputs
        here = None if len(matched.rows) == len(matched.text) else from_numpy(matched.rows)

        def chosen(column: pa.Array) -> pa.Array:
            return column if here is None else column.take(here)

        ids = inputs.ids.output(matched.text, matched.batch.column(inputs.ids.column))
        arrays = [chosen(ids)]
        for name, of_predictions in self._kept.items():
            if of_predictions:
                arrays.append(chosen(matched.batch.column(name)))
            else:
                taken = inputs.held.kept.column(name).take(from_numpy(matched.held_rows))
                arrays.append(_one_array(taken))
        arrays += inputs.scorer.output_arrays(losses)
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def write_scores(inputs: Inputs, sink: Sink, progress: Progress) -> ScoreTotals:
    """Scores PREDICTIONS batch by batch and writes the table to the sink, uncommitted.

    Batches are scored in threads; what depends on the order of rows happens here, in file order.
    After the first invalid value nothing more is written, but all of them are counted: the caller
    calls `ScoreTotals.check` before it commits the sink.
    """
    table = ScoresTable(inputs)
    totals = ScoreTotals.nothing(inputs)
    sink.open(table.schema)

    def score(matched: Matched) -> tuple[Losses, pa.RecordBatch]:
        losses = inputs.scorer.score(matched, inputs.held.values)
        return losses, table.rows(matched, losses)

    row_bytes = OUTPUT_BYTES * len(table.schema)
    for matched, (losses, rows) in stream(inputs, table.columns_read, score, row_bytes):
        totals.take(inputs, matched)
        totals.add_losses(inputs, losses)
        if not totals.findings:
            sink.write(rows)
        progress(totals.rows, inputs.predictions.rows)
    return totals


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
