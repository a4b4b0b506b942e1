"""The inputs of a run: predictions, to be streamed, and votes, held in memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zoocli.errors import DataError, UsageError
from zoocli.foundation.resources import Resources
from zoocli.losses import find_loss
from zoocli.matching.findings import FRACTIONAL_VOTES
from zoocli.matching.further import FurtherColumns
from zoocli.matching.held import HeldVotes, IdList, hold_votes, read_only
from zoocli.matching.id_columns import find_id_columns
from zoocli.matching.ids import IdColumn
from zoocli.matching.naming import AnswerColumns, find_schema
from zoocli.runs.options.option import refuse_other_options
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema.naming import CONCENTRATIONS, FRACTIONS, VOTES
from zoocli.scoring.scorers.scorer import Scorer
from zoocli.scoring.suspicions import refuse_swapped
from zoocli.tables import Table, open_table, open_tables
from zoocli.tables.sources import TableLike, TablesLike

if TYPE_CHECKING:
    from zoocli.scoring.condition import Condition


@dataclass(frozen=True)
class Inputs:
    """PREDICTIONS, not yet read, and everything needed to score any part of them.

    `source` is the name of the predictions' file, without its folder; `votes` is the table that is
    held; `ids` and `votes_ids` are the id columns of the two sides; `only` is the list of ids
    to be scored, if there is one. `dropped` marks the rows of VOTES whose ids occur more than once
    in the whole, where a part cannot be scored without it; `left_out` marks those that are not to
    be scored, since another model lacks them. `condition` is that of `where`.
    """

    options: ScoreOptions
    resources: Resources
    scorer: Scorer
    predictions: Table
    source: str
    votes: Table
    ids: IdColumn
    votes_ids: IdColumn
    held: HeldVotes
    only: IdList | None
    dropped: npt.NDArray[np.bool_] | None = None
    left_out: npt.NDArray[np.bool_] | None = None
    condition: Condition | None = None


def open_inputs(
    predictions: TablesLike, votes: TableLike | Table, options: ScoreOptions, resources: Resources
) -> Inputs:
    """Opens both sides, determines how to score them, and reads VOTES.

    Raises UsageError, DataError or MachineError for what cannot be scored.
    """
    tables = (
        open_tables(predictions, resources, "the predictions"),
        open_votes(votes, options, resources),
    )
    ids = find_ids(tables, options)
    inputs = hold_inputs(tables, ids, new_scorer(tables, ids, options), options, resources)
    if FRACTIONAL_VOTES in inputs.held.findings.found:
        refuse_swapped(inputs.predictions, inputs.scorer.prediction_columns, inputs.votes.name)
    inputs.held.findings.raise_if_any()
    return inputs


def open_votes(votes: TableLike | Table, options: ScoreOptions, resources: Resources) -> Table:
    """VOTES, with the columns of «with» that other options name."""
    table = open_table(votes, resources, "the votes")
    if isinstance(table, FurtherColumns):
        return table
    if options.with_ and not options.not_predictions:
        raise UsageError(
            "«with_» is for columns that «keep», «by», «link» or «where» name. Name some."
        )
    for source in options.with_:
        other = open_table(source, resources, "the further table")
        table = FurtherColumns(table, other, options.not_predictions, options.id_from)
    return table


def find_ids(tables: tuple[Table, Table], options: ScoreOptions) -> tuple[IdColumn, IdColumn]:
    """The id columns of both sides; raises DataError where there are none."""
    names = find_id_columns(
        *tables, options.predictions_id or options.id, options.votes_id or options.id
    )
    if isinstance(tables[1], FurtherColumns):
        tables[1].join_by(names[1])
    return (
        IdColumn(tables[0], names[0], options.id_from),
        IdColumn(tables[1], names[1], options.id_from),
    )


def find_sides(
    predictions: Table, votes: Table, options: ScoreOptions
) -> tuple[AnswerColumns, AnswerColumns]:
    """Both tables, with the options for their columns."""
    return (
        AnswerColumns(
            predictions,
            FRACTIONS if options.fractions else CONCENTRATIONS,
            options.predictions_column,
        ),
        AnswerColumns(votes, VOTES, options.votes_column),
    )


def new_scorer(
    tables: tuple[Table, Table], ids: tuple[IdColumn, IdColumn], options: ScoreOptions
) -> Scorer:
    """The scorer of the chosen loss for these tables; raises DataError where they lack columns."""
    loss = find_loss(options.loss)
    refuse_other_options(options, loss)
    for table in tables:
        table.treat_as_missing(options.null_value)
    scorer: Scorer
    if loss.scores == "tree":
        from zoocli.scoring.scorers.backends import make_ready
        from zoocli.scoring.scorers.tree import TreeScorer

        if not options.fractions:
            make_ready(loss, options)
        sides = find_sides(*tables, options)
        schema = find_schema(sides, options.schema, options.questions)
        if options.fractions:
            from zoocli.scoring.scorers.fractions import FractionScorer

            scorer = FractionScorer(schema, loss, options, *sides)
        else:
            scorer = TreeScorer(schema, loss, options, *sides)
    elif loss.scores == "classes":
        from zoocli.scoring.scorers.classes import ClassScorer

        scorer = ClassScorer(loss, options, *tables, ids[0].column)
    else:
        from zoocli.scoring.scorers.values import ValueScorer

        scorer = ValueScorer(loss, options, *tables, ids[0].column)
    tables[0].require(scorer.prediction_columns)
    tables[1].require(scorer.vote_columns)
    return scorer


def hold_inputs(
    tables: tuple[Table, Table],
    ids: tuple[IdColumn, IdColumn],
    scorer: Scorer,
    options: ScoreOptions,
    resources: Resources,
) -> Inputs:
    """Reads VOTES and the ensemble; `held.findings` has the invalid values of VOTES."""
    kept = _kept_of_votes(options, tables)
    condition = None
    if options.condition is not None:
        from zoocli.scoring.condition import Condition

        condition = Condition.of(options.condition, tables, ids)
        kept = list(dict.fromkeys([*kept, *condition.of_votes.values()]))
    only = None
    if options.only is not None:
        names = ids[0].column, ids[1].column
        only = read_only(open_table(options.only, resources, "the list"), names, options.id_from)
    held = hold_votes(scorer.votes_of(tables[1]), ids[1], scorer, kept, only, resources)
    if options.ensemble:
        _hold_ensemble(scorer, options, ids[0].column, held, resources)
    source = os.path.basename(tables[0].name)
    return Inputs(
        *(options, resources, scorer, tables[0], source, tables[1]),
        *(*ids, held, only),
        condition=condition,
    )


def _hold_ensemble(
    scorer: Scorer, options: ScoreOptions, id_name: str, held: HeldVotes, resources: Resources
) -> None:
    from zoocli.matching.ensemble import hold_member
    from zoocli.scoring.scorers.tree import TreeScorer

    assert isinstance(scorer, TreeScorer)  # the other losses refuse the option
    used = held.nbytes
    members = []
    for source in options.ensemble:
        table = open_table(source, resources, "a file of the ensemble")
        table.treat_as_missing(options.null_value)
        table.require([id_name])
        found = find_sides(table, table, options)[0].find(scorer.schema)
        columns = [source.column for source in found.sources]
        ids = IdColumn(table, id_name, options.id_from)
        program = scorer.program_bytes
        members.append(hold_member(table, ids, columns, held.index, resources, used, program))
        used += members[-1].values.nbytes
    scorer.add_ensemble(members)


def _kept_of_votes(options: ScoreOptions, tables: tuple[Table, Table]) -> list[str]:
    """The kept columns that only VOTES have; raises DataError for one that no table has, once."""
    kept = [name for name in options.keep if name not in tables[0].column_names]
    tables[0].require([name for name in options.keep if name not in kept])
    for name in kept:
        if name not in tables[1].column_names:
            raise DataError(
                f"Neither {tables[0].name} nor {tables[1].name} has a column '{name}', which "
                "«keep», «by» or «link» names. Check its name."
            )
    tables[1].require(kept)
    return kept
