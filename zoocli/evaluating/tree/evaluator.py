"""Evaluating concentrations against votes."""

from __future__ import annotations

from functools import partial

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays, added
from zoocli.evaluating.evaluator import Collected, Evaluator
from zoocli.evaluating.links import Links
from zoocli.evaluating.tree.climatology import collect_votes, reference
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.tree.sums import TreeSums, WhatToCollect
from zoocli.evaluating.tree.worst import ScoredGalaxy, worst_of
from zoocli.foundation.columns import from_numpy
from zoocli.foundation.hashing import hash_ids
from zoocli.matching.concentrations import dense
from zoocli.matching.held import HeldVotes
from zoocli.matching.matched import Matched
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.provenance import with_settings
from zoocli.scoring.result import ScoreResult
from zoocli.scoring.scorers.scorer import Losses
from zoocli.scoring.scorers.tree import TreeScorer

BLOCK = 65_536  # rows of VOTES


class TreeEvaluator(Evaluator):
    """For the votes of a decision tree."""

    def __init__(self, scorer: TreeScorer, held: HeldVotes, options: EvaluateOptions) -> None:
        self.copies = 9 + 4 * scorer.passes
        self._scorer, self._votes, self._options = scorer, held.values, options
        self._links = Links(options.linking, held.kept)
        reached = reference(self._held_histograms(), scorer.schema)
        self._what = WhatToCollect(options.rules, reached, options.seed)

    def _held_histograms(self) -> AdditiveArrays:
        """Histograms of all of VOTES, matched or not."""
        starts = [part.start for part in self._scorer.schema.question_slices]

        def block(start: int) -> AdditiveArrays:
            votes = np.ascontiguousarray(self._votes[start : start + BLOCK].T, np.int64)
            return collect_votes(votes, np.add.reduceat(votes, starts, axis=0))

        return added(map(block, range(0, len(self._votes), BLOCK)))

    def sums(self, threads: int) -> TreeSums:
        """Nothing yet."""
        return TreeSums(self._scorer.schema, self._what, threads)

    def collect(self, matched: Matched, losses: Losses) -> Collected:
        """What the matched galaxies of a batch add."""
        assert losses.votes is not None
        votes = np.ascontiguousarray(self._votes[matched.held_rows].T, np.int64)
        if self._options.fractions:  # questions without any count as if they had no votes
            sizes = [part.stop - part.start for part in self._scorer.schema.question_slices]
            votes *= np.repeat(losses.votes > 0, sizes, axis=0)
        galaxies = VotedGalaxies(
            self._scorer.schema,
            dense(losses.read),
            votes,
            losses.votes.astype(np.int64),
            losses.parts,
            hash_ids(matched.text.take(from_numpy(matched.rows))),
        )
        links = partial(self._links.of, matched)
        return Collected(
            losses, self._what.prepare(galaxies), worst_of(galaxies, matched.ids, links)
        )

    def evaluation(
        self, scoring: ScoreResult, sums: AdditiveArrays, worst: list[ScoredGalaxy]
    ) -> TreeEvaluation:
        """The evaluation, from what all batches added."""
        return TreeEvaluation(
            schema=self._scorer.schema,
            provenance=with_settings(scoring.provenance, self._options.tree_settings()),
            sums=sums,
            worst=worst,
            notes=scoring.notes,
        )
