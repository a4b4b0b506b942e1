"""What a run works on: predictions to be streamed, and the votes, which are held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoocli.errors import DataError
from zoocli.ids import IdColumn, find_id_columns
from zoocli.losses import find_loss
from zoocli.losses.loss import Loss
from zoocli.resources import Resources
from zoocli.scoring.held import Held, IdList, hold_votes, read_only
from zoocli.scoring.naming import find_schema, find_sides
from zoocli.scoring.options import ScoreOptions, refuse_other_options
from zoocli.scoring.task import Task
from zoocli.tables import Table, open_table, open_tables


@dataclass(frozen=True)
class Inputs:
    """PREDICTIONS, still to be read, and all that is needed to score any part of them.

    `votes_name` is for messages; `ids` and `votes_ids` are the id columns of the two sides; `only`
    is the list of ids that are to be scored, if there is one.
    """

    options: ScoreOptions
    resources: Resources
    task: Task
    predictions: Table
    votes_name: str
    ids: IdColumn
    votes_ids: IdColumn
    held: Held
    only: IdList | None


def open_inputs(
    predictions: Any, votes: Any, options: ScoreOptions, resources: Resources
) -> Inputs:
    """Opens both sides, finds out how to score them, and reads VOTES.

    Raises UsageError, DataError or MachineError for what cannot be scored.
    """
    loss = find_loss(options.loss)
    refuse_other_options(options, loss)
    tables = (
        open_tables(predictions, resources, "the predictions"),
        open_table(votes, resources, "the votes"),
    )
    names = find_id_columns(
        *tables, options.predictions_id or options.id, options.votes_id or options.id
    )
    ids, votes_ids = (
        IdColumn(table, name, options.id_from) for table, name in zip(tables, names, strict=True)
    )
    task = _new_task(loss, options, tables, names)
    tables[0].require(task.prediction_columns)
    tables[1].require(task.vote_columns)
    kept = _kept_of_votes(options, tables)
    only = None
    if options.only is not None:
        only = read_only(open_table(options.only, resources, "the list"), names, options.id_from)
    held = hold_votes(tables[1], votes_ids, task, kept, only, resources)
    if options.ensemble:
        _hold_ensemble(task, options, names[0], held, resources)
    return Inputs(options, resources, task, tables[0], tables[1].name, ids, votes_ids, held, only)


def _new_task(
    loss: Loss, options: ScoreOptions, tables: tuple[Table, Table], ids: tuple[str, str]
) -> Task:
    if loss.scores == "tree":
        from zoocli.scoring.tree import TreeTask

        sides = find_sides(*tables, options)
        return TreeTask(find_schema(sides, options.schema), loss, options, *sides)
    if loss.scores == "classes":
        from zoocli.scoring.classes import ClassTask

        return ClassTask(loss, options, *tables, ids)
    from zoocli.scoring.values import ValueTask

    return ValueTask(loss, options, *tables, ids)


def _hold_ensemble(
    task: Task, options: ScoreOptions, id_name: str, held: Held, resources: Resources
) -> None:
    from zoocli.scoring.ensemble import hold_member
    from zoocli.scoring.tree import TreeTask

    assert isinstance(task, TreeTask)  # the other losses refuse the option
    used = held.nbytes
    members = []
    for source in options.ensemble:
        table = open_table(source, resources, "a file of the ensemble")
        table.require([id_name])
        columns, _ = find_sides(table, table, options)[0].columns(task.schema)
        ids = IdColumn(table, id_name, options.id_from)
        members.append(hold_member(table, ids, columns, held.index, resources, used))
        used += members[-1].values.nbytes
    task.add_ensemble(members)


def _kept_of_votes(options: ScoreOptions, tables: tuple[Table, Table]) -> list[str]:
    """The kept columns that only VOTES have; DataError for one that neither table has."""
    kept = [name for name in options.keep if name not in tables[0].column_names]
    for name in kept:
        if name not in tables[1].column_names:
            raise DataError(
                f"--keep '{name}': neither {tables[0].name} nor {tables[1].name} has that column."
            )
    return kept
