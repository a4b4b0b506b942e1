"""Predictions against votes, streamed into an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.columns import from_numpy
from zoocli.concentrations import dense
from zoocli.errors import UsageError
from zoocli.evaluating.links import ID, Link, as_texts
from zoocli.evaluating.options import EvaluateOptions
from zoocli.hashing import hash_ids
from zoocli.resources import Resources
from zoocli.scoring import Inputs, Scoring, Totals, finished, open_inputs
from zoocli.scoring.matched import Matched
from zoocli.scoring.scores import Progress
from zoocli.scoring.streaming import stream
from zoocli.scoring.task import Losses
from zoocli.scoring.tree import TreeTask
from zoocli.statistics.evaluation.additive import AdditiveArrays, add, added
from zoocli.statistics.evaluation.climatology import collect_votes, reference
from zoocli.statistics.evaluation.collecting import Plan, collect
from zoocli.statistics.evaluation.galaxies import Galaxies
from zoocli.statistics.evaluation.result import LOSS, Evaluation
from zoocli.statistics.evaluation.worst import ScoredGalaxy, worst, worst_of

__all__ = ["EvaluateOptions", "evaluate_into"]

BLOCK = 65_536  # rows of VOTES
VALUE_BYTES = 8


def evaluate_into(
    predictions: Any,
    votes: Any,
    options: EvaluateOptions,
    progress: Progress = lambda rows, of: None,
) -> Evaluation:
    """Evaluates PREDICTIONS, batch by batch as they are read, against VOTES.

    Raises UsageError, DataError or MachineError as scoring does.
    """
    if options.score.loss != LOSS:
        raise UsageError(
            f"The loss '{options.score.loss}' has no evaluation; {LOSS} has. Leave out --loss."
        )
    resources = Resources.available(options.score.threads, options.score.memory_limit)
    kept = [] if options.linking is None else options.linking.columns
    with resources.obeyed():
        inputs = open_inputs(predictions, votes, replace(options.score, keep=kept), resources)
        return _evaluate(inputs, options, progress)


def _evaluate(inputs: Inputs, options: EvaluateOptions, progress: Progress) -> Evaluation:
    task = inputs.task
    assert isinstance(task, TreeTask)
    reached = reference(_held_histograms(task, inputs.held.values), task.schema)
    plan = Plan(options.rules, reached, options.bootstrap, options.seed)

    def work(matched: Matched) -> tuple[Losses, AdditiveArrays, list[ScoredGalaxy]]:
        losses = task.score(matched, inputs.held.values)
        galaxies = _galaxies(task, matched, inputs.held.values, losses)
        links = partial(_links, inputs, matched, options.linking)
        return losses, collect(galaxies, plan), worst_of(galaxies, matched.ids, links)

    totals, sums, bad = Totals.nothing(inputs), AdditiveArrays(), list[ScoredGalaxy]()
    row_bytes = VALUE_BYTES * len(task.prediction_columns) * (2 + task.passes)
    here = inputs.predictions.column_names
    columns = [*task.prediction_columns, *(set(inputs.options.keep) & {*here})]
    for matched, (losses, part, galaxies) in stream(inputs, columns, work, row_bytes):
        totals.take(inputs, matched)
        totals.add_losses(inputs, losses)
        add(sums, part)
        bad = worst(bad + galaxies)
        progress(totals.rows, inputs.predictions.rows)
    return _result(task, finished(inputs, totals), options, sums, bad)


def _galaxies(
    task: TreeTask, matched: Matched, values: npt.NDArray[Any], losses: Losses
) -> Galaxies:
    assert losses.votes is not None
    return Galaxies(
        task.schema,
        dense(task.concentrations(matched)),
        np.ascontiguousarray(values[matched.held_rows].T, np.int64),
        losses.votes.astype(np.int64),
        losses.parts,
        hash_ids(matched.text.take(from_numpy(matched.rows))),
    )


def _links(
    inputs: Inputs, matched: Matched, link: Link | None, rows: Sequence[int]
) -> list[str | None]:
    """The addresses of some of the matched galaxies; None where a value is missing."""
    if link is None:
        return [None] * len(rows)
    here, there = matched.rows[rows], matched.held_rows[rows]
    columns: dict[str, list[str | None]] = {ID: [*matched.ids(rows)]}
    for name in link.columns:
        known = name in matched.batch.schema.names
        column = matched.batch.column(name) if known else inputs.held.kept.column(name)
        columns[name] = as_texts(column.take(from_numpy(here if known else there)), name)
    return [
        link.fill(dict(zip(columns, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    ]


def _held_histograms(task: TreeTask, values: npt.NDArray[Any]) -> AdditiveArrays:
    """Histograms of all of VOTES, matched or not."""
    starts = [part.start for part in task.schema.question_slices]

    def block(start: int) -> AdditiveArrays:
        votes = np.ascontiguousarray(values[start : start + BLOCK].T, np.int64)
        return collect_votes(votes, np.add.reduceat(votes, starts, axis=0))

    return added(map(block, range(0, len(values), BLOCK)))


def _result(
    task: TreeTask,
    scoring: Scoring,
    options: EvaluateOptions,
    sums: AdditiveArrays,
    bad: list[ScoredGalaxy],
) -> Evaluation:
    return Evaluation(
        schema=task.schema,
        settings=scoring.settings | options.settings(),
        matching=scoring.matching,
        sums=sums,
        worst=bad,
        notes=scoring.notes,
    )
