"""A batch of PREDICTIONS, matched with rows of VOTES."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from zoocli.foundation.arrays import Mask
from zoocli.matching.findings import Findings
from zoocli.matching.ids import ids_at
from zoocli.matching.index import IdIndex, RowArray


@dataclass(frozen=True)
class Matched:
    """A batch of predictions, and the rows of its galaxies in the held votes.

    `text` (all rows): the ids. `found` (all rows): the row of each in VOTES, -1 for none. `rows`
    (matched galaxies): the rows of the batch to be scored; `held_rows` (matched galaxies): their
    rows in VOTES. `findings` collects the invalid values of this batch. `excluded` counts matched
    galaxies for which a condition does not hold.
    """

    batch: pa.RecordBatch
    text: pa.StringArray
    found: RowArray
    rows: RowArray
    held_rows: RowArray
    findings: Findings
    excluded: int = 0

    @classmethod
    def of(
        cls,
        name: str,
        batch: pa.RecordBatch,
        text: pa.StringArray,
        index: IdIndex,
        dropped: Mask | None = None,
    ) -> Matched:
        """Finds the galaxies of a batch of the table `name`; `dropped` marks rows not to match."""
        found = index.find(text)
        matched = found >= 0
        if dropped is not None:
            matched &= ~dropped[found]
        rows = np.flatnonzero(matched).astype(np.int32)
        return cls(batch, text, found, rows, found[rows], Findings(name))

    def where(self, holds: Mask) -> Matched:
        """Only the matched galaxies for which a condition holds."""
        return replace(
            self,
            rows=self.rows[holds],
            held_rows=self.held_rows[holds],
            excluded=int(np.count_nonzero(~holds)),
        )

    def ids(self, chosen: Iterable[int]) -> list[str]:
        """The ids of some of the matched galaxies."""
        return ids_at(self.text, (self.rows[row] for row in chosen))
