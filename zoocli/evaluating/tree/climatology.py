"""The one Dirichlet that fits all votes best: what a useful prediction must beat.

The log-likelihood of concentrations a_j (sum A) over galaxies with votes k_j (sum n) is

    sum_j R_j(a_j) - R(A),   R_j(a) = sum over galaxies of ln[ (a)_{k_j} / k_j! ], R likewise for n

so that histograms of k_j and n are all that the fit needs. It climbs by Newton's method in ln a_j
(Minka 2000, "Estimating a Dirichlet distribution"). Votes that scatter less than any Dirichlet
says have no maximum: the likelihood rises towards that of a multinomial with the pooled fractions,
which is taken wherever it is higher.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.tree.factorials import (
    TABLE,
    digamma,
    factorial_excess,
    gamma_ratio,
    trigamma,
)
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.histograms import histograms, occupied
from zoocli.foundation.arrays import Counts, Floats
from zoocli.schema import Schema

NAME = "climatology"
FEWEST_GALAXIES = 30
MOST_STEPS = 200
LONGEST_STEP = 3.0  # in ln a
ENOUGH = 1e-14  # nats per galaxy that another step could gain
MULTINOMIAL = 1e9  # the sum of concentrations in the multinomial limit
LEAST = 1e-9  # the concentration of an answer without votes


@dataclass(frozen=True)
class Climatology:
    """A fit: `concentrations` (answers of the question,), and the `loss` of all galaxies, in nats.

    In the multinomial limit the concentrations add up to 1e9.
    """

    concentrations: Floats
    loss: float
    galaxies: int


def collect(galaxies: VotedGalaxies) -> AdditiveArrays:
    """Histograms of the votes of each answer, then of the total votes of each question."""
    voted = galaxies.voted
    votes = np.where(voted[galaxies.question_of], galaxies.votes, 0)
    return collect_votes(votes, np.where(voted, galaxies.total_votes, 0))


def collect_votes(votes: Counts, total_votes: Counts) -> AdditiveArrays:
    """The same of votes (answers, galaxies) and total votes (questions, galaxies) alone."""
    return histograms(NAME, np.concatenate([votes, total_votes]))


def fit(sums: AdditiveArrays, schema: Schema) -> list[Climatology | None]:
    """The climatology of each question; None below 30 galaxies with votes."""
    answers = len(schema.label_cols)
    fits = []
    for position, part in enumerate(schema.question_slices):
        rows = [Rising(*occupied(NAME, sums, row)) for row in range(part.start, part.stop)]
        totals = Rising(*occupied(NAME, sums, answers + position))
        fits.append(fit_question(rows, totals) if totals.galaxies >= FEWEST_GALAXIES else None)
    return fits


class Rising:
    """R(a) and its derivatives, for galaxies of which `counts[i]` have `numbers[i]` votes."""

    def __init__(self, numbers: Floats, counts: Floats) -> None:
        self.galaxies = int(counts.sum())
        self.votes = float(numbers @ counts)
        self._numbers, self._counts = numbers, counts
        few = numbers < TABLE
        highest = int(numbers.max(initial=0)) if few.all() else TABLE
        ends = np.bincount(numbers[few].astype(np.intp), counts[few], highest + 1)
        self._m = np.arange(highest)
        self._above = counts.sum() - np.cumsum(ends)[:highest]  # galaxies with more than m votes
        self._many, self._many_counts = numbers[~few], counts[~few]

    def value(self, a: float) -> float:
        """R(a)."""
        total = self._above @ np.log((a + self._m) / (1 + self._m))
        many = gamma_ratio(a, self._many) - gamma_ratio(a, np.array([TABLE]))
        return float(total + self._many_counts @ many)

    def slopes(self, a: float) -> tuple[float, float]:
        """The first and the second derivative of R."""
        inverse = 1 / (a + self._m)
        first = digamma(self._many + a) - digamma(TABLE + a)
        second = trigamma(self._many + a) - trigamma(TABLE + a)
        return (
            float(self._above @ inverse + self._many_counts @ first),
            float(-(self._above @ (inverse * inverse)) + self._many_counts @ second),
        )

    def log_factorials(self) -> float:
        """The sum over galaxies of ln k!."""
        k = self._numbers
        return float(self._counts @ (factorial_excess(k) + k * np.log(k) - k))


def fit_question(rows: list[Rising], totals: Rising) -> Climatology:
    """The best concentrations for one question; 0 for an answer without votes."""
    given = [row for row in rows if row.votes]
    fractions = np.array([row.votes for row in given]) / totals.votes
    logs, likelihood = _climb(given, totals, np.log(fractions * len(rows)))
    limit = totals.log_factorials() + sum(
        row.votes * np.log(fraction) - row.log_factorials()
        for row, fraction in zip(given, fractions, strict=True)
    )
    best = fractions * MULTINOMIAL if limit > likelihood else np.exp(logs)
    concentrations = np.zeros(len(rows))
    concentrations[[bool(row.votes) for row in rows]] = best
    return Climatology(concentrations, -float(max(limit, likelihood)), totals.galaxies)


def _climb(rows: list[Rising], totals: Rising, logs: Floats) -> tuple[Floats, float]:
    """Newton's method in ln a, never downhill; returns where it ends and the likelihood there."""

    def likelihood(at: Floats) -> float:
        a = np.exp(at)
        parts = [row.value(one) for row, one in zip(rows, a, strict=True)]
        return sum(parts) - totals.value(float(a.sum()))

    here = likelihood(logs)
    for _ in range(MOST_STEPS):
        gradient, hessian = _derivatives(rows, totals, np.exp(logs))
        sizes, directions = np.linalg.eigh(hessian)
        sizes = np.maximum(np.abs(sizes), 1e-12 * np.abs(sizes).max() + 1e-300)
        step = directions @ ((directions.T @ gradient) / sizes)
        promise = float(gradient @ step)
        step *= min(1.0, LONGEST_STEP / (float(np.linalg.norm(step)) + 1e-300))
        if np.exp(logs).sum() > MULTINOMIAL:
            break
        there = likelihood(logs + step)
        while there < here and np.abs(step).max() > 1e-12:
            step = step / 2
            there = likelihood(logs + step)
        if there < here:
            break
        logs, here = logs + step, there
        if promise < ENOUGH * totals.galaxies:
            break
    return logs, here


def _derivatives(rows: list[Rising], totals: Rising, a: Floats) -> tuple[Floats, Floats]:
    """The gradient and the Hessian of the likelihood in ln a."""
    slopes = np.array([row.slopes(one) for row, one in zip(rows, a, strict=True)])
    first, second = totals.slopes(float(a.sum()))
    gradient = a * (slopes[:, 0] - first)
    hessian = np.diag(a * a * slopes[:, 1] + gradient) - np.outer(a, a) * second
    return gradient, hessian


def reference(sums: AdditiveArrays, schema: Schema) -> Floats:
    """(answers,): the fitted concentrations, 1 for a question with too few galaxies."""
    parts = [
        np.ones(len(question.answers)) if found is None else found.concentrations
        for question, found in zip(schema.questions, fit(sums, schema), strict=True)
    ]
    return np.concatenate(parts)
