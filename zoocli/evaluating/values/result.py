"""The evaluation of predicted values against true ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Family
from zoocli.evaluating.plain_losses import PlainLosses
from zoocli.evaluating.values import errors, redshifts
from zoocli.evaluating.values.errors import Errors
from zoocli.evaluating.values.redshifts import Redshifts
from zoocli.evaluating.values.residuals import Quantiles
from zoocli.evaluating.values.uncertainties import Uncertainties
from zoocli.foundation.arrays import Counts


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
        return int(self.totals["loss/galaxies"][0])

    def density(self, target: int) -> Counts | None:
        """Galaxies by true and predicted value, where values are redshifts."""
        found = self.sums.get(redshifts.PLANE)
        return None if found is None else found[target]

    @cached_property
    def families(self) -> Sequence[Family]:
        """Of losses, errors and quantiles, and what was asked for besides."""
        glossary = (
            "The mean loss over the galaxies that have all targets; a galaxy's loss is the mean "
            "over its targets."
        )
        losses = PlainLosses(self.rows, "loss", glossary)
        found: list[Family] = [losses]
        if "outlier" in self.settings:
            found.append(Redshifts(self.targets, self.settings["outlier"]))
        if "sigma" in self.settings:
            found.append(Uncertainties(self.targets))
        return [*found, Errors(self.targets), Quantiles(self.targets)]
