"""The evaluation of concentrations against votes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.intervals import HalfGalaxies, with_intervals
from zoocli.evaluating.metric import Estimate, Key, Metric
from zoocli.evaluating.tree import (
    calibration,
    classification,
    climatology,
    fractions,
    losses,
)
from zoocli.evaluating.tree.calibration_sums import Calibration
from zoocli.evaluating.tree.climatology import Climatology
from zoocli.evaluating.tree.worst import ScoredGalaxy, worst
from zoocli.schema import Schema


@dataclass(frozen=True, eq=False, kw_only=True)
class TreeEvaluation(Evaluation):
    """What an evaluation of a loss of a decision tree found.

    `worst` are the galaxies with the highest loss.
    """

    schema: Schema
    worst: list[ScoredGalaxy]

    @property
    def galaxies(self) -> int:
        """The galaxies that have a loss."""
        return int(self.sums["loss/galaxies_all"][0])

    def _estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        yield from losses.estimates(sums, self.schema, self._climatologies, self.sums)
        yield from fractions.estimates(sums, self.schema)
        yield from classification.estimates(sums, self.schema)
        yield from calibration.estimates(sums, self.schema)

    def _shares(self) -> Mapping[Key, HalfGalaxies]:
        return classification.shares(self.sums, self.schema)

    @cached_property
    def _climatologies(self) -> list[Climatology | None]:
        """Each question's, fitted to all votes: replicates share it."""
        return climatology.fit(self.sums, self.schema)

    def _other_metrics(self) -> Iterator[Metric]:
        yield from with_intervals(fractions.binned_estimates(self.sums, self.schema), None)
        yield from losses.metrics(self.sums, self.schema)
        yield from classification.metrics(self.sums, self.schema)
        yield from calibration.metrics(self.sums, self.schema)

    def confusion_matrices(self, confident: bool = False) -> dict[str, npt.NDArray[np.int64]]:
        """Each question's galaxies by (answer voted most, answer predicted most)."""
        part = "confident" if confident else "counted"
        counts = self.sums[f"classification/{part}/confusion"].astype(np.int64)
        places = classification.cells(self.schema)
        return {
            question.name: counts[place].reshape(len(question.answers), -1)
            for question, place in zip(self.schema.questions, places, strict=True)
        }

    def densities(self) -> dict[str, npt.NDArray[np.int64]]:
        """Each answer's galaxies by (predicted, observed) fraction, in 50 x 50 bins from 0 to 1."""
        return dict(zip(self.schema.label_cols, self.sums["fractions/density"], strict=True))

    def calibration(self, answers: slice, part: str = "") -> Calibration:
        """The calibration of the answers of some columns, as of a question, pooled.

        `part`: "" for all galaxies that count, or one of the other `calibration.PARTS`.
        """
        places = range(len(self.schema.label_cols))[answers]
        return Calibration.of(self.sums, places, calibration.PARTS[part])

    def about(self) -> dict[str, Any]:
        """How it was made, and of what: all but the numbers."""
        return super().about() | {"worst": [galaxy.to_dict() for galaxy in self.worst]}

    def merged(self, parts: Sequence[TreeEvaluation]) -> TreeEvaluation:
        """Itself, with what the parts (itself among them) found together."""
        scored = worst(galaxy for part in parts for galaxy in part.worst)
        return replace(super().merged(parts), worst=scored)
