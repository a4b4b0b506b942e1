"""A batch of matched galaxies, and what every part of an evaluation needs to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Counts, Floats, Hashes
from zoocli.runs.options.rules import Rules
from zoocli.schema import Schema


@dataclass(frozen=True, eq=False)
class VotedGalaxies:
    """Predictions and votes of some galaxies, side by side.

    `concentrations` (passes, answers, galaxies); `votes` (answers, galaxies); `total_votes` and
    `losses` (questions, galaxies), the losses in nats, NaN where a prediction has no likelihood;
    `hashes` (galaxies,): the hash of each galaxy's id, which all random numbers come from.

    >>> rings = Schema({"ring": ["_yes", "_no"]}, {"ring": None})
    >>> galaxies = VotedGalaxies(rings, np.array([[[3.0], [1.0]]]), np.array([[1], [1]]),
    ...                     np.array([[2]]), np.array([[0.7]]), np.zeros(1, np.uint64))
    >>> galaxies.predicted.tolist(), galaxies.observed.tolist()
    ([[0.75], [0.25]], [[0.5], [0.5]])
    """

    schema: Schema
    concentrations: Floats
    votes: Counts
    total_votes: Counts
    losses: Floats
    hashes: Hashes

    def __len__(self) -> int:
        return len(self.hashes)

    def part(self, rows: slice | npt.NDArray[np.intp]) -> VotedGalaxies:
        """Some of the galaxies."""
        return VotedGalaxies(
            self.schema,
            self.concentrations[..., rows],
            self.votes[:, rows],
            self.total_votes[:, rows],
            self.losses[:, rows],
            self.hashes[rows],
        )

    @cached_property
    def question_of(self) -> npt.NDArray[np.intp]:
        """(answers,): the position of each answer's question; `x[question_of]` goes per answer."""
        sizes = [len(question.answers) for question in self.schema.questions]
        return np.repeat(np.arange(len(sizes)), sizes)

    @cached_property
    def valid(self) -> npt.NDArray[np.bool_]:
        """(questions, galaxies): whether the prediction has a likelihood."""
        return ~np.isnan(self.losses)

    @cached_property
    def voted(self) -> npt.NDArray[np.bool_]:
        """(questions, galaxies): valid, and with at least one vote."""
        return self.valid & (self.total_votes > 0)

    @cached_property
    def predicted(self) -> Floats:
        """(answers, galaxies): the predicted fraction, a_j / A averaged over the passes."""
        starts = [part.start for part in self.schema.question_slices]
        with np.errstate(invalid="ignore", over="ignore"):
            totals = np.add.reduceat(self.concentrations, starts, axis=1)[:, self.question_of]
        valid = np.broadcast_to(self.valid[self.question_of], totals.shape)
        fractions = np.divide(self.concentrations, totals, out=np.zeros(totals.shape), where=valid)
        mean: Floats = fractions.mean(axis=0)
        return mean

    @cached_property
    def observed(self) -> Floats:
        """(answers, galaxies): the observed fraction k_j / n; NaN without votes."""
        totals = self.total_votes[self.question_of]
        fractions = np.full(self.votes.shape, np.nan)
        np.divide(self.votes, totals, out=fractions, where=totals > 0)
        return fractions

    @cached_property
    def paths(self) -> Floats:
        """(questions, galaxies): the product of the observed fractions that lead to a question.

        1 for a root; a sum of products where several answers lead there; NaN where nobody voted
        on the way.
        """
        asked: Any = self.schema.proportions_asked(self.observed.T)
        return np.ascontiguousarray(asked.T)

    @cached_property
    def root_votes(self) -> Counts:
        """(questions, galaxies): the votes of the first root question of each one's campaign.

        A campaign without a root has that of the whole tree.
        """
        first = {
            question.campaign: position
            for position, question in reversed(list(enumerate(self.schema.questions)))
            if not question.asked_after
        }
        root = min(first.values())
        return self.total_votes[
            [first.get(question.campaign, root) for question in self.schema.questions]
        ]

    def counted(self, rules: Rules) -> npt.NDArray[np.bool_]:
        """(questions, galaxies): which galaxies count for which question."""
        votes, root = self.total_votes, self.root_votes
        counted = self.valid & (votes >= rules.min_votes) & (root >= rules.min_root_votes)
        if rules.min_share_asked:
            share = np.divide(votes, root, out=np.zeros(votes.shape), where=root > 0)
            counted &= share >= rules.min_share_asked
        if rules.min_path_fraction is not None:
            counted &= self.paths > rules.min_path_fraction
        return counted
