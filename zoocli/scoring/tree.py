"""Scoring concentrations against the votes of a decision tree."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli import checks
from zoocli.checks import Findings
from zoocli.columns import from_numpy, to_floats
from zoocli.kernels import votes as votes_kernel
from zoocli.losses.loss import Loss
from zoocli.matching import RowArray
from zoocli.schema import Schema
from zoocli.scoring.backends import tree_backend
from zoocli.scoring.options import ScoreOptions
from zoocli.scoring.task import Losses, NamesOfRows, Task
from zoocli.sums import Groups, sum_in_order
from zoocli.tables import Table

PROBLEMS = {
    votes_kernel.NEGATIVE: checks.NEGATIVE_VOTES,
    votes_kernel.FRACTIONAL: checks.FRACTIONAL_VOTES,
    votes_kernel.INFINITE: checks.INFINITE_VOTES,
    votes_kernel.TOO_MANY: checks.TOO_MANY_VOTES,
}


class TreeTask(Task):
    """One loss a question, and the galaxy's loss as their sum (Walmsley et al. 2022, eq. 6-7)."""

    counts_votes = True

    def __init__(
        self,
        schema: Schema,
        loss: Loss,
        options: ScoreOptions,
        predictions: Table,
        votes: Table,
    ) -> None:
        self.schema = schema
        self.options = options
        self.loss_name = loss.name
        self.schema_name = schema.name
        self.prediction_columns = _columns(schema, predictions)
        self.vote_columns = _columns(schema, votes)
        self.prediction_types = dict.fromkeys(self.prediction_columns, pa.float64())
        self.vote_types = dict.fromkeys(self.vote_columns, pa.float64())
        self._tables = predictions.name, votes.name
        self._slices = schema.question_slices
        self.groups = Groups(schema.campaigns, tuple(q.name for q in schema.questions))
        self._losses = tree_backend(loss, options, self._slices)

    def hold(self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows) -> npt.NDArray[Any]:
        """Counts (galaxies, answers) in the smallest unsigned type that they fit."""
        counts = np.empty((batch.num_rows, len(self.vote_columns)), np.int32)
        states = np.empty(counts.shape, np.uint8)
        met = np.zeros(1, np.int64)
        for answer, column in enumerate(self.vote_columns):
            values = to_floats(batch.column(column), column, self._tables[1])
            votes_kernel.pack_votes(values, counts, states, answer, met)
        if met[0]:
            self._find_invalid(states, findings, ids)
        highest = self._find_overflow(counts, findings, ids)
        return counts.astype(np.min_scalar_type(highest)) if highest < 2**16 else counts

    def _find_invalid(
        self, states: npt.NDArray[np.uint8], findings: Findings, ids: NamesOfRows
    ) -> None:
        for state, problem in PROBLEMS.items():
            if state == votes_kernel.FRACTIONAL and self.options.on_fractional == "round":
                continue
            for answer, column in enumerate(self.vote_columns):
                findings.add(problem, column, states[:, answer] == state, ids)
        if self.options.missing_votes == "zero":
            return
        for question, answers in zip(self.schema.questions, self._slices, strict=True):
            missing = states[:, answers] == votes_kernel.MISSING
            partly = missing.any(axis=1) & ~missing.all(axis=1)
            findings.add(checks.PARTLY_MISSING_VOTES, question.name, partly, ids)

    def _find_overflow(
        self, counts: npt.NDArray[np.int32], findings: Findings, ids: NamesOfRows
    ) -> int:
        highest = int(counts.max(initial=0))
        if highest * counts.shape[1] > checks.MOST_VOTES:
            for question, answers in zip(self.schema.questions, self._slices, strict=True):
                total = counts[:, answers].sum(axis=1, dtype=np.int64)
                findings.add(checks.TOO_MANY_VOTES, question.name, total > checks.MOST_VOTES, ids)
        return highest

    def score(
        self,
        batch: pa.RecordBatch,
        rows: RowArray,
        held: npt.NDArray[Any],
        held_rows: RowArray,
        findings: Findings,
        ids: NamesOfRows,
    ) -> Losses:
        """One loss for each question; NaN where a concentration has no likelihood."""
        columns = [
            to_floats(batch.column(name), name, self._tables[0], keep_single=True)
            for name in self.prediction_columns
        ]
        if len({column.dtype for column in columns}) > 1:
            columns = [column.astype(np.float64) for column in columns]
        losses, totals = self._losses(columns, rows, held, held_rows)
        loss = sum_in_order(losses)
        if np.isnan(loss).any() and self.options.on_invalid == "error":
            self._find_impossible([column[rows] for column in columns], findings, ids)
        return Losses(loss, losses, totals)

    def _find_impossible(
        self, columns: list[npt.NDArray[Any]], findings: Findings, ids: NamesOfRows
    ) -> None:
        for name, column in zip(self.prediction_columns, columns, strict=True):
            findings.add(checks.NO_LIKELIHOOD, name, ~((column > 0) & np.isfinite(column)), ids)
        for question, answers in zip(self.schema.questions, self._slices, strict=True):
            values = np.array(columns[answers], np.float64)
            with np.errstate(over="ignore", invalid="ignore"):
                too_large = np.isfinite(values).all(axis=0) & ~np.isfinite(values.sum(axis=0))
            findings.add(checks.TOO_LARGE, question.name, too_large, ids)

    def output_fields(self) -> list[pa.Field]:
        """`loss`, then each question's loss and total votes."""
        fields = [pa.field("loss", pa.float64())]
        for question in self.groups.questions:
            fields.append(pa.field(f"{question}_loss", pa.float64()))
            fields.append(pa.field(f"{question}_total-votes", pa.int32()))
        return fields

    def output_arrays(self, losses: Losses) -> list[pa.Array]:
        """The arrays for `output_fields`; NaN becomes null."""
        assert losses.votes is not None
        nulls = bool(np.isnan(losses.loss).any())
        arrays = [from_numpy(losses.loss, nulls)]
        for part, votes in zip(losses.parts, losses.votes, strict=True):
            arrays += [from_numpy(part, nulls), from_numpy(votes)]
        return arrays

    def settings(self) -> dict[str, Any]:
        """The schema's hash; the rules about votes."""
        return {
            "schema_hash": self.schema.content_hash,
            "on_fractional": self.options.on_fractional,
            "missing_votes": self.options.missing_votes,
        }


def _columns(schema: Schema, table: Table) -> list[str]:
    """The table's column for every answer: the answer's own, else the catalogue's name for it."""
    there = set(table.column_names)
    return [
        answer if answer in there else schema.columns.get(answer, answer)
        for answer in schema.label_cols
    ]
