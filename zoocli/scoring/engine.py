"""The run itself: predictions stream past the votes that are held, and scores are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from zoocli.checks import Findings
from zoocli.columns import from_numpy
from zoocli.errors import DataError, MachineError, UsageError, some
from zoocli.ids import IdColumn
from zoocli.matching import Account, RowArray
from zoocli.pipeline import ordered_map, prefetch
from zoocli.resources import Resources
from zoocli.scoring.held import FIRST_IDS, PROGRAM_BYTES, Held, IdList, batches_with_ids, kept_field
from zoocli.scoring.options import ScoreOptions
from zoocli.scoring.task import Losses, Task
from zoocli.sums import Matching, Sums
from zoocli.tables import Table
from zoocli.tables.sinks import Sink

Progress = Callable[[int, int | None], None]
FEWEST_BATCH_ROWS = 1024


@dataclass
class Scored:
    """A batch of predictions after scoring; `found` is each one's row in VOTES, -1 for none."""

    found: RowArray
    text: pa.StringArray
    table: pa.RecordBatch
    losses: Losses
    findings: Findings


@dataclass
class Totals:
    """What the whole run adds up to."""

    sums: Sums
    account: Account
    rows: int = 0
    matched: int = 0
    invalid: int = 0
    unmatched_ids: list[str] = field(default_factory=list)

    def matching(self) -> Matching:
        """The account of every galaxy."""
        return Matching(
            matched=self.matched,
            predictions_only=self.account.predictions_only,
            votes_only=self.account.votes_only,
            duplicated=len(self.account.duplicated()),
            invalid=self.invalid,
        )


