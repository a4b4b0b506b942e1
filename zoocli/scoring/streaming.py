"""PREDICTIONS batch by batch: matched with the held votes, processed in threads, in order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

import numpy as np
import pyarrow as pa

from zoocli.foundation.arrays import Mask
from zoocli.foundation.pipeline import ordered_map, prefetch
from zoocli.matching.held import batches_with_ids
from zoocli.matching.index import MatchAccount
from zoocli.matching.matched import Matched
from zoocli.scoring.inputs import Inputs

Result = TypeVar("Result")
FEWEST_BATCH_ROWS = 1024
BATCH_BYTES = 1 << 27


def stream(
    inputs: Inputs,
    columns: Collection[str],
    work: Callable[[Matched], Result],
    row_bytes: int,
    fixed_bytes: int = 0,
    numbers: Collection[str] = (),
) -> Iterator[tuple[Matched, Result]]:
    """work(batch) for every batch of PREDICTIONS, in file order; only `columns` are read.

    Batches are processed in several threads at once, so `work` must not change anything that they
    share. `row_bytes` is the size of a row of the result, and `fixed_bytes` what the sums take that
    results are added to. `numbers` are columns that are read as numbers besides the predictions.
    """
    resources = inputs.resources
    condition = inputs.condition
    named = () if condition is None else condition.of_predictions.values()
    columns = [name for name in dict.fromkeys([*columns, *named]) if name != inputs.ids.column]
    rows = _batch_rows(inputs, row_bytes + inputs.scorer.row_bytes, fixed_bytes)
    dropped = inputs.dropped
    if dropped is None and inputs.options.on_duplicate == "drop":
        dropped = find_duplicates(inputs)
    if inputs.left_out is not None:
        dropped = inputs.left_out if dropped is None else inputs.left_out | dropped
    types = inputs.scorer.prediction_types | dict.fromkeys(numbers, pa.float64())
    batches = batches_with_ids(inputs.predictions, inputs.ids, columns, types, rows)

    def matched_work(item: tuple[pa.RecordBatch, pa.StringArray]) -> tuple[Matched, Result]:
        matched = Matched.of(inputs.predictions.name, *item, inputs.held.index, dropped)
        if condition is not None:
            matched = condition.apply(matched, inputs.held.kept)
        return matched, work(matched)

    yield from ordered_map(
        matched_work,
        prefetch(batches) if resources.threads > 1 else batches,
        resources.threads,
    )


def find_duplicates(inputs: Inputs) -> Mask:
    """Reads the ids of PREDICTIONS before scoring: marks the rows of VOTES to be dropped."""
    index = inputs.held.index
    account = MatchAccount(index)
    rows = inputs.options.batch_size
    for _, text in batches_with_ids(inputs.predictions, inputs.ids, [], {}, rows):
        account.add(index.find(text))
    dropped = np.zeros(len(index), np.bool_)
    dropped[account.duplicated()] = True
    return dropped


def _batch_rows(inputs: Inputs, row_bytes: int, fixed_bytes: int) -> int:
    """The rows of a batch, such that all batches in progress fit into the memory."""
    size = inputs.options.batch_size
    taken = {"the votes": inputs.held.nbytes, "the program": inputs.scorer.program_bytes}
    if fixed_bytes:
        taken["the sums"] = fixed_bytes
    affordable = inputs.resources.rows_at_once(row_bytes, min(FEWEST_BATCH_ROWS, size), taken)
    return min(size, affordable, max(FEWEST_BATCH_ROWS, BATCH_BYTES // row_bytes))
