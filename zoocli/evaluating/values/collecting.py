"""What a batch of galaxies with values adds to an evaluation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zoocli.evaluating import plain_losses
from zoocli.evaluating.additive import AdditiveArrays, add
from zoocli.evaluating.blocks import blocks
from zoocli.evaluating.bootstrap import summed
from zoocli.evaluating.values import errors, residuals
from zoocli.evaluating.values.galaxies import ValuedGalaxies


def collect(galaxies: ValuedGalaxies, replicates: int, seed: int) -> AdditiveArrays:
    """Everything that is added up: the histograms at once, the rest block by block."""
    total = residuals.collect(galaxies)
    for block in blocks(galaxies):
        losses = _rows_of_losses(block)
        features = plain_losses.features(losses) | errors.features(block)
        with np.errstate(invalid="ignore", over="ignore"):
            add(total, summed(features, block.hashes, replicates, seed))
            add(total, plain_losses.collect(losses))
    return total


def _rows_of_losses(galaxies: ValuedGalaxies) -> npt.NDArray[np.float64]:
    """The losses of `errors.rows`: of all targets, then of each where there are several."""
    if len(galaxies.losses) == 1:
        return galaxies.losses
    return np.concatenate([galaxies.loss[np.newaxis], galaxies.losses])
