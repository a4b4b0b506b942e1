"""What a batch of galaxies adds to an evaluation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays, add
from zoocli.evaluating.blocks import blocks
from zoocli.evaluating.bootstrap import summed
from zoocli.evaluating.tree import (
    calibration,
    classification,
    climatology,
    fractions,
    losses,
)
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.runs.options.rules import Rules


@dataclass(frozen=True)
class WhatToCollect:
    """What to collect: `reference` (answers,) are concentrations near the climatology."""

    rules: Rules
    reference: npt.NDArray[np.float64]
    replicates: int
    seed: int


def collect(galaxies: VotedGalaxies, plan: WhatToCollect) -> AdditiveArrays:
    """Everything that is added up, block by block."""
    total: AdditiveArrays = {}
    for block in blocks(galaxies):
        features = (
            losses.features(block, plan.reference)
            | fractions.features(block, plan.rules)
            | classification.features(block, plan.rules)
            | calibration.features(block, plan.rules)
        )
        add(total, summed(features, block.hashes, plan.replicates, plan.seed))
        add(total, losses.collect(block))
        add(total, climatology.collect(block))
        add(total, fractions.collect(block, plan.rules))
        add(total, classification.collect(block, plan.rules))
        add(total, calibration.collect(block, plan.rules, plan.seed))
    return total
