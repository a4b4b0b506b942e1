"""A batch of galaxies with a label each, and the probabilities that were predicted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zoocli.foundation.arrays import Floats


@dataclass(frozen=True, eq=False)
class LabelledGalaxies:
    """Predictions and labels of some galaxies, side by side.

    `predictions` (classes, galaxies): as they were given, logits or probabilities;
    `probabilities` (classes, galaxies): adding up to 1, NaN where they do not exist; `labels`
    (galaxies,): the class of each, -1 for none; `losses` (galaxies,) in nats, NaN where there is
    none; `hashes` (galaxies,): of the ids, which the buckets come from.

    >>> numbers = np.array([[0.7, 0.2], [0.3, 0.8]])
    >>> galaxies = LabelledGalaxies(numbers, numbers, np.array([0, -1]), np.zeros(2),
    ...                             np.zeros(2, np.uint64))
    >>> galaxies.valid.tolist(), galaxies.best.tolist(), galaxies.confidence.tolist()
    ([True, False], [0, 1], [0.7, 0.8])
    """

    predictions: Floats
    probabilities: Floats
    labels: npt.NDArray[np.int32]
    losses: Floats
    hashes: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.hashes)

    @cached_property
    def valid(self) -> npt.NDArray[np.bool_]:
        """(galaxies,): whether there are a label and probabilities; only such galaxies count.

        A label whose probability is 0 counts, though its loss is infinite and so null.
        """
        return (self.labels >= 0) & ~np.isnan(self.probabilities).any(axis=0)

    @cached_property
    def best(self) -> npt.NDArray[np.intp]:
        """(galaxies,): the class predicted most, the first of equal ones."""
        best: npt.NDArray[np.intp] = self.predictions.argmax(axis=0)
        return best

    @cached_property
    def right(self) -> npt.NDArray[np.bool_]:
        """(galaxies,): whether that class is the label."""
        right: npt.NDArray[np.bool_] = self.best == self.labels
        return right

    @cached_property
    def confidence(self) -> Floats:
        """(galaxies,): the probability of the class predicted most."""
        return self.probabilities[self.best, np.arange(len(self))]
