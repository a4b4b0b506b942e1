"""Further predictions of the same galaxies, held in memory in the order of VOTES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.foundation.pipeline import prefetch
from zoocli.foundation.resources import Resources
from zoocli.matching.concentrations import Pass, count_passes, dense, read_passes
from zoocli.matching.findings import Findings
from zoocli.matching.held import FEWER
from zoocli.matching.ids import IdColumn
from zoocli.matching.index import IdIndex, MatchAccount, RowArray, refuse_repeated
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
    program: int,
) -> Member:
    """Reads the predictions of the galaxies that VOTES have.

    `used` bytes of memory are taken already, and `program` by the program.
    Raises DataError where a matching id is repeated, MachineError where they do not fit.
    """
    types = dict.fromkeys(columns, pa.float64())
    passes = count_passes(table, columns, types)
    shape = (passes, len(columns), len(index))
    needed = used + 8 * int(np.prod(shape))
    resources.require(table.name, "its predictions and the votes", needed, program, FEWER)
    values = np.full(shape, np.nan)
    account = MatchAccount(index)
    findings = Findings(table.name)
    for batch in prefetch(table.batches([ids.column, *columns], types)):
        text = ids.text(batch.column(ids.column))
        matched = Matched.of(table.name, batch, text, index)
        account.add(matched.found)
        read = read_passes(
            batch, columns, passes, matched.rows, table.name, matched.findings, matched.ids
        )
        findings.merge(matched.findings)
        values[:, :, matched.held_rows] = dense(read)
    findings.raise_if_any()
    refuse_repeated(index, np.flatnonzero(account.times == 2), table.name)
    return Member(table.name, values, account.times > 0)
