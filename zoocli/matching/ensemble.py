"""Further predictions of the same galaxies, held in memory in the order of VOTES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, MachineError, some
from zoocli.foundation.pipeline import prefetch
from zoocli.foundation.resources import Resources
from zoocli.matching.concentrations import Pass, count_passes, dense, read_passes
from zoocli.matching.findings import Findings
from zoocli.matching.held import FIRST_IDS
from zoocli.matching.ids import IdColumn
from zoocli.matching.index import IdIndex, MatchAccount, RowArray
from zoocli.matching.matched import Matched
from zoocli.tables import Table


@dataclass(frozen=True)
class Member:
    """A file of an ensemble: `values` (passes, answers, rows of VOTES); `there` marks its rows."""

    name: str
    values: npt.NDArray[np.float64]
    there: npt.NDArray[np.bool_]

    def passes(self, held_rows: RowArray) -> list[Pass]:
        """The passes of some galaxies, by their rows in VOTES."""
        absent = ~self.there[held_rows]
        return [Pass(list(one), held_rows, absent) for one in self.values]


def hold_member(
    table: Table,
    ids: IdColumn,
    columns: Sequence[str],
    index: IdIndex,
    resources: Resources,
    used: int,
) -> Member:
    """Reads the predictions of the galaxies that VOTES have; `used` bytes of memory are taken.

    Raises DataError where a matching id is repeated, MachineError where they do not fit.
    """
    types = dict.fromkeys(columns, pa.float64())
    passes = count_passes(table, columns, types)
    shape = (passes, len(columns), len(index))
    needed = used + 8 * int(np.prod(shape))
    if needed > resources.memory:
        raise MachineError(
            f"{table.name} does not fit into memory: with the votes and the program it needs about "
            f"{needed / 1e9:.1f} GB, and the limit is {resources.memory / 1e9:.1f} GB. Raise "
            "--memory-limit, or score fewer galaxies with --only."
        )
    values = np.full(shape, np.nan)
    account = MatchAccount(index)
    findings = Findings(table.name)
    for batch in prefetch(table.batches([ids.column, *columns], types)):
        text = ids.text(batch.column(ids.column))
        found = index.find(text)
        account.add(found)
        rows = np.flatnonzero(found >= 0).astype(np.int32)
        matched = Matched(batch, text, found, rows, found[rows], Findings(table.name))
        read = read_passes(batch, columns, passes, rows, table.name, matched.findings, matched.ids)
        findings.merge(matched.findings)
        values[:, :, matched.held_rows] = dense(read)
    findings.raise_if_any()
    _refuse_repeated(table, account, index)
    return Member(table.name, values, account.times > 0)


def _refuse_repeated(table: Table, account: MatchAccount, index: IdIndex) -> None:
    twice = np.flatnonzero(account.times == 2)
    if len(twice):
        ids = index.text(twice[:FIRST_IDS])
        raise DataError(
            f"{len(twice):,} ids occur more than once in {table.name}: {some(ids)}. Keep one row "
            "of each."
        )
