"""VOTES held compactly and looked up by id, and the account of what became of every id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.bits import Bits
from zoocli.columns import text_buffers
from zoocli.kernels.lookup import GROUP, count_rows, find_texts, insert_texts

RowArray = npt.NDArray[np.int32]
SLOTS_PER_ID = 1.6


class IdIndex:
    """The row of every id among those given, found by exact text.

    About 27 bytes an id besides its text. `repeats` (pairs of rows: where an id stands again, and
    where it stands first); `hashes` (ids,) 64 bits each, until `forget_hashes`.
    """

    def __init__(self, texts: Sequence[pa.StringArray]) -> None:
        data, offsets = _joined(texts)
        self._data, self._offsets = data, offsets
        ids = len(offsets) - 1
        self._slots = np.zeros(int(ids * SLOTS_PER_ID) + 1, np.uint64)
        first_rows = np.empty(ids, np.int32)
        self.hashes = np.empty(ids, np.uint64)
        insert_texts(data, offsets, self._slots, first_rows, self.hashes)
        again = np.flatnonzero(first_rows != np.arange(ids, dtype=np.int32))
        self.repeats = again.astype(np.int32), first_rows[again]

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of memory held."""
        return sum(a.nbytes for a in (self._data, self._offsets, self._slots, self.hashes))

    def forget_hashes(self) -> None:
        """Frees the hashes, once nothing more is to be computed from them."""
        self.hashes = np.empty(0, np.uint64)

    def find(self, texts: pa.StringArray) -> RowArray:
        """The row of each text, -1 where it is none of the ids; a repeated id's first row."""
        data, offsets = text_buffers(texts, np.int32)
        rows = np.empty(len(texts), np.int32)
        scratch = np.empty(GROUP, np.uint64), np.zeros(1, np.uint64)
        find_texts(data, offsets, self._slots, self._data, self._offsets, rows, *scratch)
        return rows

    def text(self, rows: Iterable[int]) -> list[str]:
        """The ids of some rows, for messages."""
        spans = ((self._offsets[row], self._offsets[row + 1]) for row in rows)
        return [self._data[start:stop].tobytes().decode() for start, stop in spans]


class Account:
    """How often each row of VOTES was matched (2: twice or more), and by nobody's prediction.

    Additive: the account of two parts of PREDICTIONS is the sum of theirs. `repeats` are those of
    the index. On its way to another machine it takes two bits a row, compressed.
    """

    def __init__(self, index: IdIndex) -> None:
        self.repeats = index.repeats
        self.times = np.zeros(len(index), np.uint8)
        self.predictions_only = 0

    def __add__(self, other: Account) -> Account:
        total = copy(self)
        total.times = np.minimum(self.times + other.times, 2)
        total.predictions_only += other.predictions_only
        return total

    def __getstate__(self) -> dict[str, Any]:
        bits = [Bits.pack(self.times >= times) for times in (1, 2)]
        return self.__dict__ | {"times": bits}

    def __setstate__(self, state: dict[str, Any]) -> None:
        once, twice = (bits.unpack() for bits in state["times"])
        self.__dict__ |= state | {"times": once.astype(np.uint8) + twice}

    def add(self, rows: RowArray) -> None:
        """Takes note of a batch of predictions, by the rows that `IdIndex.find` gave."""
        count_rows(rows, self.times)
        self.predictions_only += int(np.count_nonzero(rows < 0))

    @property
    def votes_only(self) -> int:
        """Rows of VOTES whose id no prediction has, copies included."""
        again, first = self.repeats
        without = int(np.count_nonzero(self.times == 0)) - len(again)
        return without + int(np.count_nonzero(self.times[first] == 0))

    def duplicated(self) -> RowArray:
        """First rows of the ids that were matched and stand twice on either side, ascending."""
        twice = self.times == 2
        first = self.repeats[1]
        twice[first[self.times[first] > 0]] = True
        return np.flatnonzero(twice).astype(np.int32)

    def rows_of(self, dropped: npt.NDArray[np.bool_]) -> int:
        """How many rows of VOTES have the ids whose first rows are given."""
        return int(np.count_nonzero(dropped) + np.count_nonzero(dropped[self.repeats[1]]))


def _joined(
    texts: Sequence[pa.StringArray],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """All texts one after the other, with 64-bit offsets."""
    parts = [text_buffers(part, np.int32) for part in texts]
    length = sum(int(starts[-1] - starts[0]) for _, starts in parts)
    data = np.empty(length, np.uint8)
    offsets = np.zeros(sum(len(part) for part in texts) + 1, np.int64)
    row = position = 0
    for part, starts in parts:
        count, size = len(starts) - 1, int(starts[-1] - starts[0])
        data[position : position + size] = part[starts[0] : starts[-1]]
        offsets[row + 1 : row + 1 + count] = starts[1:].astype(np.int64) - starts[0] + position
        row, position = row + count, position + size
    return data, offsets
