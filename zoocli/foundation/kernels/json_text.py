"""What lenient parsers of JSON let pass, searched in its bytes."""

from __future__ import annotations

from typing import Any

from zoocli.foundation.kernels.compiling import compiled

# What the state holds from one block to the next: the last byte that is not blank, the zeros
# after `\\u` so far (-1: none), and whether something was found.
BEFORE, ZEROS, FOUND, STATES = range(4)

BLANK, COMMA, NOUGHT, BACKSLASH, SQUARE, CURLY, LETTER_U = 32, 44, 48, 92, 93, 125, 117


@compiled
def find_lenient(block: Any, state: Any) -> None:
    """Looks for a comma before a closing bracket and an escaped zero byte, in strings too."""
    before, zeros = state[BEFORE], state[ZEROS]
    for position in range(block.shape[0]):
        byte = block[position]
        if byte <= BLANK:
            continue
        if before == COMMA and byte in (SQUARE, CURLY):
            state[FOUND] = 1
        if before == BACKSLASH and byte == LETTER_U:
            zeros = 0
        elif zeros >= 0 and byte == NOUGHT:
            zeros += 1
            if zeros == 4:
                state[FOUND] = 1
        else:
            zeros = -1
        before = byte
    state[BEFORE], state[ZEROS] = before, zeros
