"""The evaluation of predicted values against true ones."""

from __future__ import annotations

from collections.abc import Iterator

from zoocli.evaluating import plain_losses
from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.metric import Estimate, Metric
from zoocli.evaluating.values import errors, residuals


class ValueEvaluation(Evaluation):
    """What an evaluation of mse or l1 found.

    All numbers are `overall`, or of a target where there are several.
    """

    @property
    def targets(self) -> list[str]:
        """The names of the targets: their columns of labels."""
        return list(self.settings["labels"])

    @property
    def rows(self) -> list[str]:
        """What numbers are about: `overall`, and the targets where there are several."""
        return [name for name, _ in errors.rows(self.targets)]

    @property
    def galaxies(self) -> int:
        """The galaxies that have a loss: those with all targets."""
        return int(self.sums["loss/galaxies"][0])

    def _estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        yield from plain_losses.estimates(sums, self.rows)
        yield from errors.estimates(sums, self.targets)

    def _other_metrics(self) -> Iterator[Metric]:
        yield from plain_losses.metrics(self.sums, self.rows)
        yield from residuals.metrics(self.sums, self.targets)
