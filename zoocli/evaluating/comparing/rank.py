"""Several models against one table of votes: who is best, and how sure that is.

VOTES are read once (labels of classes once a model, since their codes follow from its columns), and
each model streams past them. The galaxies are those that all models have. Every sum is kept by
bucket of galaxies, so that the difference of two models, its interval and its p-value follow from
the sums of both (`zoocli.evaluating.comparing.paired`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from zoocli.errors import DataError, UsageError
from zoocli.evaluating.buckets import PREFIX
from zoocli.evaluating.comparing.comparison import LEVEL
from zoocli.evaluating.comparing.holm import holm
from zoocli.evaluating.comparing.letters import group_letters
from zoocli.evaluating.comparing.paired import BucketDifferences
from zoocli.evaluating.comparing.ranked import DifferenceFromBest, RankedModel, Ranking
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.job import add_up, evaluation_of, evaluator_of, score_options
from zoocli.foundation.arrays import Mask
from zoocli.foundation.resources import Resources
from zoocli.matching.held import batches_with_ids
from zoocli.matching.ids import IdColumn
from zoocli.matching.matched import Matched
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.options.score import ScoreOptions
from zoocli.scoring.inputs import Inputs, find_ids, hold_inputs, new_scorer, open_inputs, open_votes
from zoocli.scoring.scorers.tree import TreeScorer
from zoocli.tables import Table, open_tables
from zoocli.tables.sources import TableLike, TablesLike

# Called with the model's name, its number and all models; gives what is called with the rows done.
ModelProgress = Callable[[str, int, int], Callable[[int, int | None], None]]


def silent_models(name: str, number: int, count: int) -> Callable[[int, int | None], None]:
    """Tells nobody."""
    del name, number, count
    return lambda rows, of: None


def rank_models(
    models: Mapping[str, TablesLike],
    votes: TableLike,
    options: EvaluateOptions,
    progress: ModelProgress = silent_models,
) -> Ranking:
    """Evaluates each model on the galaxies that all have, and ranks them by their mean loss.

    Raises UsageError for fewer than two models and for options that give models other galaxies;
    otherwise the errors of an evaluation.
    """
    if len(models) < 2:
        raise UsageError("There is nothing to rank: give at least two models, then the votes.")
    _refuse(options)
    resources = Resources.available(options.score.threads, options.score.memory_limit)
    with resources.applied():
        opened = _open(models, votes, score_options(options), resources)
        found = {name: _matched(inputs) for name, inputs in opened.items()}
        common = np.logical_and.reduce([*found.values()])
        lacking = np.logical_or.reduce([*found.values()]) & ~common
        if not common.any():
            raise DataError(_why_nothing(found))
        evaluations = {}
        for number, (name, inputs) in enumerate(opened.items(), start=1):
            if lacking.any():
                inputs = replace(inputs, left_out=lacking)
            evaluator = evaluator_of(inputs, options)
            total = add_up(inputs, evaluator, progress(name, number, len(models)))
            evaluations[name] = evaluation_of(inputs, evaluator, total, None)
    left_out = {name: int(np.count_nonzero(one & ~common)) for name, one in found.items()}
    return _ranking(evaluations, left_out, options.seed)


def _refuse(options: EvaluateOptions) -> None:
    """Refuses what would score another set of galaxies for each model, or several as one."""
    for name in ("by", "link"):
        if getattr(options, name):
            raise UsageError(f"«{name}» is for a single model: `evaluate` takes it. Leave it out.")
    if options.fractions:
        raise UsageError(
            "Models are ranked by their loss, and «fractions» have none. Leave it out."
        )
    if options.score.ensemble:
        raise UsageError("«ensemble» makes several files one model. Give each model to rank alone.")
    if options.score.on_invalid != "error":
        raise UsageError(
            "Models are ranked on the same galaxies, so none of them may have predictions without "
            "a likelihood. Leave out «on_invalid», or leave such galaxies out with «only»."
        )


def _open(
    models: Mapping[str, TablesLike], votes: TableLike, options: ScoreOptions, resources: Resources
) -> dict[str, Inputs]:
    """Every model against the same VOTES, with the schema that the first of them gives."""
    table = open_votes(votes, options, resources)
    (first, source), *others = models.items()
    inputs = open_inputs(source, table, options, resources)
    opened = {first: inputs}
    if isinstance(inputs.scorer, TreeScorer):
        options = replace(options, schema=inputs.scorer.schema)
    options = replace(options, votes_id=inputs.votes_ids.column)
    for name, source in others:
        predictions = open_tables(source, resources, f"the model {name}")
        opened[name] = _beside(inputs, (predictions, table), options)
    return opened


def _beside(first: Inputs, tables: tuple[Table, Table], options: ScoreOptions) -> Inputs:
    """Another model, against the VOTES that the first one is scored with."""
    ids: tuple[IdColumn, IdColumn] = find_ids(tables, options)
    scorer = new_scorer(tables, ids, options)
    if isinstance(scorer, TreeScorer):
        return replace(
            first,
            options=options,
            scorer=scorer,
            predictions=tables[0],
            source=os.path.basename(tables[0].name),
            ids=ids[0],
        )
    inputs = hold_inputs(tables, ids, scorer, options, first.resources)
    inputs.held.findings.raise_if_any()
    return inputs


def _matched(inputs: Inputs) -> Mask:
    """Which rows of VOTES a model has a prediction for, where the condition holds, if there is one.

    Reads the ids, and the columns of the condition: each model may have other values there.
    """
    matched = np.zeros(len(inputs.held.index), np.bool_)
    rows, condition = inputs.options.batch_size, inputs.condition
    columns = [] if condition is None else [*condition.of_predictions.values()]
    types = inputs.scorer.prediction_types
    name, index = inputs.predictions.name, inputs.held.index
    for batch, text in batches_with_ids(inputs.predictions, inputs.ids, columns, types, rows):
        one = Matched.of(name, batch, text, index)
        if condition is not None:
            one = condition.apply(one, inputs.held.kept)
        matched[one.held_rows] = True
    return matched


def _why_nothing(found: Mapping[str, Mask]) -> str:
    counts = [f"{name} has {np.count_nonzero(one):,}" for name, one in found.items()]
    return (
        f"No galaxy is in all models and in the votes; of those with votes, {', '.join(counts)}. "
        "Name the id column with «predictions_id» and «votes_id», or give predictions of the same "
        "galaxies."
    )


def _ranking(
    evaluations: Mapping[str, Evaluation], left_out: Mapping[str, int], seed: int
) -> Ranking:
    means = {name: one.by_name["overall", None, "loss"].value for name, one in evaluations.items()}
    order = sorted(evaluations, key=lambda name: (means[name] is None, means[name] or 0.0))
    ordered = [evaluations[name] for name in order]
    differences = _from_best(ordered)
    letters = _letters(ordered)
    return Ranking(
        models=tuple(
            RankedModel(
                name=name,
                rank=place + 1,
                group=letters[place],
                evaluation=evaluations[name],
                difference=differences[place].get("overall"),
                differences={
                    question: found
                    for question, found in differences[place].items()
                    if question not in ("overall", *evaluations[name].campaigns)
                },
                left_out=left_out[name],
            )
            for place, name in enumerate(order)
        ),
        galaxies=ordered[0].galaxies,
        seed=seed,
        notes=tuple(_notes(evaluations, left_out)),
    )


def _pair(best: Evaluation, other: Evaluation, row: int) -> BucketDifferences:
    sums = [one.sums[f"{PREFIX}loss/sum"][:, row] for one in (best, other)]
    return BucketDifferences(sums[1] - sums[0], best.sums[f"{PREFIX}loss/galaxies"][:, row])


def _rows(evaluation: Evaluation) -> list[str]:
    """What each row of the losses' sums is of, in their order; everything first."""
    return [one.question for one in evaluation.metrics if one.metric == "loss"]


