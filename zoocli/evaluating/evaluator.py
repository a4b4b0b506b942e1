"""What an evaluation of any kind provides, so that one engine can run it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.tree.worst import ScoredGalaxy
from zoocli.matching.matched import Matched
from zoocli.scoring.result import ScoreResult
from zoocli.scoring.scorers.scorer import Losses


@dataclass(frozen=True)
class Collected:
    """What a batch adds."""

    losses: Losses
    sums: AdditiveArrays
    worst: list[ScoredGalaxy] = field(default_factory=list)


class Evaluator(ABC):
    """Knows what a batch adds to the evaluation, and what follows from all batches.

    `copies`: how many numbers it makes of each predicted one, for the memory limit.
    """

    copies: int

    @abstractmethod
    def collect(self, matched: Matched, losses: Losses) -> Collected:
        """What the matched galaxies of a batch add, whose losses are given.

        Runs in several threads at once: it changes nothing that they share.
        """

    @abstractmethod
    def evaluation(
        self, scoring: ScoreResult, sums: AdditiveArrays, worst: list[ScoredGalaxy]
    ) -> Evaluation:
        """The evaluation, from what all batches added."""
