"""The worst predicted galaxies, as the report shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.tree.worst import ScoredGalaxy
from zoocli.report.metric_cells import DIGITS
from zoocli.report.text import number

SHOWN_AT_ONCE = 3  # questions


@dataclass(frozen=True)
class AskedQuestion:
    """A question with votes: its loss, and the votes and predicted fraction of each answer."""

    name: str
    loss: str
    votes: int
    answers: Sequence[tuple[str, int, str]]


@dataclass(frozen=True)
class BadGalaxy:
    """`first` are the questions with the highest losses, `others` the rest of those with votes."""

    id: str
    link: str | None
    loss: str
    value: float
    first: Sequence[AskedQuestion]
    others: Sequence[AskedQuestion]


def worst_galaxies(evaluation: TreeEvaluation) -> list[BadGalaxy]:
    """The worst first."""
    found = []
    for galaxy in evaluation.worst:
        asked = _asked(evaluation, galaxy)
        found.append(
            BadGalaxy(
                galaxy.id,
                _safe(galaxy.link),
                number(galaxy.loss, DIGITS),
                galaxy.loss,
                asked[:SHOWN_AT_ONCE],
                asked[SHOWN_AT_ONCE:],
            )
        )
    return found


def _safe(link: str | None) -> str | None:
    """The link if it is a web address; a file of sums may come from anywhere."""
    return link if link is not None and link.startswith(("http://", "https://")) else None


def _asked(evaluation: TreeEvaluation, galaxy: ScoredGalaxy) -> list[AskedQuestion]:
    """The questions with votes, highest loss first."""
    by_loss = sorted(
        zip(galaxy.losses, evaluation.schema.questions, strict=True), key=lambda pair: -pair[0]
    )
    asked = []
    for loss, question in by_loss:
        votes = galaxy.votes[question.columns]
        predicted = galaxy.predicted[question.columns]
        if any(votes):
            names = [answer.suffix.removeprefix("_") for answer in question.answers]
            fractions = [f"{fraction:.2f}" for fraction in predicted]
            answers = list(zip(names, votes, fractions, strict=True))
            asked.append(AskedQuestion(question.name, number(loss, DIGITS), sum(votes), answers))
    return asked
