"""Predictions against votes: a loss per galaxy and question, and their sums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zoocli.errors import DataError, some
from zoocli.foundation.resources import Resources
from zoocli.matching.ids import rewritten_note
from zoocli.runs.options.keywords import TableLike, TablesLike
from zoocli.runs.options.score import ScoreOptions
from zoocli.runs.signature import RULES
from zoocli.scoring.inputs import Inputs, open_inputs
from zoocli.scoring.result import Scoring
from zoocli.scoring.scores import Progress, write_scores
from zoocli.scoring.shards import coverage_of, matching_of_shard, shard_of
from zoocli.scoring.sums import Matching
from zoocli.scoring.totals import Totals
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Shard

__all__ = ["Inputs", "ScoreOptions", "Scoring", "Totals", "open_inputs", "score_into"]


def score_into(
    sink: Sink,
    predictions: TablesLike,
    votes: TableLike,
    options: ScoreOptions,
    progress: Progress = lambda rows, of: None,
    shard: Shard | None = None,
) -> Scoring:
    """Scores, and writes the table to the sink, uncommitted; returns the sums and the account.

    The caller commits the sink, with the `metadata()` of the result.

    `predictions` may be a list of parts. `progress` is called with the rows done and their total
    (None where it is unknown). With `shard`, only that part of the predictions is scored.
    """
    resources = Resources.available(options.threads, options.memory_limit)
    with resources.applied():
        inputs = open_inputs(predictions, votes, options, resources)
        if shard is not None:
            inputs = shard_of(inputs, shard)
        return finished(inputs, write_scores(inputs, sink, progress))


def finished(inputs: Inputs, totals: Totals) -> Scoring:
    """The result for the totals of all parts; raises DataError for invalid data."""
    totals.check(inputs)
    inputs.task.finish(totals.seen)
    task, matching = inputs.task, matching_of_shard(inputs, totals)
    return Scoring(
        loss=task.loss_name,
        schema=task.schema_name,
        settings=settings_of(inputs),
        groups=task.groups,
        sums=totals.sums,
        counts_votes=task.counts_votes,
        matching=matching,
        notes=tuple(notes_about(inputs, totals, matching)),
        shard=None if inputs.shard is None else str(inputs.shard),
        coverage=None if inputs.shard is None else coverage_of(inputs, totals),
    )


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


def notes_about(inputs: Inputs, totals: Totals, matching: Matching) -> Iterator[str]:
    """The warnings; raises DataError for unmatched galaxies with --require-all."""
    yield from inputs.task.notes
    rewritten = rewritten_note((inputs.ids, inputs.votes_ids))
    if rewritten:
        yield rewritten
    for note, advice in missing(inputs, totals, matching):
        if inputs.options.require_all:
            raise DataError(f"{note} {advice}, or leave out --require-all.")
        yield note
    if matching.duplicated:
        yield f"{matching.duplicated:,} ids occur more than once; all their copies were dropped."
    if matching.invalid:
        yield f"{matching.invalid:,} galaxies have a null loss and are not in the means."


def missing(inputs: Inputs, totals: Totals, matching: Matching) -> Iterator[tuple[str, str]]:
    """What one of the files has and another lacks, each with advice.

    A shard does not report what VOTES and the list have beyond it: other shards may have it.
    """
    whole = inputs.shard is None
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
