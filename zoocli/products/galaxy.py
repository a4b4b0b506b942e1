"""One galaxy: what was predicted, how volunteers voted, and what each question adds to its loss.

Whether a loss is high depends on the prediction: where it is vague, every outcome is unlikely. So
the loss of each question stands beside what the prediction itself expects, from 2,000 votes that
are drawn from it: their mean loss, and the share of them with a loss at least as high. A small
share says that the prediction is wrong there, or the votes are odd; a high loss with a large share,
that many answers were possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, UsageError, some
from zoocli.foundation.arrays import Counts, Floats
from zoocli.foundation.hashing import hash_ids
from zoocli.foundation.notebook import Displayed
from zoocli.foundation.resources import Resources
from zoocli.foundation.version import SCHEMA_VERSION
from zoocli.losses import find_loss
from zoocli.matching.concentrations import dense
from zoocli.matching.findings import Findings
from zoocli.matching.held import NoneListed
from zoocli.matching.matched import Matched
from zoocli.products.catalog.intervals import credible_intervals
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema import Question, Schema
from zoocli.scoring.finishing import finished
from zoocli.scoring.inputs import Inputs, open_inputs
from zoocli.scoring.scorers.scorer import Losses
from zoocli.scoring.scorers.tree import TreeScorer
from zoocli.scoring.streaming import stream
from zoocli.scoring.totals import ScoreTotals
from zoocli.tables.sources import TableLike, TablesLike

DRAWS = 2000
LEVEL = 0.9
ROUNDING = 1e-9  # of a loss: votes that are as likely as those that were given


@dataclass(frozen=True)
class ShownAnswer:
    """An answer: its votes, and its predicted fraction with the central 90 % interval."""

    name: str
    votes: int
    predicted: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ShownQuestion:
    """A question: its loss in nats, and what the prediction expects of it.

    `asked_after`: the answers that lead to it; `depth`: how many questions lead there. Without
    votes the loss is 0, and `expected` (the mean loss of votes drawn from the prediction) and
    `share` (of these, with a loss at least as high) are None, as they are without a likelihood.
    """

    name: str
    asked_after: tuple[str, ...]
    depth: int
    votes: int
    loss: float | None
    expected: float | None
    share: float | None
    answers: tuple[ShownAnswer, ...]


@dataclass(frozen=True, repr=False)
class ShownGalaxy(Displayed):
    """A galaxy: its loss in nats, and its questions, each followed by those that it leads to."""

    id: str
    loss: float | None
    schema: str
    questions: tuple[ShownQuestion, ...]
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The galaxy and its loss."""
        return f"{self.id}, loss {'-' if self.loss is None else f'{self.loss:.4g}'}"

    @property
    def worst(self) -> ShownQuestion | None:
        """The question with votes that adds most above what is expected; None without any."""
        asked = [one for one in self.questions if one.expected is not None]
        return max(asked, key=_excess, default=None)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of a galaxy, key for key."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}


def _excess(question: ShownQuestion) -> float:
    return (question.loss or 0.0) - (question.expected or 0.0)


def show_galaxy(
    id: str, predictions: TablesLike, votes: TableLike, options: ScoreOptions
) -> ShownGalaxy:
    """The galaxy with this id; raises DataError where a table lacks it, UsageError without a tree.

    All of PREDICTIONS are read, up to their end, so that copies of the id are seen.
    """
    if find_loss(options.loss).scores != "tree":
        raise UsageError(
            f"A galaxy's tree is shown, and the loss '{options.loss}' has none. Leave out «loss»."
        )
    if options.only is not None:
        raise UsageError("One galaxy is shown. Leave out «only».")
    options = replace(options, only=pa.table({"id": [id]}))
    resources = Resources.available(options.threads, options.memory_limit)
    with resources.applied():
        try:
            inputs = open_inputs(predictions, votes, options, resources)
        except NoneListed as error:
            raise DataError(
                f"There is no galaxy '{id}' in the votes. Ids are compared as exact text; `zoocli "
                "check` shows those of both tables."
            ) from error
        scorer = inputs.scorer
        assert isinstance(scorer, TreeScorer)
        totals, found = ScoreTotals.nothing(inputs), None

        def work(matched: Matched) -> Losses:
            return scorer.score(matched, inputs.held.values)

        columns = scorer.prediction_columns
        for matched, losses in stream(inputs, columns, work, scorer.row_bytes):
            totals.take(inputs, matched)
            totals.add_losses(inputs, losses)
            if len(matched.rows):
                found = matched, losses
        if found is None or totals.matched != 1:
            totals.findings.raise_if_any()
            raise _absent(id, inputs, totals)
        notes = finished(inputs, totals).notes
    matched, losses = found
    return ShownGalaxy(
        id=id,
        loss=_known(losses.loss[0]),
        schema=scorer.schema.name,
        questions=tuple(_questions(inputs, scorer, matched, losses)),
        notes=notes,
    )


