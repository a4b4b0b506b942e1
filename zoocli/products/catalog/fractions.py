"""The vote fractions that concentrations foresee."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Floats, sum_in_order


def vote_fractions(concentrations: Floats, questions: Sequence[slice]) -> Floats:
    """The expected vote fraction of each answer, the mean over the passes of a_j / A.

    `concentrations` (passes, answers, galaxies) float64; `questions`: where each one's answers
    stand. The result is (answers, galaxies), and the same for a galaxy in any company. NaN for all
    answers of a question of which some pass has a concentration that is NaN, infinite, zero or
    negative, or an infinite sum: no Dirichlet distribution has those.

    Two passes over one question, of three and two answers' worth of certainty:

    >>> import numpy as np
    >>> passes = np.array([[[1.0], [3.0]], [[2.0], [2.0]]])
    >>> vote_fractions(passes, [slice(0, 2)])[:, 0].tolist()
    [0.375, 0.625]
    """
    fractions = np.empty(concentrations.shape[1:])
    with np.errstate(all="ignore"):
        for answers in questions:
            values = concentrations[:, answers]
            totals = sum_in_order(values.swapaxes(0, 1))
            mean = sum_in_order(values / totals[:, None]) / len(values)
            valid = (values > 0).all(axis=(0, 1)) & np.isfinite(totals).all(axis=0)
            fractions[answers] = np.where(valid, mean, np.nan)
    return fractions


def by_answer(per_question: Floats, questions: Sequence[slice]) -> npt.NDArray[np.float64]:
    """(galaxies, questions) as (answers, galaxies): each answer has its question's value."""
    sizes = [answers.stop - answers.start for answers in questions]
    return np.repeat(np.ascontiguousarray(per_question.T), sizes, axis=0)
