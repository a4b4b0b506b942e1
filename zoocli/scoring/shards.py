"""Shards and parts of PREDICTIONS, scored as within the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zoocli.scoring.inputs import Inputs
from zoocli.scoring.streaming import find_duplicates
from zoocli.scoring.sums import Coverage, Matching
from zoocli.scoring.totals import Totals
from zoocli.tables.slices import Shard, Slice


def prepared(inputs: Inputs) -> Inputs:
    """Finds out what no part knows by itself.

    The first id decides how ids are written; the copies of a repeated id may be in other parts.
    """
    inputs.ids.learn()
    drop = inputs.options.on_duplicate == "drop"
    return replace(inputs, dropped=find_duplicates(inputs)) if drop else inputs


def part_of(inputs: Inputs, part: Slice) -> Inputs:
    """Prepared inputs with a part of their predictions."""
    return replace(inputs, predictions=part, ids=inputs.ids.from_row(part.start))


def shard_of(inputs: Inputs, shard: Shard) -> Inputs:
    """The inputs of one shard."""
    part = shard.part_of(inputs.predictions)
    return replace(part_of(prepared(inputs), part), shard=shard)


def matching_of_shard(inputs: Inputs, totals: Totals) -> Matching:
    """The account of a shard: `duplicated` counts its ids that the whole has more than once.

    `votes_only` counts what this shard did not match.
    """
    matching = totals.matching()
    if inputs.dropped is None:
        return matching
    here = inputs.dropped & (totals.account.times > 0)
    return replace(matching, duplicated=int(np.count_nonzero(here)))


def coverage_of(inputs: Inputs, totals: Totals) -> Coverage:
    """The rows of VOTES that a shard scored, to check that shards are disjoint."""
    scored = totals.account.times > 0
    if inputs.dropped is None:
        return Coverage.of(scored)
    return Coverage.of(
        scored & ~inputs.dropped,
        int(np.count_nonzero(inputs.dropped)),
        totals.account.rows_of(inputs.dropped),
    )