def _absent(id: str, inputs: Inputs, totals: ScoreTotals) -> DataError:
    name = inputs.predictions.name
    if totals.matched > 1:
        return DataError(f"{name} has {totals.matched:,} rows of the galaxy '{id}'. Keep one.")
    if totals.excluded:
        return DataError(f"«where» does not hold for the galaxy '{id}'. Leave it out.")
    for batch in inputs.predictions.batches([inputs.ids.column], batch_rows=3):
        first = inputs.ids.text(batch.column(0)).to_pylist()
        return DataError(
            f"There is no galaxy '{id}' in {name}. Ids are compared as exact text; the first "
            f"ones there are {some(first)}."
        )
    return DataError(f"{name} has no rows.")


def _questions(
    inputs: Inputs, scorer: TreeScorer, matched: Matched, losses: Losses
) -> Iterator[ShownQuestion]:
    schema = scorer.schema
    counts = inputs.held.values[matched.held_rows[0]].astype(np.int64)
    concentrations = dense(losses.read)[:, :, 0]
    expected, shares = _expectations(scorer, matched, losses, concentrations, counts)
    lower, upper = credible_intervals(
        np.ascontiguousarray(concentrations[:, :, np.newaxis]), schema.question_slices, LEVEL
    )
    positions = {question.name: place for place, question in enumerate(schema.questions)}
    for question, depth in _depth_first(schema):
        place, columns = positions[question.name], question.columns
        total = int(counts[columns].sum())
        valid = not np.isnan(losses.parts[place, 0])
        passes = concentrations[:, columns]
        fractions = (passes / passes.sum(axis=1, keepdims=True)).mean(axis=0) if valid else None
        yield ShownQuestion(
            name=question.name,
            asked_after=tuple(question.asked_after),
            depth=depth,
            votes=total,
            loss=_known(losses.parts[place, 0]),
            expected=_known(expected[place]) if total and valid else None,
            share=_known(shares[place]) if total and valid else None,
            answers=tuple(
                ShownAnswer(
                    name=answer.name,
                    votes=int(counts[answer.index]),
                    predicted=None if fractions is None else _known(fractions[number]),
                    low=_known(lower[answer.index, 0]),
                    high=_known(upper[answer.index, 0]),
                )
                for number, answer in enumerate(question.answers)
            ),
        )


def _depth_first(schema: Schema) -> Iterator[tuple[Question, int]]:
    """Each question, followed by those that are asked after it, and how many lead there.

    One that is asked after several answers follows the question of the first of them.
    """
    following: dict[str | None, list[Question]] = {}
    for question in reversed(schema.questions_in_order):
        first = question.asked_after[0] if question.asked_after else None
        following.setdefault(first, []).append(question)
    waiting = [(root, 0) for root in following.get(None, [])]
    while waiting:
        question, depth = waiting.pop()
        yield question, depth
        for answer in reversed(question.answers):
            waiting += [(one, depth + 1) for one in following.get(answer.name, [])]


def _expectations(
    scorer: TreeScorer, matched: Matched, losses: Losses, concentrations: Floats, counts: Counts
) -> tuple[Floats, Floats]:
    """(questions,): the mean loss of drawn votes, and the share with one at least as high."""
    seed = int(hash_ids(matched.text.take(pa.array(matched.rows)))[0])
    drawn = _drawn_votes(concentrations, counts, scorer.schema.question_slices, seed)
    rows = np.full(DRAWS, matched.rows[0], np.int32)
    again = replace(
        matched,
        rows=rows,
        held_rows=np.arange(DRAWS, dtype=np.int32),
        findings=Findings(matched.findings.name),
    )
    of_drawn = scorer.losses(again, drawn).parts
    with np.errstate(invalid="ignore"):
        shares = (of_drawn >= losses.parts[:, :1] - ROUNDING).mean(axis=1)
    return of_drawn.mean(axis=1), shares


def _drawn_votes(
    concentrations: Floats, counts: Counts, questions: Sequence[slice], seed: int
) -> npt.NDArray[np.int32]:
    """(draws, answers): as many votes for each question as were given, from its mixture of passes.

    `concentrations` (passes, answers); where they have no likelihood, no votes.
    """
    random = np.random.default_rng(seed)
    drawn = np.zeros((DRAWS, len(counts)), np.int32)
    for question in questions:
        total = int(counts[question].sum())
        passes = concentrations[:, question]
        if not total or not (np.isfinite(passes) & (passes > 0)).all():
            continue
        of_passes = random.multinomial(DRAWS, np.full(len(passes), 1 / len(passes)))
        fractions = np.concatenate(
            [random.dirichlet(one, size) for one, size in zip(passes, of_passes, strict=True)]
        )
        drawn[:, question] = random.multinomial(total, fractions)
    return drawn


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
