"""An index of the ids of VOTES, and the account of which of them were matched."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.foundation.bits import Bits
from zoocli.foundation.columns import text_buffers
from zoocli.foundation.kernels.lookup import GROUP, count_rows, find_texts, insert_texts

RowArray = npt.NDArray[np.int32]
SLOTS_PER_ID = 1.6
FIRST_IDS = 5  # that a message shows


class IdIndex:
    """Finds the row of an id by its exact text.

    Takes about 21 bytes per id besides its text. Ids are added batch by batch; memory for
    `expected` ids is reserved at once. `repeats` (pairs of rows): the row of each repeated id, and
    the row where that id occurs first.
    """

    def __init__(self, texts: Iterable[pa.StringArray] = (), expected: int = 0) -> None:
        self._expected = expected
        self._count = self._length = 0
        self._data = np.empty(0, np.uint8)
        self._offsets = np.zeros(1, np.int64)
        self._slots = np.zeros(1, np.uint64)
        self._repeats: list[tuple[RowArray, RowArray]] = []
        for part in texts:
            self.add(part)

    def add(self, texts: pa.StringArray) -> npt.NDArray[np.uint64]:
        """Adds ids; returns a 64-bit hash of each."""
        data, offsets = text_buffers(texts, np.int32)
        first, length = self._count, int(offsets[-1] - offsets[0])
        self._make_room(first + len(texts), self._length + length)
        self._data[self._length : self._length + length] = data[offsets[0] : offsets[-1]]
        moved = offsets[1:].astype(np.int64) + (self._length - int(offsets[0]))
        self._offsets[first + 1 : first + 1 + len(texts)] = moved
        self._count, self._length = first + len(texts), self._length + length
        first_rows, hashes = self._insert(first)
        again = np.flatnonzero(first_rows != np.arange(first, self._count, dtype=np.int32))
        if len(again):
            self._repeats.append(((again + first).astype(np.int32), first_rows[again]))
        return hashes

    def _make_room(self, count: int, length: int) -> None:
        """Makes room for `count` ids and `length` bytes of text, and for all that are expected."""
        expected = max(count, self._expected)
        self._data = _with_room(
            self._data, self._length, length, length * expected // max(count, 1)
        )
        self._offsets = _with_room(self._offsets, self._count + 1, count + 1, expected + 1)
        if len(self._slots) <= count * SLOTS_PER_ID:  # at least one slot must stay empty
            self._slots = np.zeros(int(max(expected, 2 * count) * SLOTS_PER_ID) + 1, np.uint64)
            self._insert(0)

    def _insert(self, first: int) -> tuple[RowArray, npt.NDArray[np.uint64]]:
        """Fills slots for the ids from row `first` on; returns the first row and hash of each."""
        first_rows = np.empty(self._count - first, np.int32)
        hashes = np.empty(self._count - first, np.uint64)
        insert_texts(self._data, self._starts, first, self._slots, first_rows, hashes)
        return first_rows, hashes

    @property
    def _starts(self) -> npt.NDArray[np.int64]:
        return self._offsets[: self._count + 1]

    def __len__(self) -> int:
        return self._count

    @property
    def repeats(self) -> tuple[RowArray, RowArray]:
        """The rows of ids that occur in an earlier row, ascending, and the first row of each."""
        none = np.empty(0, np.int32)
        again, first = zip((none, none), *self._repeats, strict=True)
        return np.concatenate(again), np.concatenate(first)

    @property
    def nbytes(self) -> int:
        """Bytes of memory held."""
        return self._length + self._starts.nbytes + self._slots.nbytes

    def find(self, texts: pa.StringArray) -> RowArray:
        """The row of each text, the first where an id is repeated; -1 for other texts."""
        data, offsets = text_buffers(texts, np.int32)
        rows = np.empty(len(texts), np.int32)
        scratch = np.empty(GROUP, np.uint64), np.zeros(1, np.uint64)
        find_texts(data, offsets, self._slots, self._data, self._starts, rows, *scratch)
        return rows

    def some(self, rows: npt.NDArray[np.integer]) -> str:
        """The first few ids of some rows and how many more there are, for messages."""
        return some(self.text(rows[:FIRST_IDS].tolist()), count=len(rows))

    def texts(self) -> pa.LargeStringArray:
        """All ids, in the order of their rows."""
        buffers = pa.py_buffer(self._starts), pa.py_buffer(self._data[: self._length])
        return pa.LargeStringArray.from_buffers(self._count, *buffers)

    def text(self, rows: Iterable[int]) -> list[str]:
        """The ids of some rows, for messages."""
        spans = ((self._offsets[row], self._offsets[row + 1]) for row in rows)
        return [self._data[start:stop].tobytes().decode() for start, stop in spans]


class MatchAccount:
    """How often each row of VOTES was matched (2: twice or more); predictions without votes.

    Additive: the account of two parts of PREDICTIONS is the sum of the parts' accounts. `repeats`
    are those of the index. Pickled, it takes two bits per row, compressed.
    """

    def __init__(self, index: IdIndex) -> None:
        self.repeats = index.repeats
        self.times = np.zeros(len(index), np.uint8)
        self.predictions_only = 0

    def __add__(self, other: MatchAccount) -> MatchAccount:
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
        """Counts a batch of predictions, given by the rows from `IdIndex.find`."""
        count_rows(rows, self.times)
        self.predictions_only += int(np.count_nonzero(rows < 0))

    @property
    def votes_only(self) -> int:
        """Rows of VOTES whose id is in no prediction, repeated ids included."""
        again, first = self.repeats
        without = int(np.count_nonzero(self.times == 0)) - len(again)
        return without + int(np.count_nonzero(self.times[first] == 0))

    def duplicated(self) -> RowArray:
        """First rows of the ids that were matched and occur twice on either side, ascending."""
        twice = self.times == 2
        first = self.repeats[1]
        twice[first[self.times[first] > 0]] = True
        return np.flatnonzero(twice).astype(np.int32)

    def rows_of(self, dropped: npt.NDArray[np.bool_]) -> int:
        """How many rows of VOTES have the ids whose first rows are given."""
        return int(np.count_nonzero(dropped) + np.count_nonzero(dropped[self.repeats[1]]))


def refuse_repeated(
    index: IdIndex, rows: npt.NDArray[np.integer], where: str, advice: str = "", least: str = ""
) -> None:
    """Raises DataError where there are `rows` of the index, of ids that occur more than once.

    `where`: in what they do; `advice`: what else to do than to keep one row of each; `least` is put
    before a number that may be larger.
    """
    if len(rows):
        raise DataError(
            f"{least}{len(rows):,} ids occur more than once in {where}: {index.some(rows)}. Keep "
            f"one row of each{advice}."
        )


def _with_room(array: npt.NDArray[Any], used: int, needed: int, wanted: int) -> npt.NDArray[Any]:
    """The array, or a copy with room for more: at least `wanted`, and twice the length."""
    if needed <= len(array):
        return array
    longer = np.empty(max(needed, wanted, 2 * len(array)), array.dtype)
    longer[:used] = array[:used]
    return longer