def _from_best(ordered: list[Evaluation]) -> list[dict[str, DifferenceFromBest]]:
    """The differences of each model from the first, by row; none for the first itself."""
    best, *others = ordered
    rows = _rows(best)
    found: list[dict[str, DifferenceFromBest]] = [{}]
    for other in others:
        pairs = {name: _pair(best, other, row) for row, name in enumerate(rows)}
        found.append({name: _difference(pair) for name, pair in pairs.items() if pair.total})
    campaigns = {*best.campaigns}
    for family in ({"overall"}, campaigns, {*rows} - {"overall"} - campaigns):
        places = [(at, name) for at, model in enumerate(found) for name in model if name in family]
        adjusted = holm([found[at][name].p for at, name in places])
        for (at, name), value in zip(places, adjusted, strict=True):
            found[at][name] = replace(found[at][name], p_holm=value)
    return found


def _difference(pair: BucketDifferences) -> DifferenceFromBest:
    low, high = pair.interval()
    return DifferenceFromBest(pair.mean, low, high, pair.p, None)


def _letters(ordered: list[Evaluation]) -> list[str]:
    """Those of the models in their order, by the overall tests of all pairs (Holm)."""
    pairs = list(combinations(range(len(ordered)), 2))
    values: list[float | None] = []
    for one, other in pairs:
        pair = _pair(ordered[one], ordered[other], 0)
        values.append(pair.p if pair.total else 1.0)
    adjusted = holm(values)
    differing = [pair for pair, p in zip(pairs, adjusted, strict=True) if (p or 0.0) < LEVEL]
    return group_letters(len(ordered), differing)


def _notes(evaluations: Mapping[str, Evaluation], left_out: Mapping[str, int]) -> list[str]:
    shorter = [f"{count:,} of {name}" for name, count in left_out.items() if count]
    notes: dict[str, Any] = {}
    if shorter:
        notes[
            "Galaxies with votes that another model lacks (or for which «where» does not hold "
            "there) are left out: " + ", ".join(shorter) + "."
        ] = None
    for name, one in evaluations.items():
        notes |= dict.fromkeys(one.notes) | dict.fromkeys(f"{name}: {text}" for text in one.doubts)
    return list(notes)
