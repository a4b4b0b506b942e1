"""Each question's loss, and how much of what can be explained the predictions explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zoocli.report.figures.intervals import Interval, interval_rows
from zoocli.report.figures.picture import Picture, picture
from zoocli.statistics.evaluation.tree.levels import levels
from zoocli.statistics.evaluation.tree.result import TreeEvaluation

LOSS_CAPTION = (
    "Mean negative log-likelihood of the votes of each question, in nats a galaxy, over the N "
    "galaxies with at least one vote for it; bars are 95 % intervals. Lower is better, and "
    "questions with more votes and answers have higher losses."
)
EXPLAINED_CAPTION = (
    "How far the loss has come from that of the climatology (0: the same Dirichlet for every "
    "galaxy) towards the floor that no prediction can pass (1), with 95 % intervals. Vote noise "
    "keeps even the truth from reaching 1."
)


def pictures(evaluation: TreeEvaluation, formats: Sequence[str]) -> Iterator[Picture]:
    """The figures `loss` and `deviance_explained`."""
    questions = [question.name for question in evaluation.schema.questions]
    found = [("", _intervals(evaluation, questions, "loss"))]
    yield picture(
        "loss",
        "Loss",
        LOSS_CAPTION,
        lambda: interval_rows(questions, found, "mean loss (nats a galaxy)"),
        formats,
    )
    names = list(levels(evaluation.schema))
    explained = [("", _intervals(evaluation, names, "deviance_explained"))]
    yield picture(
        "deviance_explained",
        "Deviance explained",
        EXPLAINED_CAPTION,
        lambda: interval_rows(names, explained, "deviance explained (fraction)"),
        formats,
    )


def _intervals(evaluation: TreeEvaluation, names: Sequence[str], metric: str) -> list[Interval]:
    found = (evaluation.by_name[name, None, metric] for name in names)
    return [Interval(one.value, one.low, one.high, one.N) for one in found]
