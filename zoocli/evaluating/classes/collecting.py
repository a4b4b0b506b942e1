"""What a batch of labelled galaxies adds to an evaluation."""

from __future__ import annotations

from zoocli.evaluating import plain_losses
from zoocli.evaluating.additive import AdditiveArrays, add
from zoocli.evaluating.blocks import blocks
from zoocli.evaluating.bootstrap import summed
from zoocli.evaluating.classes import classification, confidence
from zoocli.evaluating.classes.galaxies import LabelledGalaxies


def collect(galaxies: LabelledGalaxies, replicates: int, seed: int) -> AdditiveArrays:
    """Everything that is added up, block by block."""
    total: AdditiveArrays = {}
    for block in blocks(galaxies):
        features = (
            plain_losses.features(block.losses[None])
            | classification.features(block)
            | confidence.features(block)
        )
        add(total, summed(features, block.hashes, replicates, seed))
        add(total, plain_losses.collect(block.losses[None]))
        add(total, classification.collect(block))
        add(total, confidence.collect(block))
    return total
