"""What the predictions of a batch of galaxies say of the votes that it got."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Counts, Floats
from zoocli.foundation.kernels.beta_binomial import predict_votes
from zoocli.schema import Schema


@dataclass(frozen=True, eq=False)
class PredictedVotes:
    """Each answer's votes k out of n under the distribution K that was predicted for them.

    K is Beta-binomial with n, a and A - a (a the answer's concentration, A the sum of its
    question's), or the equal-weight mixture of those of several passes. `below` = P(K < k) and
    `up_to` = P(K <= k), with an absolute error below 1e-10 for concentrations from 1e-3 to 1e6 and
    votes to 50,000; `deviation` is the standard deviation of K / n. All (answers, galaxies); NaN
    where not wanted.
    """

    below: Floats
    up_to: Floats
    deviation: Floats

    @classmethod
    def of(
        cls,
        schema: Schema,
        concentrations: Floats,
        totals: Floats,
        votes: Counts,
        total_votes: Counts,
        wanted: npt.NDArray[np.bool_],
    ) -> PredictedVotes:
        """Computes them where `wanted` (questions, galaxies), which needs a vote at least.

        `concentrations` (passes, answers, galaxies) and `totals` (passes, questions, galaxies);
        `votes` (answers, galaxies) and `total_votes` (questions, galaxies). With n votes it takes
        time in proportion to n.

        >>> rings = Schema({"ring": ["_yes", "_no"]}, {"ring": None})
        >>> predicted = PredictedVotes.of(rings, np.ones((1, 2, 1)), np.full((1, 1, 1), 2.0),
        ...     np.array([[3], [1]]), np.array([[4]]), np.array([[True]]))
        >>> predicted.below.round(6).tolist(), predicted.up_to.round(6).tolist()
        ([[0.6], [0.2]], [[0.8], [0.4]])
        """
        below, up_to, deviation = (np.full(votes.shape, np.nan) for _ in range(3))
        predict_votes(
            np.ascontiguousarray(concentrations, np.float64),
            np.ascontiguousarray(totals, np.float64),
            np.ascontiguousarray(votes, np.int64),
            np.ascontiguousarray(total_votes, np.int64),
            question_starts(schema),
            np.ascontiguousarray(wanted),
            below,
            up_to,
            deviation,
        )
        return cls(below, up_to, deviation)


def question_starts(schema: Schema) -> Counts:
    """(questions + 1,): where each question's answers begin, and where the last ones end."""
    slices = schema.question_slices
    return np.array([part.start for part in slices] + [slices[-1].stop], np.int64)
