"""The Dirichlet-multinomial loss of a whole batch in one pass over memory.

With rising factorials (a)_k = a (a + 1) ... (a + k - 1),

    loss = ln[ (A)_n prod_j k_j! ] - ln[ n! prod_j (a_j)_{k_j} ]

The factors a + i are multiplied out, with the exponents taken apart so that no product overflows,
and one logarithm is taken a question: more exact than differences of lgamma, and faster. The
products run over blocks of galaxies within one question, so that they vectorise. Questions with
many votes, and extreme concentrations, take Stirling's series instead.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from zoocli.foundation.kernels.columns import column_at
from zoocli.foundation.kernels.compiling import compiled, inlined
from zoocli.foundation.kernels.products import (
    BLOCK,
    HIGHEST,
    HIGHEST_TOTAL,
    LOWEST,
    MANY_VOTES,
    SCALED_FACTORIALS,
    log_ratios,
    multiply_rising,
    remove_exponents,
)
from zoocli.foundation.kernels.stirling import stirling_loss

PADDING = 8  # unused lanes: rows 4096 bytes apart would compete for the same cache lines
ROWS_OF_LANES = 12  # of `Lanes`, besides concentrations and votes
LOG_TWO = math.log(2.0)


class Lanes(NamedTuple):
    """The working memory for one question of a block of galaxies.

    The first two are (answers, lanes); `most_votes` has an entry for each answer, the others one
    for each lane. Lanes are `regular` (1, else 0) that have few enough votes and moderate
    concentrations; `series` has the loss of the others.
    """

    concentrations: np.ndarray
    votes: np.ndarray
    most_votes: np.ndarray
    total_concentration: np.ndarray
    total_votes: np.ndarray
    factorials: np.ndarray
    regular: np.ndarray
    series: np.ndarray
    numerators: np.ndarray
    denominators: np.ndarray
    exponents: np.ndarray
    ratios: np.ndarray
    squares: np.ndarray
    logarithms: np.ndarray


def scratch(question_starts: np.ndarray) -> np.ndarray:
    """The memory that `question_losses` needs for itself, in any one thread."""
    widest = int(np.max(np.diff(question_starts)))
    # One of the rows has an entry for each answer, the others for each lane.
    return np.zeros((2 * widest + ROWS_OF_LANES, max(BLOCK, widest) + PADDING))


@inlined
def lanes_of(memory):
    """The scratch memory as `Lanes`; all lanes have a moderate concentration and no votes."""
    widest = (len(memory) - ROWS_OF_LANES) // 2
    memory[:widest] = 1.0
    memory[widest:] = 0.0
    rest = 2 * widest
    return Lanes(
        memory[:widest],
        memory[widest:rest],
        memory[rest].view(np.int64),
        memory[rest + 1],
        memory[rest + 2],
        memory[rest + 3],
        memory[rest + 4].view(np.int64),
        memory[rest + 5],
        memory[rest + 6],
        memory[rest + 7],
        memory[rest + 8].view(np.int64),
        memory[rest + 9],
        memory[rest + 10],
        memory[rest + 11],
    )


@inlined
def gather_answer(lanes, answer, column, rows, counts, answer_column, count_rows, first, width):
    """Fetches one answer's concentrations and votes; updates totals and factorials."""
    most: Any = 0
    for lane in range(np.uintp(width)):  # unsigned: no test for negative indexes
        k: Any = np.int64(counts[np.uintp(count_rows[first + lane]), answer_column])
        most = max(most, k)
        lanes.votes[answer, lane] = k
        lanes.factorials[lane] *= SCALED_FACTORIALS[np.uintp(min(k, MANY_VOTES))]
        lanes.concentrations[answer, lane] = column[np.uintp(rows[first + lane])]
    lanes.most_votes[answer] = min(most, MANY_VOTES)
    for lane in range(BLOCK):
        a = lanes.concentrations[answer, lane]
        lanes.total_concentration[lane] += a
        lanes.total_votes[lane] += lanes.votes[answer, lane]
        lanes.regular[lane] &= np.int64(a > LOWEST) & np.int64(a < HIGHEST)


