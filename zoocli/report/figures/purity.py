"""The purity of each answer's galaxies against their completeness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.ranking import Ranking
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.report.figures.layout import (
    class_panels,
    from_0_to_1,
    panel_title,
    panels,
    say_empty,
)
from zoocli.report.figures.picture import Picture, picture
from zoocli.report.figures.style import SERIES, SMALL, wrapped
from zoocli.schema import Question

CAPTION = (
    "Purity against completeness of each answer, for all thresholds of its predicted fraction; "
    "each vote is a case, so that votes that disagree cost what they should. A line that stays "
    "high: galaxies can be chosen by this answer."
)
OF_CLASSES = (
    "Purity against completeness of each class, for all thresholds of its probability. A line that "
    "stays high: galaxies of the class can be chosen by it. N: galaxies with that label."
)
ANSWER_CHARACTERS = 16
LINES = ("-", "--", ":")


def pictures(evaluation: TreeEvaluation, formats: Sequence[str]) -> Iterator[Picture]:
    """The figure `purity`."""
    yield picture("purity", "Purity and completeness", CAPTION, lambda: _draw(evaluation), formats)


def of_classes(evaluation: ClassEvaluation, formats: Sequence[str]) -> Picture:
    """The figure `purity` of classes."""

    def draw() -> Figure:
        figure, every = class_panels(evaluation, ("completeness", "purity"))
        for position, axes in every.items():
            from_0_to_1(axes)
            ranking = evaluation.ranking(position)
            if ranking is not None:
                _curve(axes, ranking)
        return figure

    return picture("purity", "Purity and completeness", OF_CLASSES, draw, formats)


def _draw(evaluation: TreeEvaluation) -> Figure:
    questions = evaluation.schema.questions
    titles = [
        panel_title(one.name, evaluation.by_name[one.name, None, "roc_auc"].N or 0)
        for one in questions
    ]
    figure, every = panels(titles, ("completeness", "purity"))
    for axes, question in zip(every, questions, strict=True):
        _panel(axes, evaluation, question)
    return figure


def _panel(axes: Axes, evaluation: TreeEvaluation, question: Question) -> None:
    from_0_to_1(axes)
    for number, answer in enumerate(question.answers):
        label = wrapped(answer.suffix.removeprefix("_"), ANSWER_CHARACTERS, 1)
        _curve(axes, evaluation.ranking(answer.index), number, label)
    if not evaluation.by_name[question.name, None, "roc_auc"].N:
        say_empty(axes)
    axes.legend(loc="lower left", fontsize=SMALL, handlelength=1.0, borderaxespad=0.2)


def _curve(axes: Axes, ranking: Ranking, number: int = 0, label: str = "") -> None:
    completeness, purity = ranking.curve()
    axes.plot(
        completeness,
        purity,
        color=SERIES[number % len(SERIES)],
        linestyle=LINES[number // len(SERIES) % len(LINES)],
        linewidth=0.9,
        label=label,
    )
