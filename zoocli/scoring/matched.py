"""A batch of PREDICTIONS beside the rows of VOTES that its galaxies have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from zoocli.findings import Findings
from zoocli.ids import ids_at
from zoocli.matching import RowArray


@dataclass(frozen=True)
class Matched:
    """A batch of predictions, and where its galaxies stand in what is held of VOTES.

    `text` (all rows): the ids. `found` (all rows): each one's row in VOTES, -1 for none. `rows`
    (matched galaxies): those to be scored, as positions in the batch; `held_rows`, beside them,
    their rows in VOTES. `findings` takes the invalid values of this batch.
    """

    batch: pa.RecordBatch
    text: pa.StringArray
    found: RowArray
    rows: RowArray
    held_rows: RowArray
    findings: Findings

    def ids(self, chosen: Iterable[int]) -> list[str]:
        """The ids of some of the matched galaxies."""
        return ids_at(self.text, (self.rows[row] for row in chosen))
