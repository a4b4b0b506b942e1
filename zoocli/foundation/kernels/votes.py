"""Converts columns of votes into rows of counts and checks them in the same pass."""

from __future__ import annotations

import numpy as np

from zoocli.foundation.kernels.columns import column_at
from zoocli.foundation.kernels.compiling import compiled, inlined

OK, MISSING, NEGATIVE, FRACTIONAL, INFINITE, TOO_MANY = range(6)
MOST_VOTES = 2**31 - 1
NOISE = 1e-3  # votes; of counts that went through floats
ROWS_AT_ONCE = 256  # of all columns, so that the counts stay in the processor's cache


@inlined
def state_of(value):
    """The problem of a number of votes, or OK."""
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
    """counts[row, answer] = the votes in that answer's column; `met` tells what they are like.

    addresses (answers,) uint64: where each column of votes begins, of the type of the array `like`
    and as long as counts (galaxies, answers), of any integer type. Missing (NaN) and invalid votes
    count as 0, fractional ones are rounded (half to even). met (2,) int64: in the first, the bit
    1 << state is set for each state but OK; the second is raised to the highest count. The counts
    are meaningless where their type does not hold that.
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
    """states[row, answer] = the problem of those votes, or OK; columns as in `pack_votes`."""
    for answer in range(states.shape[1]):
        column = column_at(addresses[answer], len(states), like)
        for row in range(len(states)):
            states[row, answer] = state_of(np.float64(column[row]))
