"""The evaluation of concentrations against votes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Family
from zoocli.evaluating.metric import Metric
from zoocli.evaluating.ranking import Ranking
from zoocli.evaluating.reliability import ReliabilityCurve
from zoocli.evaluating.tree import classification, climatology
from zoocli.evaluating.tree.calibration import PARTS, VoteCalibration
from zoocli.evaluating.tree.calibration_sums import Calibration
from zoocli.evaluating.tree.classification import Classification
from zoocli.evaluating.tree.climatology import Climatology
from zoocli.evaluating.tree.fractions import Fractions, reliability_of
from zoocli.evaluating.tree.levels import levels
from zoocli.evaluating.tree.losses import Losses
from zoocli.evaluating.tree.purity import Purity, cases_of
from zoocli.evaluating.tree.worst import ScoredGalaxy, worst
from zoocli.losses import FRACTIONS
from zoocli.schema import Schema

DIRICHLET = "dirichlet"
# The metrics that take the votes to be Dirichlet-multinomial with the predicted concentrations.
OF_DIRICHLET = (
    *("gain", "deviance", "ceiling", "excess_loss", "dispersion"),
    *("coverage", "calibration", "sharpness", "uniformity"),
)
LOSSES = ("loss", "loss_all", "se")


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TreeEvaluation(Evaluation):
    """What an evaluation of a loss of a decision tree found.

    `worst` are the galaxies with the highest loss.
    """

    schema: Schema
    worst: list[ScoredGalaxy]

    @property
    def galaxies(self) -> int:
        """The galaxies that have a loss."""
        return int(self.totals["loss/galaxies_all"][0])

    @property
    def campaigns(self) -> Sequence[str]:
        """Those of the decision tree, as its metrics name them."""
        return [*levels(self.schema)][1 : 1 + len(self.schema.campaigns)]

    @cached_property
    def families(self) -> Sequence[Family]:
        """Of losses, fractions, classes, and calibration."""
        return (
            Losses(self.schema, self.totals, self._climatologies),
            Fractions(self.schema),
            Classification(self.schema),
            Purity(self.schema, self.sums),
            VoteCalibration(self.schema),
        )

    @cached_property
    def _climatologies(self) -> list[Climatology | None]:
        """Each question's, fitted to all votes."""
        return climatology.fit(self.sums, self.schema)

    @cached_property
    def metrics(self) -> list[Metric]:
        """Every number; those that this loss, or fractions, cannot have are absent."""
        return [
            replace(one, value=None, low=None, high=None) if self.lacks(one.metric) else one
            for one in super().metrics
        ]

    def lacks(self, metric: str) -> bool:
        """Whether a number assumes another distribution of the votes, or a likelihood at all."""
        if self.loss == FRACTIONS and metric in LOSSES:
            return True
        return self.loss != DIRICHLET and metric.startswith(OF_DIRICHLET)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Whether the predictions are worse than a constant one."""
        if self.loss == FRACTIONS:
            return (
                "Fractions do not say how sure the predictions are, so they have no likelihood: "
                "losses, what is explained, dispersion and calibration are left out.",
            )
        if self.loss != DIRICHLET:
            return (
                f"The loss '{self.loss}' is no Dirichlet-multinomial likelihood: what assumes that "
                "distribution of the votes (climatology, floor, ceiling, dispersion, calibration) "
                "is left out.",
            )
        explained = self.by_name["overall", None, "deviance_explained"].value
        if explained is None or explained >= 0.0:
            return ()
        return (
            "The predictions are worse than the same prediction for every galaxy (they explain "
            f"{100 * explained:.0f} % of the deviance). Do the ids of both tables belong together, "
            "and the columns to the same answers?",
        )

    def confusion_matrices(self, confident: bool = False) -> dict[str, npt.NDArray[np.int64]]:
        """Each question's galaxies by (answer voted most, answer predicted most)."""
        part = "confident" if confident else "counted"
        counts = self.totals[f"{part}/confusion"].astype(np.int64)
        places = classification.cells(self.schema)
        return {
            question.name: counts[place].reshape(len(question.answers), -1)
            for question, place in zip(self.schema.questions, places, strict=True)
        }

    def densities(self) -> dict[str, npt.NDArray[np.int64]]:
        """Each answer's galaxies by (predicted, observed) fraction, in 50 x 50 bins from 0 to 1."""
        return dict(zip(self.schema.label_cols, self.sums["histograms/density"], strict=True))

    def calibration(self, answers: slice, part: str = "") -> Calibration:
        """The calibration of the answers of some columns, as of a question, pooled.

        `part`: "" for all galaxies that count, or one of the other `PARTS`.
        """
        places = range(len(self.schema.label_cols))[answers]
        return Calibration.of(self.sums, places, PARTS[part])

    def reliability(self, answers: slice) -> ReliabilityCurve:
        """Predicted against observed fractions of the answers of some columns, pooled."""
        return reliability_of(self.sums["histograms/bins"][answers].sum(axis=0))

    def ranking(self, answer: int) -> Ranking:
        """The votes for an answer, and against it, by its predicted fraction."""
        return Ranking(cases_of(self.sums)[answer])

    def about(self) -> dict[str, Any]:
        """How it was made, and of what: all but the numbers."""
        return super().about() | {"worst": [galaxy.to_dict() for galaxy in self.worst]}

    def of_group(self, sums: AdditiveArrays) -> TreeEvaluation:
        """The evaluation of some of its galaxies; the worst are told of all together."""
        return replace(super().of_group(sums), worst=[])

    def merged(self, parts: Sequence[TreeEvaluation]) -> TreeEvaluation:
        """Itself, with what the parts (itself among them) found together."""
        scored = worst(galaxy for part in parts for galaxy in part.worst)
        return replace(super().merged(parts), worst=scored)
