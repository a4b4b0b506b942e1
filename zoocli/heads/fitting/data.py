"""FEATURES and VOTES matched by id and held in memory, for the epochs to go over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.foundation.arrays import Hashes
from zoocli.foundation.hashing import hash_ids
from zoocli.foundation.kernels.resampling import HOLD_OUT, random_words
from zoocli.foundation.pipeline import prefetch
from zoocli.foundation.resources import PROGRAM_BYTES, TORCH_BYTES, Resources, expected_bytes
from zoocli.heads.features import FeatureColumns
from zoocli.heads.fitting.targets import Objective, new_objective
from zoocli.matching.findings import Findings
from zoocli.matching.held import HeldVotes, hold_votes
from zoocli.matching.id_columns import find_id_columns
from zoocli.matching.ids import IdColumn, differing_note, ids_at, rewritten_note
from zoocli.matching.index import IdIndex, MatchAccount, refuse_repeated
from zoocli.matching.matched import Matched
from zoocli.runs.options.fit import FitOptions
from zoocli.tables import Table, open_table, open_tables

BATCH_ROWS = 8192
FEWER = "fit to fewer galaxies"
COPIES = 2  # of the features: the batches as they were read, and all of them joined


@dataclass(frozen=True)
class Galaxies:
    """Some galaxies: `features` (galaxies, features) float32, `held` (galaxies, ...) of VOTES."""

    features: npt.NDArray[np.float32]
    held: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.held)


@dataclass(frozen=True)
class Data:
    """What is learned from and what is held out, each in the order of FEATURES."""

    objective: Objective
    training: Galaxies
    held_out: Galaxies
    held_out_ids: pa.Table
    notes: tuple[str, ...]


def read_data(features: Any, votes: Any, options: FitOptions, resources: Resources) -> Data:
    """Opens, checks and matches both sides.

    Raises DataError for invalid values, ids that match and stand twice, and where too few galaxies
    match; MachineError where they do not fit into the memory.
    """
    tables = (
        open_tables(features, resources, "the features"),
        open_table(votes, resources, "the votes"),
    )
    names = find_id_columns(
        *tables,
        options.features_id or options.id,
        options.votes_id or options.id,
        "«features_id» and «votes_id»",
    )
    ids = IdColumn(tables[0], names[0]), IdColumn(tables[1], names[1])
    columns = FeatureColumns(tables[0], options.feature, (ids[0].column,))
    objective, scorer = new_objective(tables[1], ids[1], options, resources)
    held = hold_votes(scorer.votes_of(tables[1]), ids[1], scorer, (), None, resources)
    held.findings.raise_if_any()
    matched = _match(tables[0], ids[0], columns, objective, held, resources)
    given = options.features_id or options.id, options.votes_id or options.id
    read = differing_note(ids, given), rewritten_note(ids)
    notes = [*scorer.notes, *read, matched.note(tables)]
    return _split(matched, objective, options.hold_out, tuple(filter(None, notes)))


@dataclass(frozen=True)
class _Matched:
    """All galaxies that both sides have and that say anything; `rows` are theirs in VOTES."""

    galaxies: Galaxies
    hashes: Hashes
    ids: pa.Table
    account: MatchAccount
    silent: int

    def note(self, tables: tuple[Table, Table]) -> str | None:
        """The warning about galaxies that nothing is learned from."""
        account = self.account
        if not (self.silent or account.predictions_only or account.votes_only):
            return None
        return (
            f"{len(self.galaxies) + self.silent:,} galaxies match, {self.silent:,} of them without "
            f"any votes or label. {account.predictions_only:,} rows of {tables[0].name} have none, "
            f"and {account.votes_only:,} rows of {tables[1].name} have no features."
        )


def _match(
    table: Table,
    ids: IdColumn,
    columns: FeatureColumns,
    objective: Objective,
    held: HeldVotes,
    resources: Resources,
) -> _Matched:
    findings, account = Findings(table.name), MatchAccount(held.index)
    usable = objective.usable(held.values)
    blocks: list[npt.NDArray[np.float32]] = []
    rows: list[npt.NDArray[np.int32]] = []
    hashes: list[Hashes] = []
    kept_ids: list[pa.Array] = []
    count = silent = used = read = 0
    program = PROGRAM_BYTES + TORCH_BYTES
    batches = table.batches([ids.column, *columns.names], columns.types, BATCH_ROWS)
    for batch in prefetch(batches):
        text = ids.text(batch.column(ids.column))
        matched = Matched.of(table.name, batch, text, held.index)
        account.add(matched.found)
        says_anything = usable[matched.held_rows]
        taken = matched.rows[says_anything]
        silent += len(matched.rows) - len(taken)
        count = count or columns.count_in(batch)
        values = columns.array(batch, count, matched.findings, partial(ids_at, text))
        findings.merge(matched.findings)
        blocks.append(np.array(values[taken], np.float32, order="C"))
        rows.append(matched.held_rows[says_anything])
        hashes.append(hash_ids(text.take(pa.array(taken))))
        kept_ids.append(ids.output(text, batch.column(ids.column)).take(pa.array(taken)))
        used, read = used + blocks[-1].nbytes, read + len(text)
        expected = expected_bytes(COPIES * used + held.nbytes, read, table.rows)
        resources.require(table.name, "features and votes", expected, program, FEWER)
    findings.raise_if_any()
    _check_ids(table, account, held.index, sum(map(len, rows)))
    galaxies = Galaxies(np.concatenate(blocks), held.values[np.concatenate(rows)])
    id_table = pa.table({ids.column: pa.chunked_array(kept_ids)})
    return _Matched(galaxies, np.concatenate(hashes), id_table, account, silent)


def _split(matched: _Matched, objective: Objective, share: float, notes: tuple[str, ...]) -> Data:
    """Holds out those galaxies whose ids say so: the same ones in every file and every fit."""
    words = np.empty((len(matched.hashes), 1), np.uint64)
    random_words(matched.hashes, 0, HOLD_OUT, 0, words)
    out = words[:, 0] < np.uint64(share * 2.0**64)
    galaxies = matched.galaxies
    if out.all() or (share and not out.any()):
        raise DataError(
            f"{len(galaxies):,} galaxies match and have votes or a label: too few to hold "
            f"{share:.0%} of them out. Give more, or change «hold_out»."
        )
    return Data(
        objective,
        Galaxies(galaxies.features[~out], galaxies.held[~out]),
        Galaxies(galaxies.features[out], galaxies.held[out]),
        matched.ids.filter(pa.array(out)),
        notes,
    )


def _check_ids(table: Table, account: MatchAccount, index: IdIndex, matched: int) -> None:
    refuse_repeated(index, account.duplicated(), f"{table.name} or in the votes")
    if not matched:
        first = index.text(range(min(3, len(index))))
        raise DataError(
            f"No galaxy of {table.name} has votes or a label. Ids of the votes look like "
            f"{some(first)}; name the id columns with «features_id» and «votes_id»."
        )
