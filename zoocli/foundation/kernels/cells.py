"""Rows and cells in the bytes of delimited text, counted independently of who parses them."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoocli.foundation.kernels.compiling import compiled, inlined

# Where a byte stands, as `PLACE` in the state says.
AT_START, UNQUOTED, QUOTED, AFTER_QUOTE = range(4)
# What the state holds from one block to the next. `ZERO` is the row of the first zero byte, and
# `JOINED` that of the first digits joined by `_` in a cell of numbers, whose column is `COLUMN`; -1
# while there is none.
PLACE, CELL, LENGTH, ROWS, LAST, LAST_BUT_ONE, ZERO, JOINED, COLUMN, STATES = range(10)

LINE_FEED, RETURN, BLANK, QUOTE, UNDERSCORE, NINE, NOUGHT = 10, 13, 32, 34, 95, 57, 48
WORD = 8  # bytes, which are looked at together
IRREGULAR = -1
ONES, HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
FEEDS, QUOTES, UNDERSCORES = (np.uint64(byte) * ONES for byte in (LINE_FEED, QUOTE, UNDERSCORE))


@inlined
def is_plain(word):
    """Whether no byte of a word needs a look: all are the inside of cells, or separate them.

    x - 1 & ~x has the high bit where a byte x is 0 (and in no word without such a byte).
    """
    feeds, quotes, underscores = word ^ FEEDS, word ^ QUOTES, word ^ UNDERSCORES
    found = ((word - ONES) & ~word) | ((feeds - ONES) & ~feeds)
    found |= ((quotes - ONES) & ~quotes) | ((underscores - ONES) & ~underscores)
    return found & HIGH == 0


@inlined
def is_number_at(block, position, row, separator, numbers):
    """Whether a byte of the row that begins at `row` is in a column of numbers."""
    cell, quoted = 0, False
    for place in range(row, position):
        if block[place] == QUOTE:
            quoted = not quoted
        elif block[place] == separator and not quoted:
            cell += 1
    return cell < numbers.shape[0] and numbers[cell] != 0


@compiled
def count_regular_rows(
    block: Any, words: Any, lead: int, separator: int, numbers: Any, found: Any
) -> None:
    """Counts the rows of a block that begins and ends with whole ones, if all are regular.

    They are where quotes stand around whole cells only and hold no ends of lines or other quotes,
    where no row is blank, and where there are no zero bytes and no digits joined by `_` in a cell
    of numbers. Otherwise `found` is IRREGULAR: `scan_cells` knows what the block holds. `words` are
    the block's bytes after the first `lead`, eight at a time.
    """
    found[0] = IRREGULAR
    size = block.shape[0]
    rows, row, start = 0, 0, 0
    quoted = False
    while start < size:
        stop = size
        if start < lead:
            stop = min(lead, size)
        elif start - lead < WORD * words.shape[0]:
            word = np.uintp(start - lead) // np.uintp(WORD)
            while word < words.shape[0] and is_plain(words[word]):
                word += np.uintp(1)
            start = lead + WORD * int(word)
            stop = min(start + WORD, size)
        for position in range(start, stop):
            byte = block[position]
            if byte == LINE_FEED:
                blank = position - row - (position > row and block[position - 1] == RETURN) <= 0
                if quoted or blank:
                    return
                rows += 1
                row = position + 1
            elif byte == QUOTE and quoted:
                after = block[position + 1] if position + 1 < size else LINE_FEED
                if after != separator and after != LINE_FEED and after != RETURN:
                    return
                quoted = False
            elif byte == QUOTE:
                if position > row and block[position - 1] != separator:
                    return
                quoted = True
            elif byte == UNDERSCORE:
                if (
                    position > row
                    and position + 1 < size
                    and NOUGHT <= block[position - 1] <= NINE
                    and NOUGHT <= block[position + 1] <= NINE
                    and is_number_at(block, position, row, separator, numbers)
                ):
                    return
            elif byte == 0:
                return
        start = stop
    if not quoted:
        found[0] = rows


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
