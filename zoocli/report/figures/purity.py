"""The purity of each answer's galaxies against their completeness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.report.figures.layout import from_0_to_1, panel_title, panels, say_empty
from zoocli.report.figures.picture import Picture, picture
from zoocli.report.figures.style import SERIES, SMALL, wrapped
from zoocli.schema import Question

CAPTION = (
    "Purity against completeness of each answer, for all thresholds of its predicted fraction; "
    "each vote is a case, so that votes that disagree cost what they should. A line that stays "
    "high: galaxies can be chosen by this answer."
)
ANSWER_CHARACTERS = 16
LINES = ("-", "--", ":")


def pictures(evaluation: TreeEvaluation, formats: Sequence[str]) -> Iterator[Picture]:
    """The figure `purity`."""
    yield picture("purity", "Purity and completeness", CAPTION, lambda: _draw(evaluation), formats)


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
        completeness, purity = evaluation.ranking(answer.index).curve()
        axes.plot(
            completeness,
            purity,
            color=SERIES[number % len(SERIES)],
            linestyle=LINES[number // len(SERIES) % len(LINES)],
            linewidth=0.9,
            label=wrapped(answer.suffix.removeprefix("_"), ANSWER_CHARACTERS, 1),
        )
    if not evaluation.by_name[question.name, None, "roc_auc"].N:
        say_empty(axes)
    axes.legend(loc="lower left", fontsize=SMALL, handlelength=1.0, borderaxespad=0.2)
