"""Predictions against votes: one loss a galaxy and question, and their sums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zoocli.errors import DataError, some
from zoocli.ids import IdColumn, find_id_columns, rewritten_note
from zoocli.losses import find_loss
from zoocli.losses.loss import Loss
from zoocli.resources import Resources
from zoocli.schema import detect_schema, load_schema
from zoocli.scoring.engine import Engine, Progress, Totals
from zoocli.scoring.held import Held, IdList, hold_votes, read_only
from zoocli.scoring.options import ScoreOptions, refuse_other_options
from zoocli.scoring.result import Scoring
from zoocli.scoring.task import Task
from zoocli.signature import RULES
from zoocli.sums import Matching
from zoocli.tables import Table, open_table, open_tables
from zoocli.tables.sinks import Sink

__all__ = ["ScoreOptions", "Scoring", "score_into"]


def score_into(
    sink: Sink,
    predictions: Any,
    votes: Any,
    options: ScoreOptions,
    progress: Progress = lambda rows, of: None,
) -> Scoring:
    """Scores and writes the table to the sink, uncommitted; returns what it adds up to.

    The caller commits the sink, with the `metadata()` of the result.

    `predictions` may be a list of parts. `progress` is told the rows done, and of how many (None
    where that is not known).
    """
    resources = Resources.available(options.threads, options.memory_limit)
    with resources.obeyed():
        return _score_into(sink, predictions, votes, options, resources, progress)


def _score_into(
    sink: Sink,
    predictions: Any,
    votes: Any,
    options: ScoreOptions,
    resources: Resources,
    progress: Progress,
) -> Scoring:
    loss = find_loss(options.loss)
    refuse_other_options(options, loss)
    tables = (
        open_tables(predictions, resources, "the predictions"),
        open_table(votes, resources, "the votes"),
    )
    names = find_id_columns(
        *tables, options.predictions_id or options.id, options.votes_id or options.id
    )
    columns = IdColumn(tables[0], names[0]), IdColumn(tables[1], names[1])
    task = _new_task(loss, options, tables, names)
    kept = _kept_of_votes(options, tables, task)
    only = _read_list(options, names, resources)
    held = hold_votes(tables[1], columns[1], task, kept, only, resources)
    engine = Engine(task, options, tables[0], columns[0], held, only, resources)
    totals = engine.run(sink, progress)
    matching = totals.matching()
    return Scoring(
        loss=task.loss_name,
        schema=task.schema_name,
        settings=_settings(task, options, held, only),
        groups=task.groups,
        sums=totals.sums,
        counts_votes=task.counts_votes,
        matching=matching,
        notes=tuple(_notes(totals, matching, columns, tables, options, only)),
    )


def _read_list(options: ScoreOptions, ids: tuple[str, str], resources: Resources) -> IdList | None:
    if options.only is None:
        return None
    return read_only(open_table(options.only, resources, "the list"), ids)


def _new_task(
    loss: Loss,
    options: ScoreOptions,
    tables: tuple[Table, Table],
    ids: tuple[str, str],
) -> Task:
    if loss.scores == "tree":
        from zoocli.scoring.tree import TreeTask

        names = [table.column_names for table in tables]
        schema = detect_schema(*names) if options.schema is None else load_schema(options.schema)
        return TreeTask(schema, loss, options, *tables)
    if loss.scores == "classes":
        from zoocli.scoring.classes import ClassTask

        return ClassTask(loss, options, *tables, ids)
    from zoocli.scoring.values import ValueTask

    return ValueTask(loss, options, *tables, ids)


def _kept_of_votes(options: ScoreOptions, tables: tuple[Table, Table], task: Task) -> list[str]:
    """The kept columns that only VOTES have; DataError for one that neither table has."""
    tables[0].require(task.prediction_columns)
    tables[1].require(task.vote_columns)
    kept = [name for name in options.keep if name not in tables[0].column_names]
    for name in kept:
        if name not in tables[1].column_names:
            raise DataError(
                f"--keep '{name}': neither {tables[0].name} nor {tables[1].name} has that column."
            )
    return kept


def _settings(task: Task, options: ScoreOptions, held: Held, only: IdList | None) -> dict[str, Any]:
    """All that changes the numbers, and nothing that does not (threads, batches, device)."""
    rules = {rule: getattr(options, rule) for rule in RULES}
    if not task.counts_votes:
        del rules["on_fractional"], rules["missing_votes"]
    return (
        rules
        | task.settings()
        | {
            "only": None if only is None else f"{len(only)} ids",
            "votes_fingerprint": held.fingerprint,
            "votes_rows": len(held.index),
        }
    )


def _notes(
    totals: Totals,
    matching: Matching,
    columns: tuple[IdColumn, IdColumn],
    tables: tuple[Table, Table],
    options: ScoreOptions,
    only: IdList | None,
) -> Iterator[str]:
    rewritten = rewritten_note(columns)
    if rewritten:
        yield rewritten
    if only is not None:
        yield from _absent_note(only, options.require_all)
    if matching.predictions_only or matching.votes_only:
        ids = f" (such as {some(totals.unmatched_ids)})" if totals.unmatched_ids else ""
        unmatched = (
            f"{matching.matched:,} galaxies match. {matching.predictions_only:,} rows of "
            f"{tables[0].name}{ids} have no votes, and {matching.votes_only:,} rows of "
            f"{tables[1].name} have no prediction."
        )
        if options.require_all:
            raise DataError(f"{unmatched} Complete the files, or leave out --require-all.")
        yield unmatched
    if matching.duplicated:
        yield f"{matching.duplicated:,} ids stand more than once and were dropped, all copies."
    if matching.invalid:
        yield f"{matching.invalid:,} galaxies have a null loss and leave the means."


def _absent_note(only: IdList, require_all: bool) -> Iterator[str]:
    count, first = only.unseen()
    if count:
        note = f"{count:,} ids of {only.name} are in neither table, such as {some(first)}."
        if require_all:
            raise DataError(f"{note} Mend the list, or leave out --require-all.")
        yield note
