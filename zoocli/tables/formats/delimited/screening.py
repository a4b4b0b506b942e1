"""A second look at delimited text, at its bytes, for what the parser would let pass.

DuckDB reads `1_000` as 1000, keeps zero bytes, and loses a last row that is larger than its buffer.
"""

from __future__ import annotations

import numpy as np

from zoocli.errors import DataError
from zoocli.foundation.arrays import Mask
from zoocli.foundation.kernels.cells import (
    AT_START,
    COLUMN,
    JOINED,
    LAST,
    LAST_BUT_ONE,
    LENGTH,
    LINE_FEED,
    PLACE,
    QUOTED,
    ROWS,
    STATES,
    WORD,
    ZERO,
    count_regular_rows,
    scan_cells,
)


class Screen:
    """Looks at the bytes of a table, piece by piece; `numbers` says which columns hold numbers."""

    def __init__(self, separator: str, lines_before: int, numbers: Mask) -> None:
        self._separator = ord(separator)
        self._lines_before = lines_before
        self._numbers = numbers
        self._state = np.zeros(STATES, np.int64)
        self._state[[ZERO, JOINED]] = -1
        self._found = np.zeros(1, np.int64)

    def look(self, piece: bytes) -> None:
        """Takes the next bytes."""
        start = self._pass_over(piece, self._after_header(piece))
        self._scan(piece[start:])

    def _pass_over(self, piece: bytes, start: int) -> int:
        """Counts the rows that begin and end in the piece, all of them or, if some are odd, none.

        Returns where it did not count.
        """
        first, last = piece.find(b"\n", start) + 1, piece.rfind(b"\n") + 1
        if not start < first < last:
            return start
        self._scan(piece[start:first])  # which began in the piece before
        if self._state[PLACE] == QUOTED:
            return first
        block = np.frombuffer(piece, np.uint8, last - first, first)
        lead = -block.ctypes.data % WORD
        words = block[lead : lead + (len(block) - lead) // WORD * WORD].view(np.uint64)
        count_regular_rows(block, words, lead, self._separator, self._numbers, self._found)
        if self._found[0] < 0:
            return first
        self._state[ROWS] += self._found[0]
        self._state[[LAST, LAST_BUT_ONE]] = LINE_FEED
        return last

    def _after_header(self, piece: bytes) -> int:
        """Where the rows begin, after the lines of the header."""
        start = 0
        while self._lines_before and start < len(piece):
            end = piece.find(b"\n", start)
            self._lines_before -= end >= 0
            start = end + 1 if end >= 0 else len(piece)
        return start

    def _scan(self, piece: bytes) -> None:
        if piece:
            block = np.frombuffer(piece, np.uint8)
            scan_cells(block, self._separator, self._numbers, self._state)

    @property
    def rows(self) -> int:
        """The rows so far; what comes after the last end of a line is one too."""
        unfinished = self._state[LENGTH] > 0 or self._state[PLACE] != AT_START
        return int(self._state[ROWS]) + bool(unfinished)

    def require(self, rows: int, name: str, columns: list[str]) -> None:
        """Raises DataError where something was seen that may not pass, or more than `rows`."""
        zero, joined = int(self._state[ZERO]), int(self._state[JOINED])
        if zero >= 0:
            raise DataError(
                f"{name} holds zero bytes, the first in row {zero + 1:,}: it is damaged, or was "
                "not written to its end. Write or copy it again."
            )
        if joined >= 0:
            raise DataError(
                f"{name} has digits joined by '_' in column '{columns[self._state[COLUMN]]}' in "
                f"row {joined + 1:,}, which is not a number. Write it without."
            )
        if rows < self.rows:
            raise DataError(
                f"{name} has {self.rows:,} rows, of which {rows:,} could be read: a row is too "
                "large, or a quote is not closed. Correct it, or write the table as Parquet."
            )
