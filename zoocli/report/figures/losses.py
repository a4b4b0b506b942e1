"""Each question's loss, how much of the deviance is explained, and what a prediction is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from zoocli.evaluating.tree.levels import shown_levels
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.report.figures.intervals import Interval, interval_rows
from zoocli.report.figures.picture import Picture, picture

LOSS_CAPTION = (
    "Mean negative log-likelihood of each question's votes, in nats per galaxy, over the N "
    "galaxies with at least one vote; bars are 95 % intervals. Lower is better; questions with "
    "more votes or more answers have higher losses."
)
EXPLAINED_CAPTION = (
    "Where the loss lies between that of the climatology (0: the same Dirichlet for every "
    "galaxy) and the floor that no prediction can beat (1), with 95 % intervals. Because of vote "
    "noise, even the true model stays below 1."
)
VOLUNTEERS_CAPTION = (
    "How many volunteers a prediction is worth: the mean of so many votes would be as far from the "
    "truth as the prediction is. Bars are 95 % intervals; an arrow: the votes cannot show an upper "
    "end."
)


def pictures(evaluation: TreeEvaluation, formats: Sequence[str]) -> Iterator[Picture]:
    """The figures `loss`, `deviance_explained` and `volunteers`, if there are such numbers."""
    questions = [question.name for question in evaluation.schema.questions]
    found = [("", _intervals(evaluation, questions, "loss"))]
    if not evaluation.lacks("loss"):
        yield picture(
            "loss",
            "Loss",
            LOSS_CAPTION,
            lambda: interval_rows(questions, found, "mean loss (nats per galaxy)"),
            formats,
        )
    names = list(chain(*shown_levels(evaluation.schema)))
    explained = [("", _intervals(evaluation, names, "deviance_explained"))]
    if not evaluation.lacks("deviance_explained"):
        yield picture(
            "deviance_explained",
            "Deviance explained",
            EXPLAINED_CAPTION,
            lambda: interval_rows(names, explained, "deviance explained (fraction)"),
            formats,
        )
    worth = [("", _intervals(evaluation, names, "volunteers"))]
    yield picture(
        "volunteers",
        "Volunteers",
        VOLUNTEERS_CAPTION,
        lambda: interval_rows(names, worth, "volunteers that a prediction is worth", True),
        formats,
    )


def _intervals(evaluation: TreeEvaluation, names: Sequence[str], metric: str) -> list[Interval]:
    found = (evaluation.by_name[name, None, metric] for name in names)
    return [Interval(one.value, one.low, one.high, one.N) for one in found]
