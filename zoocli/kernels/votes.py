"""Columns of votes into rows of counts, checked in the same pass."""

from __future__ import annotations

import numpy as np

from zoocli.kernels.columns import column_at
from zoocli.kernels.compiling import compiled, inlined

OK, MISSING, NEGATIVE, FRACTIONAL, INFINITE, TOO_MANY = range(6)
MOST_VOTES = 2**31 - 1
ROWS_AT_ONCE = 256  # of all columns: so many rows of counts stay in the processor's cache


@inlined
def state_of(value):
    """What is wrong with a number of votes, or OK."""
    state = OK
    if value != value:
        state = MISSING
    elif np.isinf(value):
        state = INFINITE
    elif value < 0.0:
        state = NEGATIVE
    elif value > MOST_VOTES:
        state = TOO_MANY
    elif np.rint(value) != value:
        state = FRACTIONAL
    return state


@compiled
def pack_votes(addresses, like, counts, met):
    """counts[row, answer] = the votes of that answer's column; `met` says what there was in them.

    addresses (answers,) uint64: where each column of votes begins, of the type of the array `like`
    and as long as counts (galaxies, answers), of any integer type. Missing (NaN) and invalid votes
    count as 0, fractional ones are rounded (half to even). met (2,) int64: the first gets the bit
    1 << state set for each state of theirs but OK, the second is raised to the highest count;
    where the type of counts does not hold that, they are worthless.
    """
    for first in range(0, len(counts), ROWS_AT_ONCE):
        stop = min(first + ROWS_AT_ONCE, len(counts))
        for answer in range(counts.shape[1]):
            column = column_at(addresses[answer], len(counts), like)
            for row in range(first, stop):
                value = np.float64(column[row])
                state = state_of(value)
                votes = np.int64(np.rint(value)) if state in (OK, FRACTIONAL) else 0
                counts[row, answer] = votes
                met[0] |= (1 << state) & ~1
                met[1] = max(met[1], votes)


@compiled
def find_states(addresses, like, states):
    """states[row, answer] = what is wrong with the votes in that place; columns as above."""
    for answer in range(states.shape[1]):
        column = column_at(addresses[answer], len(states), like)
        for row in range(len(states)):
            states[row, answer] = state_of(np.float64(column[row]))
