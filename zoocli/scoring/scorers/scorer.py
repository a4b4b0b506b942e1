"""What every kind of scoring defines, so that one engine runs them all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.foundation.arrays import Floats
from zoocli.foundation.resources import PROGRAM_BYTES
from zoocli.matching.concentrations import Pass
from zoocli.matching.findings import Findings, NamesOfRows
from zoocli.matching.fingerprint import fingerprint
from zoocli.matching.held import HeldBlock
from zoocli.matching.id_columns import is_index_name
from zoocli.matching.matched import Matched
from zoocli.schema import Levels
from zoocli.tables import Table

ID_BYTES, CELL_BYTES = 64, 12


@dataclass
class Losses:
    """The losses of a batch of matched galaxies, in nats where they are likelihoods; NaN is null.

    `loss` (galaxies,); `parts` (questions or targets, galaxies), perhaps none; `votes` (questions,
    galaxies) int32, or None for losses that count no votes; `columns` are more output columns;
    `seen`: what the scorer needs to know about all batches in `Scorer.finish`; `read`: the
    predictions that they are of, whose `fingerprint` is made with them.
    """

    loss: Floats
    parts: Floats
    votes: npt.NDArray[np.int32] | None = None
    columns: tuple[pa.Array, ...] = ()
    seen: frozenset[str] = frozenset()
    read: Sequence[Pass] = ()
    fingerprint: int = 0


class Scorer(ABC):
    """Knows its columns on both sides, how to hold those of VOTES, and how to score a batch."""

    loss_name: str
    schema_name: str | None = None
    prediction_columns: list[str]
    prediction_types: dict[str, pa.DataType]
    program_bytes: int = PROGRAM_BYTES
    row_bytes: int  # of a row of predictions while it is scored
    vote_columns: list[str]
    other_columns: Sequence[str] = ()
    vote_types: dict[str, pa.DataType]
    levels: Levels
    counts_votes: bool
    notes: tuple[str, ...] = ()

    def votes_of(self, votes: Table) -> Table:
        """VOTES as `hold` takes them."""
        return votes

    @abstractmethod
    def hold(self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows) -> HeldBlock:
        """The values of a batch of VOTES; invalid ones are added to the findings."""

    def score(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """Scores the matched galaxies of a batch against the held values of VOTES.

        Runs in several threads at once, so it changes nothing but the findings of the batch.
        """
        losses = self.losses(matched, values)
        losses.fingerprint = fingerprint(matched, losses.read)
        return losses

    @abstractmethod
    def losses(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """The losses, and the predictions that were read for them, each once."""

    @abstractmethod
    def output_fields(self) -> list[pa.Field]:
        """The columns of the scores table after the id and the kept ones, beginning with loss."""

    @abstractmethod
    def output_arrays(self, losses: Losses) -> list[pa.Array]:
        """The arrays for `output_fields`."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The options that change the numbers, for the summary and the signature."""

    def notes_about(self, values: npt.NDArray[Any]) -> Iterator[str]:
        """The warnings that the columns and the held values of VOTES call for."""
        yield from self.notes

    def start(self, seen: frozenset[str]) -> None:
        """Called once, between `hold` and everything else, with what was seen in all of VOTES."""
        return

    def finish(self, seen: frozenset[str]) -> None:
        """Called when every batch is scored, with what was seen in all of them, for checks."""
        return


def row_bytes(columns: int, passes: int = 1) -> int:
    """The bytes of a row with so many columns in Arrow and numpy together, and of its id."""
    return ID_BYTES + CELL_BYTES * columns * passes


def default_predictions(predictions: Table, id_column: str, keep: Sequence[str]) -> list[str]:
    """The columns that are neither the id, nor kept, nor an unnamed index."""
    return [
        name
        for name in predictions.column_names
        if name not in (id_column, *keep) and not is_index_name(name)
    ]
