"""Columns of votes into rows of counts, checked in the same pass."""

from __future__ import annotations

import numpy as np

from zoocli.kernels.compiling import compiled

OK, MISSING, NEGATIVE, FRACTIONAL, INFINITE, TOO_MANY = range(6)
MOST_VOTES = 2**31 - 1


@compiled
def pack_votes(values, counts, states, answer, met):
    """counts[:, answer] = values, and states[:, answer] says what is wrong where something is.

    values (galaxies,) float64 with NaN for missing; counts and states (galaxies, answers) int32
    and uint8. Missing and invalid votes count as 0, fractional ones are rounded (half to even).
    met (1,) gets the bit 1 << state set for each state of theirs but OK.
    """
    for row in range(len(values)):
        value = values[row]
        whole = np.rint(value)
        state = OK
        if value != value:
            state = MISSING
        elif np.isinf(value):
            state = INFINITE
        elif value < 0.0:
            state = NEGATIVE
        elif value > MOST_VOTES:
            state = TOO_MANY
        elif whole != value:
            state = FRACTIONAL
        counts[row, answer] = np.int32(whole) if state in (OK, FRACTIONAL) else 0
        states[row, answer] = state
        met[0] |= (1 << state) & ~1
