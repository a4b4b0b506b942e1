"""VOTES in memory: an index of their ids, their values, and the columns to keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.foundation.columns import ID_COLUMNS, from_numpy
from zoocli.foundation.kernels.fingerprint import sum_of_row_hashes
from zoocli.foundation.pipeline import prefetch
from zoocli.foundation.resources import Resources, expected_bytes
from zoocli.matching.findings import Findings, NamesOfRows
from zoocli.matching.ids import IdColumn, ids_at
from zoocli.matching.index import FIRST_IDS, IdIndex
from zoocli.tables import Table
from zoocli.tables.numbers import Types

FEWER = "score fewer galaxies with «only»"
LOOKUP_BYTES = 36  # of the index per id, besides twice its text (the index grows by copying)


@dataclass(frozen=True)
class HeldBlock:
    """What is held of a batch of VOTES: `values` (galaxies, ...), one row per galaxy, compact.

    `seen`: what the holder needs to know about all batches in `Holder.start`.
    """

    values: npt.NDArray[Any]
    seen: frozenset[str] = frozenset()


class Holder(Protocol):
    """Knows which columns of VOTES are held, and how; `other_columns` are only looked at."""

    vote_columns: list[str]
    other_columns: Sequence[str]
    vote_types: dict[str, pa.DataType]
    program_bytes: int

    def hold(self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows) -> HeldBlock:
        """The values of a batch of VOTES; invalid ones are added to the findings."""

    def start(self, seen: frozenset[str]) -> None:
        """Called once, after all batches, with what was seen in them."""


@dataclass(frozen=True)
class HeldVotes:
    """VOTES in memory: `values` (galaxies, ...) and `kept` have a row for each id.

    `listed` marks the ids of the list (`--only`) that VOTES have; it is empty without a list.
    `findings` are the invalid values of VOTES; `values` has no meaning for them.
    """

    index: IdIndex
    values: npt.NDArray[Any]
    kept: pa.Table
    fingerprint: str
    listed: npt.NDArray[np.bool_]
    findings: Findings

    @property
    def nbytes(self) -> int:
        """Bytes of memory held."""
        return self.index.nbytes + self.values.nbytes + int(self.kept.nbytes)


def hold_votes(
    table: Table,
    id_column: IdColumn,
    holder: Holder,
    keep: Sequence[str],
    only: IdList | None,
    resources: Resources,
) -> HeldVotes:
    """Reads VOTES once; raises DataError where they are empty, MachineError where they do not fit.

    The caller checks the findings.
    """
    findings = Findings(table.name)
    index = IdIndex(expected=(table.rows if only is None else len(only)) or 0)
    digest = np.zeros(1, np.uint64)
    blocks: list[npt.NDArray[Any]] = []
    kept: list[pa.RecordBatch] = []
    seen = np.zeros(0 if only is None else len(only.index), np.bool_)
    remarks: frozenset[str] = frozenset()
    used = read = 0
    columns = [id_column.column, *holder.vote_columns, *keep, *holder.other_columns]
    for batch in prefetch(table.batches(columns, holder.vote_types)):
        text = id_column.text(batch.column(id_column.column))
        read += len(text)
        if only is not None:
            on_list = only.index.find(text)
            listed = on_list >= 0
            seen[on_list[listed]] = True
            batch, text = batch.filter(from_numpy(listed)), text.filter(from_numpy(listed))
        of_batch = Findings(table.name)
        held = holder.hold(batch, of_batch, partial(ids_at, text))
        findings.merge(of_batch)
        remarks |= held.seen
        block = held.values
        blocks.append(block)
        kept.append(batch.select(list(keep)))
        used += block.nbytes + kept[-1].nbytes
        used += 2 * text.nbytes + LOOKUP_BYTES * len(text)
        _check_memory(table, used, read, holder.program_bytes, resources)
        sum_of_row_hashes(index.add(text), block.view(_integers(block.dtype)), digest)
    if not len(index):
        if only is None:
            raise DataError(f"{table.name} has no rows.")
        first = some(only.index.text(range(min(FIRST_IDS, len(only)))))
        raise NoneListed(
            f"{table.name} has no rows with ids of {only.name}, such as {first}. Check the list, "
            "or name the id column with «votes_id»."
        )
    holder.start(remarks)
    kind = np.result_type(*{block.dtype for block in blocks})  # one large count widens all
    used += sum(block.size * (kind.itemsize - block.itemsize) for block in blocks)
    _check_memory(table, used, read, holder.program_bytes, resources)
    values = _joined(blocks, kind)
    schema = pa.schema([table.field(name, holder.vote_types) for name in keep])
    fingerprint = f"{digest[0]:016x}"[:12]
    return HeldVotes(
        index, values, pa.Table.from_batches(kept, schema), fingerprint, seen, findings
    )


class NoneListed(DataError):
    """VOTES have none of the ids of a list."""


class IdList:
    """The ids of `--only`; repeated ids count once."""

    def __init__(self, name: str, texts: Sequence[pa.StringArray]) -> None:
        self.name = name
        self.index = IdIndex(texts)
        self._repeats = self.index.repeats[0]

    def __len__(self) -> int:
        return len(self.index) - len(self._repeats)

    def unseen(self, seen: npt.NDArray[np.bool_]) -> tuple[int, list[str]]:
        """The number of ids that were not seen, and the first few of them."""
        missing = ~seen
        missing[self._repeats] = False
        rows = np.flatnonzero(missing)
        return len(rows), self.index.text(rows[:FIRST_IDS])


def read_only(source: Table, id_names: Iterable[str], id_from: str | None = None) -> IdList:
    """The ids of a list: a table's id column, or a text file with one id per line."""
    names = source.column_names
    column = next((name for name in (*id_names, *ID_COLUMNS) if name in names), None)
    if column is None and len(names) > 1:
        raise DataError(
            f"{source.name} has no id column ({', '.join(dict.fromkeys(id_names))}). Give a list "
            "with one id per line, or a table with that column."
        )
    ids = IdColumn(source, column or names[0], id_from)
    plain = column is None and source.text  # then the first line is an id, not a header
    texts = [ids.text(pa.array([names[0]]))] if plain else []
    for batch in source.batches([ids.column]):
        texts.append(ids.text(batch.column(0).drop_null() if plain else batch.column(0)))
    if not any(map(len, texts)):
        raise DataError(f"{source.name} lists no ids. Give the ids of the galaxies to score.")
    return IdList(source.name, texts)


