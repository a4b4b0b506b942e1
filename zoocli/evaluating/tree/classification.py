"""The answer predicted most against the answer voted most.

Of several equally large ones the first is taken; `ties_observed` and `ties_predicted` count the
galaxies where that happened. The numbers, from the confusion matrix (true, predicted) of a
question's counted galaxies, are those of `zoocli.evaluating.confusion`.

The same with `:confident` for the galaxies whose volunteers agree. Of a campaign and overall: the
mean over the questions that have the number.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.bootstrap import point_sums
from zoocli.evaluating.confusion import Confusion, HalfMatrix
from zoocli.evaluating.intervals import HalfGalaxies
from zoocli.evaluating.metric import (
    Estimate,
    Key,
    Metric,
    mean_of_present,
)
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.levels import level_counts, levels
from zoocli.foundation.arrays import Floats
from zoocli.runs.options.rules import Rules
from zoocli.schema import Schema

Rows = npt.NDArray[np.intp]

PARTS = {"": "counted", ":confident": "confident"}  # as metrics and as sums name them


def cells(schema: Schema) -> list[slice]:
    """Where each question's confusion matrix is among all cells.

    >>> cells(Schema({"ring": ["_yes", "_no"], "bar": ["_a", "_b"]}, {"ring": None, "bar": None}))
    [slice(0, 4, None), slice(4, 8, None)]
    """
    ends = np.cumsum([0, *(len(question.answers) ** 2 for question in schema.questions)])
    return [slice(int(start), int(end)) for start, end in pairwise(ends)]


def features(galaxies: VotedGalaxies, rules: Rules) -> AdditiveArrays:
    """Each galaxy's cell in each confusion matrix, and the levels that it counts for."""
    schema, counted = galaxies.schema, galaxies.counted(rules)
    found: AdditiveArrays = {}
    confident = counted & galaxies.are_confident(rules)
    for part, chosen in zip(PARTS.values(), (counted, confident), strict=True):
        found[f"classification/{part}/confusion"] = _confusion(galaxies, chosen)
        found[f"classification/{part}/galaxies"] = level_counts(chosen, schema)
    return found


def _confusion(galaxies: VotedGalaxies, chosen: npt.NDArray[np.bool_]) -> Floats:
    """(cells, galaxies): 1 in the cell of each galaxy that is chosen for the question."""
    slices = cells(galaxies.schema)
    found = np.zeros((slices[-1].stop, len(galaxies)))
    rows = np.arange(len(galaxies))
    questions = zip(galaxies.schema.questions, slices, strict=True)
    for position, (question, part) in enumerate(questions):
        true = galaxies.votes[question.columns].argmax(axis=0)
        predicted = galaxies.predicted[question.columns].argmax(axis=0)
        found[part.start + true * len(question.answers) + predicted, rows] = chosen[position]
    return found


def collect(galaxies: VotedGalaxies, rules: Rules) -> AdditiveArrays:
    """How often several are equally large: (observed or predicted, questions)."""
    counted = galaxies.counted(rules)
    ties = [
        [
            np.count_nonzero(_tied(values[question.columns]) & counted[position])
            for position, question in enumerate(galaxies.schema.questions)
        ]
        for values in (galaxies.votes, galaxies.predicted)
    ]
    return {"classification/ties": np.array(ties, np.int64)}


def _tied(values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    largest: npt.NDArray[np.bool_] = (values == values.max(axis=0)).sum(axis=0) > 1
    return largest


def metrics(sums: AdditiveArrays, schema: Schema) -> Iterator[Metric]:
    """The ties of each question."""
    starts = [part.start for part in cells(schema)]
    galaxies = np.add.reduceat(sums["classification/counted/confusion"], starts)
    for side, ties in zip(("observed", "predicted"), sums["classification/ties"], strict=True):
        for question, count, counted in zip(schema.questions, ties, galaxies, strict=True):
            yield Metric(question.name, None, f"ties_{side}", float(count), N=int(counted))


def estimates(sums: AdditiveArrays, schema: Schema) -> Iterator[Estimate]:
    """The numbers of every answer and level, for sums (rows, replicates)."""
    for suffix, part in PARTS.items():
        confusion = _pooled(sums[f"classification/{part}/confusion"], schema)
        yield from _estimates(confusion, sums[f"classification/{part}/galaxies"], schema, suffix)


def shares(sums: AdditiveArrays, schema: Schema) -> dict[Key, HalfGalaxies]:
    """All of them are shares: what half galaxies do to each."""
    whole = point_sums(sums)
    sizes = [len(question.answers) for question in schema.questions]
    question_of = np.repeat(np.arange(len(sizes)), sizes)
    found: dict[Key, HalfGalaxies] = {}
    for suffix, part in PARTS.items():
        confusion = _pooled(whole[f"classification/{part}/confusion"], schema)
        halves = HalfMatrix.of(confusion, question_of)
        galaxies = whole[f"classification/{part}/galaxies"]
        found |= halves.effects(_estimates(halves.confusions(), galaxies, schema, suffix))
    return found


def _pooled(counts: Floats, schema: Schema) -> Confusion:
    """That of all answers, question by question, from the cells (cells, replicates)."""
    confusions = []
    for question, place in zip(schema.questions, cells(schema), strict=True):
        size = len(question.answers)
        confusions.append(Confusion.of(counts[place].reshape(size, size, -1)))
    return Confusion(
        np.concatenate([one.right for one in confusions]),
        np.concatenate([one.support for one in confusions]),
        np.concatenate([one.predicted for one in confusions]),
    )


def _estimates(
    pooled: Confusion, galaxies: Floats, schema: Schema, suffix: str
) -> Iterator[Estimate]:
    """Answers, question by question; then levels, with `galaxies` (levels, replicates)."""
    found: list[dict[str, Floats]] = []
    for question in schema.questions:
        confusion = pooled.part(question.columns)
        found.append(dict(confusion.of_question()))
        for metric, (values, counted) in confusion.of_answers.items():
            for answer, one, n in zip(question.answers, values, counted, strict=True):
                yield Estimate(question.name, answer.name, metric + suffix, one, n)
    for level, (name, members) in enumerate(levels(schema).items()):
        for metric in found[0]:
            values = mean_of_present(np.stack([found[position][metric] for position in members]))
            yield Estimate(name, None, metric + suffix, values, galaxies[level])
