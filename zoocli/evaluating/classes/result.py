"""The evaluation of predicted classes against labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.classes import confidence, separation
from zoocli.evaluating.classes.classification import Classification
from zoocli.evaluating.classes.confidence import Confidence
from zoocli.evaluating.classes.separation import Separation
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Family
from zoocli.evaluating.plain_losses import PlainLosses
from zoocli.evaluating.ranking import Ranking
from zoocli.evaluating.reliability import ReliabilityCurve
from zoocli.schema.levels import OVERALL


class ClassEvaluation(Evaluation):
    """What an evaluation of the cross-entropy found: all numbers are `overall`, or of a class."""

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of all arrays."""
        return list(self.settings["classes"])

    @property
    def galaxies(self) -> int:
        """The galaxies that have a loss."""
        return int(self.totals["loss/galaxies"][0])

    @cached_property
    def families(self) -> Sequence[Family]:
        """Of losses, classes and probabilities."""
        glossary = (
            "The mean over galaxies of -ln of the predicted probability of the label, in nats, "
            "with the class weights and the label smoothing of the settings."
        )
        losses = PlainLosses([OVERALL], "loss (nats per galaxy)", glossary)
        separation = Separation(self.classes, self.sums)
        return losses, Classification(self.classes), separation, Confidence()

    @property
    def confusion_matrix(self) -> npt.NDArray[np.int64]:
        """(classes, classes): the galaxies by label and by the class predicted most."""
        confusion: npt.NDArray[np.int64] = self.sums["classification/confusion"]
        if confusion.shape != (len(self.classes),) * 2:
            raise ValueError(f"a confusion matrix {confusion.shape} of {len(self.classes)} classes")
        return confusion

    @property
    def reliability(self) -> ReliabilityCurve:
        """The confidence (`predicted`) against the accuracy (`observed`), in groups."""
        return confidence.reliability(self.sums)

    def ranking(self, position: int) -> Ranking | None:
        """How the probability of one class orders galaxies; None with too many classes."""
        return separation.ranking(self.sums, position)

    def reliability_of(self, position: int) -> ReliabilityCurve | None:
        """The probability of one class (`predicted`) against the share of its galaxies."""
        return separation.reliability(self.sums, position)

    def to_dict(self) -> dict[str, Any]:
        """The JSON evaluation, key for key."""
        curve = self.reliability
        return super().to_dict() | {
            "confusion_matrix": {
                "classes": self.classes,
                "counts": self.confusion_matrix.tolist(),
            },
            "reliability": {
                "confidence": curve.predicted.tolist(),
                "accuracy": curve.observed.tolist(),
                "se": [None if np.isnan(se) else float(se) for se in curve.se],
                "galaxies": curve.galaxies.tolist(),
            },
        }
