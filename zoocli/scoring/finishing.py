"""From the totals of all parts to the result: the checks, the account, the notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from zoocli.errors import DataError, some
from zoocli.matching.account import Coverage, Matching
from zoocli.matching.ids import rewritten_note
from zoocli.runs.provenance import Predictions, Provenance
from zoocli.runs.signature import RULES
from zoocli.scoring.inputs import Inputs
from zoocli.scoring.result import Scoring
from zoocli.scoring.totals import Totals
from zoocli.tables.slices import Shard


def finished(inputs: Inputs, totals: Totals, shard: Shard | None = None) -> Scoring:
    """The result for the totals of all parts; raises DataError for invalid data."""
    totals.check(inputs, whole=shard is None)
    inputs.task.finish(totals.seen)
    matching = matching_of_shard(inputs, totals)
    provenance = replace(
        provenance_of(inputs),
        predictions=Predictions((inputs.source,), totals.fingerprint),
        shard=None if shard is None else str(shard),
        matching=matching,
        coverage=None if shard is None else coverage_of(inputs, totals),
    )
    return Scoring(
        provenance,
        groups=inputs.task.groups,
        sums=totals.sums,
        counts_votes=inputs.task.counts_votes,
        notes=tuple(notes_about(inputs, totals, matching, whole=shard is None)),
    )


def provenance_of(inputs: Inputs) -> Provenance:
    """What is known of the result before anything is scored."""
    task = inputs.task
    return Provenance(loss=task.loss_name, schema=task.schema_name, settings=settings_of(inputs))


def settings_of(inputs: Inputs) -> dict[str, Any]:
    """Everything that changes the numbers, and nothing else (no threads, batches, device)."""
    task, only = inputs.task, inputs.only
    rules = {rule: getattr(inputs.options, rule) for rule in RULES}
    if not task.counts_votes:
        del rules["on_fractional"], rules["missing_votes"]
    return (
        rules
        | task.settings()
        | {
            "only": None if only is None else f"{len(only)} ids",
            "votes_fingerprint": inputs.held.fingerprint,
            "votes_rows": len(inputs.held.index),
        }
    )


def notes_about(inputs: Inputs, totals: Totals, matching: Matching, whole: bool) -> Iterator[str]:
    """The warnings; raises DataError for unmatched galaxies with --require-all."""
    yield from inputs.task.notes
    rewritten = rewritten_note((inputs.ids, inputs.votes_ids))
    if rewritten:
        yield rewritten
    for note, advice in missing(inputs, totals, matching, whole):
        if inputs.options.require_all:
            raise DataError(f"{note} {advice}, or leave out --require-all.")
        yield note
    if matching.duplicated:
        yield f"{matching.duplicated:,} ids occur more than once; all their copies were dropped."
    if matching.invalid:
        yield f"{matching.invalid:,} galaxies have a null loss and are not in the means."


def missing(
    inputs: Inputs, totals: Totals, matching: Matching, whole: bool
) -> Iterator[tuple[str, str]]:
    """What one of the files has and another lacks, each with advice.

    A shard does not report what VOTES and the list have beyond it: other shards may have it.
    """
    if inputs.only is not None and whole:
        count, first = inputs.only.unseen(totals.listed)
        if count:
            note = f"{count:,} ids of {inputs.only.name} are in neither table, such as "
            yield f"{note}{some(first)}.", "Correct the list"
    of_votes = matching.votes_only if whole else 0
    if not (matching.predictions_only or of_votes or not matching.matched):
        return
    ids = f" (such as {some(totals.unmatched_ids)})" if totals.unmatched_ids else ""
    note = (
        f"{matching.matched:,} galaxies match. {matching.predictions_only:,} rows of "
        f"{inputs.predictions.name}{ids} have no votes"
    )
    note += f", and {of_votes:,} rows of {inputs.votes_name} have no prediction." if whole else "."
    yield note, "Complete the files"


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
