"""A batch of galaxies with true values, and those that were predicted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Floats


@dataclass(frozen=True, eq=False)
class ValuedGalaxies:
    """Predicted and true values of some galaxies, side by side.

    `predicted`, `labels` and `losses` (targets, galaxies), the losses NaN where either value does
    not exist; `loss` (galaxies,): the mean over the targets; `hashes` (galaxies,): of the ids,
    which the buckets come from; `centres` (targets,): a central label of each target, the
    same for every batch and every part.
    """

    predicted: Floats
    labels: Floats
    losses: Floats
    loss: Floats
    hashes: npt.NDArray[np.uint64]
    centres: Floats

    def __len__(self) -> int:
        return len(self.hashes)

    @cached_property
    def valid(self) -> npt.NDArray[np.bool_]:
        """(targets, galaxies): whether there are a label and a prediction."""
        return ~np.isnan(self.losses)

    @cached_property
    def residuals(self) -> Floats:
        """(targets, galaxies): predicted - true; 0 where not valid."""
        with np.errstate(invalid="ignore", over="ignore"):
            return np.where(self.valid, self.predicted - self.labels, 0.0)


def centres_of(labels: Floats) -> Floats:
    """(targets,): the lower median of the labels (galaxies, targets) that exist; 0 without any.

    It does not depend on the order of the galaxies, and lies within one standard deviation of
    their mean.

    >>> labels = np.array([[9.0, np.nan], [1.0, np.nan], [np.nan, np.nan], [2.0, np.nan]])
    >>> centres_of(labels).tolist()
    [2.0, 0.0]
    """
    centres = np.zeros(labels.shape[1])
    for target, column in enumerate(labels.T):
        present = column[~np.isnan(column)]
        if len(present):
            middle = (len(present) - 1) // 2
            centres[target] = np.partition(present, middle)[middle]
    return centres
