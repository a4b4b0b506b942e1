"""One galaxy as a table, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO, get_args

from zoocli.products.galaxy import ShownAnswer, ShownGalaxy, ShownQuestion
from zoocli.report.formats import GalaxyFormat, check_format, render_json
from zoocli.report.grid import Grid, render_grids
from zoocli.report.text import ABSENT, number

INDENT = "  "
HEADER = ("", "votes", "observed", "predicted", "90 %", "loss", "expected", "as high")
LEGEND = (
    "90 %: the predicted fraction lies there. loss: in nats, of the votes that were given; "
    "expected: the mean loss of votes drawn from the prediction; as high: the share of those with "
    "a loss at least as high."
)


def render_galaxy(galaxy: ShownGalaxy, format: str = "table", stream: TextIO | None = None) -> str:
    """The galaxy as text that ends in a newline; `stream` is where a table will be written.

    Raises UsageError for a format that is not one of `GalaxyFormat`.
    """
    check_format(format, get_args(GalaxyFormat))
    if format == "json":
        return render_json(galaxy.to_dict())
    return render_grids([galaxy_grid(galaxy)], format, stream)


def galaxy_grid(galaxy: ShownGalaxy) -> Grid:
    """The questions, each above its answers."""
    rows = [row for question in galaxy.questions for row in _rows(question)]
    title = f"{galaxy.id}, schema {galaxy.schema}: loss {number(galaxy.loss, 3)} nats"
    return Grid(title, HEADER, [rows], _said(galaxy), optional=(2, 4))


def _rows(question: ShownQuestion) -> Iterator[list[str]]:
    """The question, and below it its answers; those without votes have no loss."""
    indent = INDENT * question.depth
    share = ABSENT if question.share is None else f"{100 * question.share:.1f} %"
    numbers = [number(question.loss, 2), number(question.expected, 2), share]
    yield [f"{indent}{question.name}", str(question.votes), "", "", "", *numbers]
    for answer in question.answers:
        yield [f"{indent}{INDENT}{answer_name(question, answer)}", *_cells(question, answer)]


def answer_name(question: ShownQuestion, answer: ShownAnswer) -> str:
    """Without the question, which stands above it."""
    return answer.name.removeprefix(question.name).lstrip("_")


def _cells(question: ShownQuestion, answer: ShownAnswer) -> list[str]:
    observed = answer.votes / question.votes if question.votes else None
    interval = ABSENT
    if answer.low is not None:
        interval = f"{answer.low:.2f} to {answer.high:.2f}"
    fractions = [ABSENT if one is None else f"{one:.2f}" for one in (observed, answer.predicted)]
    return [str(answer.votes), *fractions, interval, "", "", ""]


def _said(galaxy: ShownGalaxy) -> list[str]:
    worst = galaxy.worst
    if worst is None or worst.share is None:
        return ["There are no votes with a likelihood.", LEGEND]
    share = 100 * worst.share
    often = f"in {share:.1f} % of cases" if share else "in less than 0.1 % of cases"
    return [
        f"{worst.name} adds most above what the prediction expects: {number(worst.loss, 2)} nats "
        f"instead of {number(worst.expected, 2)}; it expects as much or more {often}.",
        LEGEND,
    ]
