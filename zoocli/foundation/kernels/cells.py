"""Rows and cells in the bytes of delimited text, counted independently of who parses them."""

from __future__ import annotations

from typing import Any

from zoocli.foundation.kernels.compiling import compiled

# Where a byte stands, as `PLACE` in the state says.
AT_START, UNQUOTED, QUOTED, AFTER_QUOTE = range(4)
# What the state holds from one block to the next. `ZERO` is the row of the first zero byte, and
# `JOINED` that of the first digits joined by `_` in a cell of numbers, whose column is `COLUMN`; -1
# while there is none.
PLACE, CELL, LENGTH, ROWS, LAST, LAST_BUT_ONE, ZERO, JOINED, COLUMN, STATES = range(10)

LINE_FEED, RETURN, BLANK, QUOTE, UNDERSCORE, NINE, NOUGHT = 10, 13, 32, 34, 95, 57, 48


@compiled
def scan_cells(block: Any, separator: int, numbers: Any, state: Any) -> None:
    """Counts the rows that end in a block of bytes, and looks at its cells.

    A quote opens at the start of a cell and is doubled inside. A row without bytes counts only
    where it is one of a single column. `numbers` says which columns hold numbers.
    """
    columns = numbers.shape[0]
    place, cell, length = state[PLACE], state[CELL], state[LENGTH]
    last, last_but_one = state[LAST], state[LAST_BUT_ONE]
    for position in range(block.shape[0]):
        byte = block[position]
        if byte == 0 and state[ZERO] < 0:
            state[ZERO] = state[ROWS]
        if byte == QUOTE and place == AT_START:
            place = QUOTED
        elif byte == QUOTE and place == QUOTED:
            place = AFTER_QUOTE
        elif byte == QUOTE and place == AFTER_QUOTE:
            place = QUOTED
        elif place != QUOTED and byte == separator:
            place = AT_START
            cell += 1
        elif place != QUOTED and byte == LINE_FEED:
            if length > 0 or columns == 1:
                state[ROWS] += 1
            place = AT_START
            cell = 0
            length = -1  # which this byte makes 0
        elif byte != RETURN and (place == AFTER_QUOTE or (place == AT_START and byte != BLANK)):
            place = UNQUOTED
        digits = NOUGHT <= byte <= NINE and NOUGHT <= last_but_one <= NINE
        if digits and last == UNDERSCORE and state[JOINED] < 0 and cell < columns and numbers[cell]:
            state[JOINED] = state[ROWS]
            state[COLUMN] = cell
        if byte != RETURN:
            length += 1
        last_but_one = last
        last = byte
    state[PLACE], state[CELL], state[LENGTH] = place, cell, length
    state[LAST], state[LAST_BUT_ONE] = last, last_but_one