def _check_memory(
    table: Table, used: int, rows: int, program_bytes: int, resources: Resources
) -> None:
    expected = expected_bytes(used, rows, table.rows)
    resources.require(table.name, "the votes", expected, program_bytes, FEWER)


def _joined(blocks: list[npt.NDArray[Any]], kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """The concatenated blocks; each is freed once copied."""
    joined = np.empty((sum(map(len, blocks)), blocks[0].shape[1]), kind)
    row = 0
    for number in range(len(blocks)):
        block, blocks[number] = blocks[number], np.empty(0)  # a view would keep the memory
        joined[row : row + len(block)] = block
        row += len(block)
    return joined


def _integers(kind: np.dtype[Any]) -> np.dtype[Any]:
    """The integer type for the bits of the values in a fingerprint."""
    return np.dtype(np.int64) if kind == np.float64 else kind


def batches_with_ids(
    table: Table, id_column: IdColumn, columns: Sequence[str], types: Types, batch_rows: int
) -> Iterator[tuple[pa.RecordBatch, pa.StringArray]]:
    """The batches of PREDICTIONS, each with its ids as text."""
    chosen = [id_column.column, *columns]
    for batch in table.batches(chosen, types, batch_rows):
        yield batch, id_column.text(batch.column(id_column.column))