@inlined
def compute_series(lanes, answers, width):
    """Computes the irregular lanes by Stirling's series and then removes their votes."""
    for lane in range(width):
        if not lanes.regular[lane]:
            lanes.series[lane] = stirling_loss(
                lanes.concentrations[:answers, lane], lanes.votes[:answers, lane]
            )
            lanes.votes[:answers, lane] = 0.0
            lanes.total_votes[lane] = 0.0
            lanes.factorials[lane] = 1.0


@inlined
def compute_products(lanes, answers, most_votes):
    """Computes the regular lanes: their loss is logarithms + exponents ln 2."""
    numerators, denominators = lanes.numerators, lanes.denominators
    numerator_bits, denominator_bits = numerators.view(np.uint64), denominators.view(np.uint64)
    numerators[:] = 1.0
    denominators[:] = 1.0
    lanes.exponents[:] = 0
    multiply_rising(
        numerators,
        numerator_bits,
        lanes.exponents,
        1,
        lanes.total_concentration,
        lanes.total_votes,
        most_votes,
        0,
    )
    factors = 0
    for answer in range(answers):
        factors = multiply_rising(
            denominators,
            denominator_bits,
            lanes.exponents,
            -1,
            lanes.concentrations[answer],
            lanes.votes[answer],
            lanes.most_votes[answer],
            factors,
        )
    for lane in range(BLOCK):
        numerators[lane] *= lanes.factorials[lane]
        denominators[lane] *= SCALED_FACTORIALS[np.uintp(lanes.total_votes[lane])]
    remove_exponents(numerator_bits, lanes.exponents, 1)
    remove_exponents(denominator_bits, lanes.exponents, -1)
    log_ratios(numerators, denominators, lanes.ratios, lanes.squares, lanes.logarithms)


@inlined
def compute_lanes(lanes, answers, totals, losses, question, first, width):
    """Computes one question of a block from its gathered votes and concentrations."""
    most_votes: Any = 0
    all_regular = 1
    for lane in range(width):
        votes = np.int64(lanes.total_votes[lane])
        totals[question, first + lane] = votes
        if votes > MANY_VOTES or lanes.total_concentration[lane] > HIGHEST_TOTAL:
            lanes.regular[lane] = 0
        else:
            most_votes = max(most_votes, votes)
        all_regular &= lanes.regular[lane]
    if not all_regular:
        compute_series(lanes, answers, width)
    compute_products(lanes, answers, most_votes)
    for lane in range(width):
        product = lanes.logarithms[lane] + lanes.exponents[lane] * LOG_TWO
        losses[question, first + lane] = product if lanes.regular[lane] else lanes.series[lane]


@compiled
def question_losses(
    addresses, like, rows, counts, count_rows, question_starts, losses, totals, memory
):
    """Writes losses (questions, galaxies) in nats and totals (questions, galaxies) of votes.

    addresses (answers,) uint64: where each answer's column of concentrations begins; all are of
    the type of the array `like`. Galaxy g has its concentrations in row rows[g] of them and its
    votes in row count_rows[g] of counts (galaxies, answers). The answers of question q are those
    from question_starts[q] to question_starts[q + 1]. A question without votes loses exactly 0; one
    with a concentration that is NaN, infinite, zero or negative loses NaN, votes or not. `memory`
    is what `scratch` made.
    """
    galaxies = len(rows)
    length = 0
    for galaxy in range(galaxies):
        length = max(length, rows[galaxy] + 1)
    lanes = lanes_of(memory)
    for first in range(0, galaxies, BLOCK):
        width = min(BLOCK, galaxies - first)
        if width < BLOCK:
            # Nothing is gathered for the lanes beyond the last galaxy, and what they hold of
            # several questions of the block before could add up beyond the table of factorials.
            lanes.votes[:, width:] = 0.0
            lanes.concentrations[:, width:] = 1.0
        for question in range(len(question_starts) - 1):
            start = question_starts[question]
            answers = question_starts[question + 1] - start
            lanes.total_concentration[:] = 0.0
            lanes.total_votes[:] = 0.0
            lanes.factorials[:] = 1.0
            lanes.regular[:] = 1
            for answer in range(answers):
                column = column_at(addresses[start + answer], length, like)
                gather_answer(
                    lanes,
                    answer,
                    column,
                    rows,
                    counts,
                    np.uintp(start + answer),
                    count_rows,
                    np.uintp(first),
                    width,
                )
            compute_lanes(lanes, answers, totals, losses, question, first, width)
