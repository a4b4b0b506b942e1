"""Scoring concentrations against the votes of a decision tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.foundation.arrays import Floats, sum_in_order
from zoocli.foundation.columns import from_numpy, to_floats, to_numpy
from zoocli.foundation.kernels import votes as votes_kernel
from zoocli.foundation.resources import PROGRAM_BYTES, TORCH_BYTES
from zoocli.losses.loss import Loss
from zoocli.matching.concentrations import Pass, count_passes, find_impossible, read_passes
from zoocli.matching.ensemble import Member
from zoocli.matching.findings import (
    FRACTIONAL_VOTES,
    INFINITE_VOTES,
    NEGATIVE_VOTES,
    NOT_IN_ENSEMBLE,
    PARTLY_MISSING_VOTES,
    SHARES_OF_VOTES,
    TOO_MANY_VOTES,
    Findings,
    NamesOfRows,
)
from zoocli.matching.held import HeldBlock
from zoocli.matching.index import RowArray
from zoocli.matching.matched import Matched
from zoocli.matching.naming import AnswerColumns
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema import Levels, Schema
from zoocli.scoring.scorers.backends import choose_backend, tree_backend
from zoocli.scoring.scorers.scorer import Losses, Scorer, row_bytes
from zoocli.scoring.suspicions import (
    ignored_columns,
    kind_of_concentrations,
    notes_about_votes,
    refuse_fractions,
    votes_in,
)
from zoocli.tables import Table
from zoocli.tables.parts.counted import CountedTable

PROBLEMS = {
    votes_kernel.NEGATIVE: NEGATIVE_VOTES,
    votes_kernel.FRACTIONAL: FRACTIONAL_VOTES,
    votes_kernel.INFINITE: INFINITE_VOTES,
    votes_kernel.TOO_MANY: TOO_MANY_VOTES,
}


class TreeScorer(Scorer):
    """One loss per question; a galaxy's loss is their sum (Walmsley et al. 2022, eq. 6-7)."""

    counts_votes = True
    loss_name = ""

    def __init__(
        self,
        schema: Schema,
        loss: Loss,
        options: ScoreOptions,
        predictions: AnswerColumns,
        votes: AnswerColumns,
    ) -> None:
        self.schema = schema
        self.options = options
        self.loss_name = self.loss_name or loss.name
        self.schema_name = schema.name
        found, self._of_votes = predictions.find(schema), votes.find(schema)
        self.prediction_columns = [source.column for source in found.sources]
        self.vote_columns = [source.column for source in self._of_votes.sources]
        self.notes = tuple(filter(None, (predictions.note(found), votes.note(self._of_votes))))
        self._ignored = {}
        if votes.pattern is None:
            self._ignored = ignored_columns(schema, self._of_votes, votes.table.column_names)
        self.other_columns = [name for names in self._ignored.values() for name in names]
        self._ignored_votes = dict.fromkeys(self._ignored, 0.0)
        self.prediction_types = dict.fromkeys(self.prediction_columns, pa.float64())
        self.vote_types = dict.fromkeys(self.vote_columns, pa.float64())
        self._tables = predictions.table.name, votes.table.name
        self._passes = count_passes(
            predictions.table, self.prediction_columns, self.prediction_types
        )
        self.ensemble: tuple[Member, ...] = ()
        self.row_bytes = row_bytes(len(self.prediction_columns), self._passes)
        self._slices = schema.question_slices
        self.levels = Levels.of(schema)
        if choose_backend(loss, options) == "torch":
            self.program_bytes = PROGRAM_BYTES + TORCH_BYTES
        self._compute = tree_backend(loss, options, self._slices)

    def add_ensemble(self, members: Sequence[Member]) -> None:
        """Adds further files of predictions, as more passes."""
        self.ensemble = tuple(members)
        self.row_bytes = row_bytes(len(self.prediction_columns), self.passes)

    @property
    def passes(self) -> int:
        """The number of predictions per galaxy, those of the ensemble included."""
        return self._passes + sum(len(member.values) for member in self.ensemble)

    def votes_of(self, votes: Table) -> Table:
        """With counts where VOTES have fractions and totals."""
        sources = self._of_votes.sources
        totals = {one.column: one.total for one in sources if one.total is not None}
        return CountedTable(votes, totals) if totals else votes

    def hold(self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows) -> HeldBlock:
        """Counts (galaxies, answers) in the smallest type that holds them."""
        for question, names in self._ignored.items():
            self._ignored_votes[question] += sum(votes_in(batch.column(name)) for name in names)
        columns = self._votes(batch)
        addresses = np.array([column.ctypes.data for column in columns], np.uint64)
        like = columns[0][:0]
        met = np.zeros(2, np.int64)
        counts = np.empty((batch.num_rows, len(columns)), np.uint8)
        votes_kernel.pack_votes(addresses, like, counts, met)
        problems, highest = map(int, met)
        if problems:
            states = np.empty(counts.shape, np.uint8)
            votes_kernel.find_states(addresses, like, states)
            self._find_invalid(states, columns, findings, ids)
        if highest > np.iinfo(counts.dtype).max:
            kind = np.min_scalar_type(highest) if highest < 2**16 else np.int32
            counts = np.empty(counts.shape, kind)
            votes_kernel.pack_votes(addresses, like, counts, met)
        self._find_overflow(counts, highest, findings, ids)
        return HeldBlock(counts)

    def _votes(self, batch: pa.RecordBatch) -> list[npt.NDArray[Any]]:
        """The columns of votes as arrays of one type, NaN where votes are missing."""
        if self._are_whole(batch):
            return [to_numpy(batch.column(name)) for name in self.vote_columns]
        return [to_floats(batch.column(name), name, self._tables[1]) for name in self.vote_columns]

    def _are_whole(self, batch: pa.RecordBatch) -> bool:
        """Whether all columns of votes are 32-bit integers, as usual in Parquet, without nulls."""
        columns = [batch.column(name) for name in self.vote_columns]
        if not batch.num_rows:
            return False
        return all(column.type == pa.int32() and not column.null_count for column in columns)

    def _find_invalid(
        self,
        states: npt.NDArray[np.uint8],
        columns: Sequence[npt.NDArray[Any]],
        findings: Findings,
        ids: NamesOfRows,
    ) -> None:
        if self.options.on_fractional == "round":
            for answer, values in enumerate(columns):
                noise = np.abs(values - np.rint(values)) <= votes_kernel.NOISE
                states[noise & (states[:, answer] == votes_kernel.FRACTIONAL), answer] = (
                    votes_kernel.OK
                )
        # A missing fraction is NaN, which is not above 1.
        shares = not any((values > 1.0).any() for values in columns)
        for state, problem in PROBLEMS.items():
            if state == votes_kernel.FRACTIONAL and shares:
                problem = SHARES_OF_VOTES
            for answer, column in enumerate(self.vote_columns):
                findings.add(problem, column, states[:, answer] == state, ids)
        if self.options.missing_votes == "zero":
            return
        for question, answers in zip(self.schema.questions, self._slices, strict=True):
            missing = states[:, answers] == votes_kernel.MISSING
            partly = missing.any(axis=1) & ~missing.all(axis=1)
            findings.add(PARTLY_MISSING_VOTES, question.name, partly, ids)

    def _find_overflow(
        self, counts: npt.NDArray[Any], highest: int, findings: Findings, ids: NamesOfRows
    ) -> None:
        if highest * counts.shape[1] > votes_kernel.MOST_VOTES:
            for question, answers in zip(self.schema.questions, self._slices, strict=True):
                total = counts[:, answers].sum(axis=1, dtype=np.int64)
                findings.add(TOO_MANY_VOTES, question.name, total > votes_kernel.MOST_VOTES, ids)

    def losses(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """One loss per question; NaN where a concentration has no likelihood."""
        passes = self._concentrations(matched)
        losses, totals = self._mixture(passes, values, matched.held_rows)
        loss = sum_in_order(losses)
        if np.isnan(loss).any() and self.options.on_invalid == "error":
            for one in passes:
                find_impossible(
                    one, self.prediction_columns, self.schema, matched.findings, matched.ids
                )
        kind = kind_of_concentrations(passes[0], self._slices)
        seen = frozenset() if kind is None else frozenset([kind])
        return Losses(loss, losses, totals, seen=seen, read=passes)

    def finish(self, seen: frozenset[str]) -> None:
        """Raises DataError where the predictions are fractions."""
        refuse_fractions(self._tables[0], seen)

    def notes_about(self, values: npt.NDArray[Any]) -> Iterator[str]:
        """Those of its columns, and about votes that are probably not what was meant."""
        yield from self.notes
        yield from notes_about_votes(
            self._tables[1], self.schema, values, self._ignored, self._ignored_votes
        )

    def _concentrations(self, matched: Matched) -> list[Pass]:
        """The predictions for the matched galaxies of a batch."""
        read = read_passes(
            matched.batch,
            self.prediction_columns,
            self._passes,
            matched.rows,
            self._tables[0],
            matched.findings,
            matched.ids,
        )
        for member in self.ensemble:
            passes = member.passes(matched.held_rows)
            matched.findings.add(NOT_IN_ENSEMBLE, member.name, passes[0].absent, matched.ids)
            read += passes
        return read

    def _mixture(
        self, passes: Sequence[Pass], counts: npt.NDArray[Any], count_rows: RowArray
    ) -> tuple[Floats, npt.NDArray[np.int32]]:
        """Losses of the equal-weight mixture: -ln of the mean over passes of exp(-loss)."""
        if len(passes) == 1:
            return self._compute(passes[0].columns, passes[0].rows, counts, count_rows)
        losses = []
        for one in passes:
            loss, totals = self._compute(one.columns, one.rows, counts, count_rows)
            losses.append(loss)
        lowest = np.min(losses, axis=0)
        likelihoods = sum_in_order(np.exp(lowest - losses))
        return lowest - np.log(likelihoods / len(passes)), totals

    def output_fields(self) -> list[pa.Field]:
        """`loss`, then each question's loss and total votes."""
        fields = [pa.field("loss", pa.float64())]
        for question in self.levels.questions:
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
        """The schema's hash, the passes and the rules about votes."""
        return {
            "schema_hash": self.schema.content_hash,
            "passes": self.passes,
            "on_fractional": self.options.on_fractional,
            "missing_votes": self.options.missing_votes,
        }
