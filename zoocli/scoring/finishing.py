"""From the totals of all parts to the result: the checks, the account, the notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from zoocli.errors import DataError, some
from zoocli.matching.account import Coverage, Matching
from zoocli.matching.ids import differing_note, rewritten_note
from zoocli.runs.provenance import Predictions, Provenance
from zoocli.runs.signature import RULES
from zoocli.scoring.inputs import Inputs
from zoocli.scoring.result import ScoreResult
from zoocli.scoring.totals import ScoreTotals
from zoocli.tables.parts.slices import Shard


def finished(inputs: Inputs, totals: ScoreTotals, shard: Shard | None = None) -> ScoreResult:
    """The result for the totals of all parts; raises DataError for invalid data."""
    totals.check(inputs, whole=shard is None)
    inputs.scorer.finish(totals.seen)
    matching = matching_of_shard(inputs, totals)
    provenance = replace(
        provenance_of(inputs),
        predictions=Predictions((inputs.source,), totals.fingerprint),
        shard=None if shard is None else str(shard),
        matching=matching,
        coverage=None if shard is None else coverage_of(inputs, totals),
    )
    return ScoreResult(
        provenance,
        levels=inputs.scorer.levels,
        sums=totals.sums,
        counts_votes=inputs.scorer.counts_votes,
        notes=tuple(notes_about(inputs, totals, matching, whole=shard is None)),
    )


def provenance_of(inputs: Inputs) -> Provenance:
    """What is known of the result before anything is scored."""
    scorer = inputs.scorer
    return Provenance(
        loss=scorer.loss_name, schema=scorer.schema_name, settings=settings_of(inputs)
    )


def settings_of(inputs: Inputs) -> dict[str, Any]:
    """Everything that changes the numbers, and nothing else (no threads, batches, device)."""
    scorer, only = inputs.scorer, inputs.only
    rules = {rule: getattr(inputs.options, rule) for rule in RULES}
    if not scorer.counts_votes:
        del rules["on_fractional"], rules["missing_votes"]
    return (
        rules
        | scorer.settings()
        | {
            **({} if inputs.condition is None else {"where": inputs.condition.text}),
            "null_value": list(inputs.options.null_value),
            "only": None if only is None else f"{len(only)} ids",
            "votes_fingerprint": inputs.held.fingerprint,
            "votes_rows": len(inputs.held.index),
        }
    )


def notes_about(
    inputs: Inputs, totals: ScoreTotals, matching: Matching, whole: bool
) -> Iterator[str]:
    """The warnings; raises DataError for unmatched galaxies with --require-all."""
    yield from inputs.scorer.notes_about(inputs.held.values)
    ids, options = (inputs.ids, inputs.votes_ids), inputs.options
    given = options.predictions_id or options.id, options.votes_id or options.id
    yield from filter(None, (differing_note(ids, given), rewritten_note(ids)))
    for note, advice in missing(inputs, totals, matching, whole):
        if inputs.options.require_all:
            raise DataError(f"{note} {advice}, or leave out «require_all».")
        yield note
    if matching.excluded:
        yield f"«where» does not hold for {matching.excluded:,} galaxies, which are left out."
    if matching.duplicated:
        yield f"{matching.duplicated:,} ids occur more than once; all their copies were dropped."
    if matching.invalid:
        yield f"{matching.invalid:,} galaxies have a null loss and are not in the means."


def missing(
    inputs: Inputs, totals: ScoreTotals, matching: Matching, whole: bool
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
    note += f", and {of_votes:,} rows of {inputs.votes.name} have no prediction." if whole else "."
    yield note, "Complete the files"


def matching_of_shard(inputs: Inputs, totals: ScoreTotals) -> Matching:
    """The account of a shard: `duplicated` counts its ids that the whole has more than once.

    `votes_only` counts what this shard did not match.
    """
    matching = totals.matching(inputs)
    if inputs.dropped is None:
        return matching
    here = inputs.dropped & (totals.account.times > 0)
    return replace(matching, duplicated=int(np.count_nonzero(here)))


def coverage_of(inputs: Inputs, totals: ScoreTotals) -> Coverage:
    """The rows of VOTES that a shard scored, to check that shards are disjoint."""
    scored = totals.account.times > 0
    if inputs.dropped is None:
        return Coverage.of(scored)
    return Coverage.of(
        scored & ~inputs.dropped,
        int(np.count_nonzero(inputs.dropped)),
        totals.account.rows_of(inputs.dropped),
    )
