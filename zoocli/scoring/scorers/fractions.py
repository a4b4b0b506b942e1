"""Predictions that are vote fractions: they have no likelihood, and all else can be evaluated."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Floats, Mask
from zoocli.losses import FRACTIONS
from zoocli.matching.concentrations import Pass, dense
from zoocli.matching.findings import NO_FRACTIONS, PARTLY_MISSING_FRACTIONS
from zoocli.matching.matched import Matched
from zoocli.scoring.scorers.scorer import Losses
from zoocli.scoring.scorers.tree import TreeScorer

WHOLES = (1.0, 100.0)  # what a question's fractions add up to
TOLERANCE = 0.05  # of that: published fractions have few digits
LEAST = 1e-12  # in place of 0, which no concentration is


class FractionScorer(TreeScorer):
    """Takes fractions for concentrations whose sum does not matter; their losses are all 0.

    A question without predicted fractions, null or all 0, is one without votes: the galaxy counts
    for the others.
    """

    loss_name = FRACTIONS

    def losses(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """No losses, and what the fractions are, as concentrations."""
        passes = self._concentrations(matched)
        fractions = dense(passes)
        starts = [part.start for part in self._slices]
        there = ~np.isnan(fractions)
        totals = np.add.reduceat(np.where(there, fractions, 0.0), starts, axis=1)
        some, every = (
            combine.reduceat(there, starts, axis=1) for combine in (np.logical_or, np.logical_and)
        )
        partly: Mask = np.any(some & ~every, axis=0)
        negative = np.logical_or.reduceat(fractions < 0.0, starts, axis=1)
        wrong: Mask = np.any(every & (negative | ~_is_whole(totals)), axis=0)
        if self.options.on_invalid == "error":
            for place, question in enumerate(self.schema.questions):
                matched.findings.add(
                    PARTLY_MISSING_FRACTIONS, question.name, partly[place], matched.ids
                )
                matched.findings.add(NO_FRACTIONS, question.name, wrong[place], matched.ids)
        known: Mask = np.all(every & (totals > 0.0), axis=0) & ~wrong
        votes = np.add.reduceat(values[matched.held_rows].T, starts, axis=0, dtype=np.int32)
        return Losses(
            np.zeros(known.shape[1]),
            np.zeros(known.shape),
            np.where(known, votes, 0).astype(np.int32),
            read=self._as_concentrations(fractions, known),
        )

    def _as_concentrations(self, fractions: Floats, known: Mask) -> list[Pass]:
        """With 1 for what is not known, so that every sum is one of numbers above 0."""
        sizes = [part.stop - part.start for part in self._slices]
        of_answers = np.repeat(known, sizes, axis=0)
        filled = np.where(of_answers, np.maximum(fractions, LEAST), 1.0)
        rows = np.arange(filled.shape[2], dtype=np.int32)
        absent = np.zeros(len(rows), np.bool_)
        return [Pass(list(one), rows, absent) for one in filled]


def _is_whole(totals: Floats) -> Mask:
    """Whether fractions add up to 1 or to 100, or to 0: nobody was asked."""
    near = [np.abs(totals - whole) <= whole * TOLERANCE for whole in WHOLES]
    found: Mask = near[0] | near[1] | (totals == 0.0)
    return found
