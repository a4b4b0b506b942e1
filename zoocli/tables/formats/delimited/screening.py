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
    LENGTH,
    PLACE,
    QUOTED,
    ROWS,
    STATES,
    ZERO,
    scan_cells,
)

# Where a piece of text has none of these and no blank lines, its ends of lines are its rows.
# Searching is much faster than a look at each byte.
SPECIAL = (b'"', b"\0", b"_")
LINE_FEED = 10
SHORTEST = 3  # bytes from one end of a line to the next, where it cannot be a blank one with \r


class Screen:
    """Looks at the bytes of a table, piece by piece; `numbers` says which columns hold numbers."""

    def __init__(self, separator: str, lines_before: int, numbers: Mask) -> None:
        self._separator = ord(separator)
        self._lines_before = lines_before
        self._numbers = numbers
        self._state = np.zeros(STATES, np.int64)
        self._state[[ZERO, JOINED]] = -1

    def look(self, piece: bytes) -> None:
        """Takes the next bytes."""
        start = self._after_header(piece)
        if not any(piece.find(what, start) >= 0 for what in SPECIAL):
            start = self._pass_over(piece, start)
        self._scan(piece[start:])

    def _pass_over(self, piece: bytes, start: int) -> int:
        """Counts the rows that begin and end in a plain piece of text; says what comes next."""
        ends = np.flatnonzero(np.frombuffer(piece, np.uint8, offset=start) == LINE_FEED)
        if not ends.size or np.diff(ends).min(initial=SHORTEST) < SHORTEST:
            return start
        first = start + int(ends[0]) + 1
        self._scan(piece[start:first])  # which began in the piece before
        if self._state[PLACE] == QUOTED:
            return first
        self._state[ROWS] += ends.size - 1
        return start + int(ends[-1]) + 1

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
