"""What an evaluation of any kind provides, so that one engine can run it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.tree.worst import ScoredGalaxy
from zoocli.matching.matched import Matched
from zoocli.scoring.result import ScoreResult
from zoocli.scoring.scorers.scorer import Losses


class Sums(Protocol):
    """What is added up over batches, in their order."""

    @property
    def nbytes(self) -> int:
        """What they take."""
        ...

    def add(self, addend: Any, /) -> None:
        """Adds what `Evaluator.collect` found in a batch."""

    def arrays(self) -> AdditiveArrays:
        """The sums under their names."""
        ...


@dataclass(frozen=True)
class Collected:
    """What a batch adds; `addend` is for the `Sums` of the same evaluator."""

    losses: Losses
    addend: Any
    worst: list[ScoredGalaxy] = field(default_factory=list)


class Evaluator(ABC):
    """Knows what a batch adds to the evaluation, and what follows from all batches.

    `copies`: how many numbers it makes of each predicted one, for the memory limit. `numbers`:
    columns of PREDICTIONS that it reads besides the predictions.
    """

    copies: int
    numbers: Sequence[str] = ()

    @abstractmethod
    def sums(self, threads: int) -> Sums:
        """Nothing yet; several threads may add to it at once."""

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