class Engine:
    """Scores PREDICTIONS against held VOTES, batch by batch.

    A batch is scored in any thread; what depends on the order (the account of ids, the sums, the
    rows that are written) happens in the thread that calls `run`, in file order.
    """

    def __init__(
        self,
        task: Task,
        options: ScoreOptions,
        predictions: Table,
        id_column: IdColumn,
        held: Held,
        only: IdList | None,
        resources: Resources,
    ) -> None:
        self._task = task
        self._options = options
        self._predictions = predictions
        self._ids = id_column
        self._held = held
        self._only = only
        self._resources = resources
        self._dropped = np.zeros(0, np.bool_)
        here = set(predictions.column_names)
        self._kept_here = [name for name in options.keep if name in here]
        columns = dict.fromkeys([*task.prediction_columns, *self._kept_here])
        columns.pop(id_column.column, None)
        self._columns = list(columns)
        self.schema = self._output_schema()

    def _output_schema(self) -> pa.Schema:
        fields = [pa.field(self._ids.column, self._ids.output_type)]
        for name in self._options.keep:
            if name in self._kept_here:
                fields.append(kept_field(self._predictions, name, self._task.prediction_types))
            else:
                fields.append(self._held.kept.schema.field(name))
        schema = pa.schema([*fields, *self._task.output_fields()])
        repeated = sorted({name for name in schema.names if schema.names.count(name) > 1})
        if repeated:
            raise UsageError(
                f"The scores table would have more than one column called {some(repeated)}. Leave "
                "it out of --keep, or rename it in the input."
            )
        return schema

    def run(self, sink: Sink, progress: Progress) -> Totals:
        """Writes the scores to the sink, uncommitted, and returns the totals.

        Raises DataError for invalid values, repeated ids, or when nothing matches.
        """
        if self._options.on_duplicate == "drop":
            self._dropped = self._find_duplicates()
        totals = Totals(Sums.zeros(len(self._task.groups)), Account(self._held.index))
        findings = Findings(self._predictions.name)
        sink.open(self.schema)
        for scored in ordered_map(self._score, self._read(), max(1, self._resources.threads - 1)):
            self._take(scored, totals, findings)
            if not findings.counts:
                sink.write(scored.table)
            progress(totals.rows, self._predictions.rows)
        findings.raise_if_any()
        self._check(totals)
        self._task.finish()
        return totals

    def _read(self) -> Iterator[tuple[pa.RecordBatch, pa.StringArray]]:
        batches = batches_with_ids(
            self._predictions, self._ids, self._columns, self._task, self._batch_rows()
        )
        return prefetch(batches) if self._resources.threads > 1 else batches

    def _batch_rows(self) -> int:
        """The rows of a batch, so that all that are under way at once fit into the memory."""
        row_bytes = 64 + 12 * len(self._columns) + 24 * len(self.schema)
        under_way = 2 * self._resources.threads + 4
        spare = self._resources.memory - PROGRAM_BYTES - self._held.nbytes
        rows = min(self._options.batch_size, spare // (row_bytes * under_way))
        if rows < min(FEWEST_BATCH_ROWS, self._options.batch_size):
            raise MachineError(
                f"The memory limit of {self._resources.memory / 1e9:.2f} GB leaves no room beside "
                f"the votes ({self._held.nbytes / 1e9:.2f} GB) and the program "
                f"({PROGRAM_BYTES / 1e9:.1f} GB). Raise --memory-limit."
            )
        return int(rows)

    def _score(self, item: tuple[pa.RecordBatch, pa.StringArray]) -> Scored:
        batch, text = item
        found = self._held.index.find(text)
        matched = found >= 0
        if len(self._dropped):
            matched &= ~self._dropped[found]
        rows = np.flatnonzero(matched).astype(np.int32)
        held_rows = found[rows]
        findings = Findings(self._predictions.name)

        def ids(chosen: Iterable[int]) -> list[str]:
            return [text[int(rows[row])].as_py() for row in chosen]

        losses = self._task.score(batch, rows, self._held.values, held_rows, findings, ids)
        table = self._table(batch, text, rows, held_rows, losses)
        return Scored(found, text, table, losses, findings)

    def _table(
        self,
        batch: pa.RecordBatch,
        text: pa.StringArray,
        rows: RowArray,
        held_rows: RowArray,
        losses: Losses,
    ) -> pa.RecordBatch:
        here = None if len(rows) == len(text) else from_numpy(rows)

        def chosen(column: pa.Array) -> pa.Array:
            return column if here is None else column.take(here)

        arrays = [chosen(self._ids.output(text, batch.column(self._ids.column)))]
        for name in self._options.keep:
            if name in self._kept_here:
                arrays.append(chosen(batch.column(name)))
            else:
                taken = self._held.kept.column(name).take(from_numpy(held_rows))
                arrays.append(_one_array(taken))
        arrays += self._task.output_arrays(losses)
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _take(self, scored: Scored, totals: Totals, findings: Findings) -> None:
        losses, found, text = scored.losses, scored.found, scored.text
        if self._only is not None:
            listed = self._only.listed(text)
            found, text = found[listed], text.filter(pa.array(listed))
        totals.account.add(found)
        totals.rows += len(scored.text)
        totals.matched += len(losses.loss)
        totals.invalid += int(np.count_nonzero(np.isnan(losses.loss)))
        self._task.groups.add(totals.sums, losses.loss, losses.parts, losses.votes)
        findings.merge(scored.findings)
        if len(totals.unmatched_ids) < FIRST_IDS and totals.account.predictions_only:
            missing = np.flatnonzero(found < 0)[: FIRST_IDS - len(totals.unmatched_ids)]
            totals.unmatched_ids += [text[int(row)].as_py() for row in missing]

    def _find_duplicates(self) -> Any:
        """Reads the ids of PREDICTIONS once, ahead of scoring, and marks those to be dropped."""
        account = Account(self._held.index)
        for _, text in batches_with_ids(
            self._predictions, self._ids, [], self._task, self._options.batch_size
        ):
            account.add(self._held.index.find(text))
        dropped = np.zeros(len(self._held.index), np.bool_)
        dropped[account.duplicated()] = True
        return dropped

    def _check(self, totals: Totals) -> None:
        duplicated = totals.account.duplicated()
        if len(duplicated) and not len(self._dropped):
            ids = self._held.index.text(duplicated[:FIRST_IDS])
            more = f" and {len(duplicated) - len(ids):,} more" if len(duplicated) > len(ids) else ""
            raise DataError(
                f"{len(duplicated):,} ids match and stand more than once in "
                f"{self._predictions.name} or in the votes: {some(ids)}{more}. Keep one row of "
                "each, or leave all of them out with --on-duplicate drop."
            )
        if not totals.matched:
            raise DataError(self._why_nothing(totals, len(duplicated)))

    def _why_nothing(self, totals: Totals, dropped: int) -> str:
        predictions = self._predictions.name
        if not totals.rows:
            return f"{predictions} has no rows. Give predictions to score."
        if dropped:
            return (
                f"No galaxy is left: all {dropped:,} ids that match stand more than once and were "
                "dropped. Keep one row of each."
            )
        listed = "" if self._only is None else f" and in {self._only.name}"
        votes = self._held.index.text(range(min(3, len(self._held.index))))
        return (
            f"No galaxy is in both files{listed}. Ids in {predictions} look like "
            f"{some(totals.unmatched_ids[:3]) or '(none)'}, those of the votes like {some(votes)}. "
            "Name the id columns with --predictions-id and --votes-id."
        )


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
