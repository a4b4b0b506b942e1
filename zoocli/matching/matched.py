"""A batch of PREDICTIONS, matched with rows of VOTES."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from zoocli.matching.findings import Findings
from zoocli.matching.ids import ids_at
from zoocli.matching.index import RowArray


@dataclass(frozen=True)
class Matched:
    """A batch of predictions, and the rows of its galaxies in the held votes.

    `text` (all rows): the ids. `found` (all rows): the row of each in VOTES, -1 for none. `rows`
    (matched galaxies): the rows of the batch to be scored; `held_rows` (matched galaxies): their
    rows in VOTES. `findings` collects the invalid values of this batch.
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
