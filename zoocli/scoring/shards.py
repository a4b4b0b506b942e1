"""Parts of PREDICTIONS, each scored as it would be within the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zoocli.scoring.inputs import Inputs
from zoocli.scoring.streaming import find_duplicates
from zoocli.scoring.totals import Totals
from zoocli.sums import Coverage, Matching
from zoocli.tables.slices import Shard, Slice


def prepared(inputs: Inputs) -> Inputs:
    """Finds out what no part knows by itself.

    How ids are written is told by the first one; ids that are to be dropped may have their copies
    in other parts.
    """
    inputs.ids.learn()
    drop = inputs.options.on_duplicate == "drop"
    return replace(inputs, dropped=find_duplicates(inputs)) if drop else inputs


def part_of(inputs: Inputs, part: Slice) -> Inputs:
    """The same, but for the predictions, which are a part of those of prepared inputs."""
    return replace(inputs, predictions=part, ids=inputs.ids.from_row(part.start))


def shard_of(inputs: Inputs, shard: Shard) -> Inputs:
    """The inputs of one shard."""
    part = shard.part_of(inputs.predictions)
    return replace(part_of(prepared(inputs), part), shard=shard)


def matching_of_shard(inputs: Inputs, totals: Totals) -> Matching:
    """The account of a shard: `duplicated` are those of its ids that the whole has more than once.

    `votes_only` counts what this shard did not match.
    """
    matching = totals.matching()
    if inputs.dropped is None:
        return matching
    here = inputs.dropped & (totals.account.times > 0)
    return replace(matching, duplicated=int(np.count_nonzero(here)))


def coverage_of(inputs: Inputs, totals: Totals) -> Coverage:
    """Which rows of VOTES a shard scored, so that shards can be told to be disjoint."""
    scored = totals.account.times > 0
    if inputs.dropped is None:
        return Coverage.of(scored)
    return Coverage.of(
        scored & ~inputs.dropped,
        int(np.count_nonzero(inputs.dropped)),
        totals.account.rows_of(inputs.dropped),
    )
