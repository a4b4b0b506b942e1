"""Predictions against votes, labels or values, streamed into an evaluation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zoocli.evaluating.evaluator import Evaluator, Part
from zoocli.evaluating.options import EvaluateOptions
from zoocli.resources import Resources
from zoocli.scoring import Inputs, Totals, finished, open_inputs
from zoocli.scoring.matched import Matched
from zoocli.scoring.scores import Progress
from zoocli.scoring.streaming import stream
from zoocli.scoring.tree import TreeTask
from zoocli.statistics.evaluation.additive import AdditiveArrays, add
from zoocli.statistics.evaluation.evaluation import Evaluation
from zoocli.statistics.evaluation.worst import ScoredGalaxy, worst

__all__ = ["EvaluateOptions", "evaluate_into"]

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
    resources = Resources.available(options.score.threads, options.score.memory_limit)
    linked = [] if options.linking is None else options.linking.columns
    kept = list(dict.fromkeys([*options.score.keep, *linked]))
    with resources.obeyed():
        inputs = open_inputs(predictions, votes, replace(options.score, keep=kept), resources)
        return _evaluate(inputs, _evaluator(inputs, options), progress)


def _evaluator(inputs: Inputs, options: EvaluateOptions) -> Evaluator:
    if isinstance(inputs.task, TreeTask):
        from zoocli.evaluating.tree import TreeEvaluator

        return TreeEvaluator(inputs.task, inputs.held, options)
    from zoocli.scoring.classes import ClassTask
    from zoocli.scoring.values import ValueTask

    if isinstance(inputs.task, ClassTask):
        from zoocli.evaluating.classes import ClassEvaluator

        return ClassEvaluator(inputs.task, inputs.held.values, options)
    from zoocli.evaluating.values import ValueEvaluator

    assert isinstance(inputs.task, ValueTask)
    return ValueEvaluator(inputs.task, inputs.held.values, options)


def _evaluate(inputs: Inputs, evaluator: Evaluator, progress: Progress) -> Evaluation:
    def work(matched: Matched) -> Part:
        return evaluator.collect(matched, inputs.task.score(matched, inputs.held.values))

    totals, sums, bad = Totals.nothing(inputs), AdditiveArrays(), list[ScoredGalaxy]()
    kept = {*inputs.options.keep} & {*inputs.predictions.column_names}
    columns = [*inputs.task.prediction_columns, *sorted(kept)]
    row_bytes = VALUE_BYTES * len(columns) * evaluator.copies
    for matched, part in stream(inputs, columns, work, row_bytes):
        totals.take(inputs, matched)
        totals.add_losses(inputs, part.losses)
        add(sums, part.sums)
        bad = worst(bad + part.worst)
        progress(totals.rows, inputs.predictions.rows)
    return evaluator.evaluation(finished(inputs, totals), sums, bad)
