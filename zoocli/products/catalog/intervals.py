"""Credible intervals of the vote fractions."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from zoocli.foundation.arrays import Floats
from zoocli.foundation.kernels import beta


def credible_intervals(
    concentrations: Floats,
    questions: Sequence[slice],
    level: float = 0.9,
    intervals: str = "mixture",
) -> tuple[Floats, Floats]:
    """The central intervals that hold each answer's vote fraction with probability `level`.

    By one pass the fraction of an answer is Beta(a_j, A - a_j), where A is the sum of its
    question's concentrations. Several passes are an equal-weight mixture of such distributions,
    and the ends x are its quantiles, within 1e-9:

        mean over passes of I_x(a_j, A - a_j) = (1 - level) / 2   or   (1 + level) / 2

    with I the regularised incomplete beta function. With `intervals="zoobot"` they are the medians
    over the passes of each pass's own quantiles, as Zoobot 2.9.0 has them: narrower than the
    mixture where passes disagree.

    `concentrations` (passes, answers, galaxies) float64; `questions`: where each one's answers
    stand; `level` above 0 and below 1. Returns the lower and the upper ends, each (answers,
    galaxies), NaN where `vote_fractions` has NaN.

    >>> import numpy as np
    >>> lower, upper = credible_intervals(np.ones((1, 2, 1)), [slice(0, 2)])  # uniform on [0, 1]
    >>> lower.round(9).tolist(), upper.round(9).tolist()
    ([[0.05], [0.05]], [[0.95], [0.95]])
    """
    passes, answers, galaxies = concentrations.shape
    if intervals == "mixture":
        return _mixture_intervals(concentrations, questions, level)
    one_by_one = concentrations.transpose(1, 2, 0).reshape(1, answers, galaxies * passes)
    lower, upper = (
        np.median(ends.reshape(answers, galaxies, passes), axis=2)
        for ends in _mixture_intervals(one_by_one, questions, level)
    )
    return lower, upper


def _mixture_intervals(
    concentrations: Floats, questions: Sequence[slice], level: float
) -> tuple[Floats, Floats]:
    lower, upper = np.empty((2, *concentrations.shape[1:]))
    tail = (1.0 - level) / 2.0
    beta.mixture_intervals(
        np.ascontiguousarray(concentrations),
        np.array([answers.start for answers in questions] + [questions[-1].stop]),
        np.array([tail, NormalDist().inv_cdf(tail)]),
        lower,
        upper,
        beta.scratch(len(concentrations)),
    )
    return lower, upper
