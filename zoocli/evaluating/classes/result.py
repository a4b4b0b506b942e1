"""The evaluation of predicted classes against labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.evaluating import plain_losses
from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.classes import classification, confidence
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.intervals import HalfGalaxies
from zoocli.evaluating.metric import Estimate, Key, Metric
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
        return int(self.sums["loss/galaxies"][0])

    def _estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        yield from plain_losses.estimates(sums, [OVERALL])
        yield from classification.estimates(sums, self.classes)
        yield from confidence.estimates(sums)

    def _shares(self) -> Mapping[Key, HalfGalaxies]:
        return classification.shares(self.sums, self.classes)

    def _other_metrics(self) -> Iterator[Metric]:
        yield from plain_losses.metrics(self.sums, [OVERALL])
        yield from classification.metrics(self.sums)
        yield from confidence.metrics(self.sums)

    @property
    def confusion_matrix(self) -> npt.NDArray[np.int64]:
        """(classes, classes): the galaxies by label and by the class predicted most."""
        confusion: npt.NDArray[np.int64] = self.sums["classification/confusion"]
        return confusion

    @property
    def reliability(self) -> ReliabilityCurve:
        """The confidence (`predicted`) against the accuracy (`observed`), in groups."""
        return confidence.reliability(self.sums)

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
