"""What a scoring of any kind must say, so that one engine can run it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.checks import Findings, NamesOfRows
from zoocli.ids import is_index_name
from zoocli.resources import PROGRAM_BYTES
from zoocli.scoring.matched import Matched
from zoocli.sums import FloatArray, Groups
from zoocli.tables import Table

ID_BYTES, CELL_BYTES = 64, 12


@dataclass
class Losses:
    """The losses of a batch of matched galaxies, in nats where they are likelihoods; NaN is null.

    `loss` (galaxies,); `parts` (questions or targets, galaxies), perhaps none; `votes` (questions,
    galaxies) int32, or None for losses that count no votes; `columns` more output columns;
    `seen`: what the task wants to remember of all batches for `Task.finish`.
    """

    loss: FloatArray
    parts: FloatArray
    votes: npt.NDArray[np.int32] | None = None
    columns: tuple[pa.Array, ...] = ()
    seen: frozenset[str] = frozenset()


class Task(ABC):
    """Knows its columns on both sides, how to hold those of VOTES, and how to score a batch."""

    loss_name: str
    schema_name: str | None = None
    prediction_columns: list[str]
    prediction_types: dict[str, pa.DataType]
    program_bytes: int = PROGRAM_BYTES
    row_bytes: int  # that a row of predictions takes while it is scored
    vote_columns: list[str]
    vote_types: dict[str, pa.DataType]
    groups: Groups
    counts_votes: bool
    notes: tuple[str, ...] = ()

    @abstractmethod
    def hold(self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows) -> npt.NDArray[Any]:
        """The values of a batch of VOTES as a compact array, one row a galaxy."""

    @abstractmethod
    def score(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """Scores the matched galaxies of a batch against the values that are held of VOTES.

        Runs in several threads at once: it changes nothing but the batch's own findings.
        """

    @abstractmethod
    def output_fields(self) -> list[pa.Field]:
        """The columns of the scores table after the id and the kept ones, beginning with loss."""

    @abstractmethod
    def output_arrays(self, losses: Losses) -> list[pa.Array]:
        """The arrays for `output_fields`."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What of the options changes the numbers, for the summary and the signature."""

    def finish(self, seen: frozenset[str]) -> None:
        """Called when every batch was scored, for checks that need what was seen in them all."""
        return


def row_bytes(columns: int, passes: int = 1) -> int:
    """What a row of so many columns takes, as Arrow and numpy hold it, besides its id."""
    return ID_BYTES + CELL_BYTES * columns * passes


def default_predictions(predictions: Table, id_column: str, keep: Sequence[str]) -> list[str]:
    """The columns that are neither the id, nor kept, nor a nameless index."""
    return [
        name
        for name in predictions.column_names
        if name not in (id_column, *keep) and not is_index_name(name)
    ]
