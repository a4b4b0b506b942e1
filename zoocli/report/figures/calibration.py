"""Whether the predicted distributions of votes are calibrated: three views of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.reliability import ReliabilityCurve
from zoocli.evaluating.tree.calibration_sums import (
    BINS,
    LEVELS,
)
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.report.figures.layout import (
    class_panels,
    from_0_to_1,
    panel_title,
    panels,
    say_empty,
)
from zoocli.report.figures.picture import Picture, picture
from zoocli.report.figures.style import BLUE, GREY, MARKERS, SERIES, SKY
from zoocli.schema import Question

LEGEND = 0.2
PARTS = {"": "all", ":votes-1-19": "1 to 19 votes", ":votes-20+": "20 or more votes"}

Panel = Callable[[Axes, TreeEvaluation, Question], None]

RELIABILITY = (
    "Mean observed against mean predicted vote fraction, over all answers of a question, in about "
    "20 groups of nearly equal numbers of galaxies. Bars are standard errors of the difference. "
    "Calibrated predictions lie on the line."
)
CONFIDENCE = (
    "Accuracy against the mean probability of the most probable class, in at most 20 groups of "
    "nearly equal numbers of galaxies. Bars are standard errors of the difference. Below the line "
    "the predictions are overconfident."
)
OF_CLASSES = (
    "Share of the galaxies whose label is the class against the mean probability of the class, in "
    "at most 20 groups of nearly equal numbers of galaxies. Bars are standard errors of the "
    "difference. N: galaxies with that label."
)
COVERAGE = (
    "How often the votes lie in the predicted central interval, against the level of the "
    "interval; all answers of a question. Below the line the predictions are overconfident, above "
    "it underconfident."
)
PIT = (
    "Histogram of the non-randomised probability integral transform of the votes, over all "
    "answers of a question. Flat at 1: calibrated. U-shaped: overconfident; hump-shaped: "
    "underconfident; sloped: biased."
)


def pictures(evaluation: TreeEvaluation, formats: Sequence[str]) -> Iterator[Picture]:
    """The figures `reliability`, `coverage` and `pit`; of fractions the first alone."""
    yield picture(
        "reliability",
        "Reliability",
        RELIABILITY,
        lambda: _draw(evaluation, _reliability, ("predicted fraction", "observed fraction")),
        formats,
    )
    if evaluation.lacks("coverage"):
        return
    yield picture(
        "coverage",
        "Coverage",
        COVERAGE,
        lambda: _with_legend(
            _draw(evaluation, _coverage, ("level of the interval", "coverage"), foot=LEGEND)
        ),
        formats,
    )
    yield picture(
        "pit",
        "Probability integral transform",
        PIT,
        lambda: _alike(
            _draw(evaluation, _transform, ("transform of the votes", "density"), aspect=0.6)
        ),
        formats,
    )


def _draw(
    evaluation: TreeEvaluation,
    panel: Panel,
    labels: tuple[str, str],
    aspect: float = 1.0,
    foot: float = 0.0,
) -> Figure:
    questions = evaluation.schema.questions
    counted = [evaluation.by_name[one.name, None, "calibration_error"].N or 0 for one in questions]
    titles = [panel_title(one.name, N) for one, N in zip(questions, counted, strict=True)]
    figure, every = panels(titles, labels, aspect, foot)
    for axes, question in zip(every, questions, strict=True):
        panel(axes, evaluation, question)
    return figure


def _reliability(axes: Axes, evaluation: TreeEvaluation, question: Question) -> None:
    _curve(axes, evaluation.reliability(question.columns))


def of_classes(evaluation: ClassEvaluation, formats: Sequence[str]) -> Picture:
    """The figure `reliability` of the most probable class."""

    def draw() -> Figure:
        title = panel_title("most probable class", evaluation.galaxies)
        figure, (axes,) = panels([title], ("confidence", "accuracy"))
        _curve(axes, evaluation.reliability)
        return figure

    return picture("reliability", "Reliability", CONFIDENCE, draw, formats)


def of_each_class(evaluation: ClassEvaluation, formats: Sequence[str]) -> Picture:
    """The figure `reliability-classes` of the probability of each class."""

    def draw() -> Figure:
        figure, every = class_panels(evaluation, ("probability", "share of galaxies"))
        for position, axes in every.items():
            curve = evaluation.reliability_of(position)
            if curve is not None:
                _curve(axes, curve)
        return figure

    return picture("reliability-classes", "Reliability of each class", OF_CLASSES, draw, formats)


def _curve(axes: Axes, curve: ReliabilityCurve) -> None:
    if not len(curve.galaxies):
        say_empty(axes)
    axes.errorbar(
        curve.predicted,
        curve.observed,
        np.nan_to_num(curve.se),
        color=BLUE,
        marker="o",
        markersize=2.0,
        linewidth=0.7,
    )
    _diagonal(axes)


def _coverage(axes: Axes, evaluation: TreeEvaluation, question: Question) -> None:
    for number, part in enumerate(PARTS):
        coverage = evaluation.calibration(question.columns, part).coverage
        if coverage is not None:
            axes.plot(LEVELS, coverage, color=SERIES[number], marker=MARKERS[number], markersize=2)
        elif not part:
            say_empty(axes)
    _diagonal(axes)


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.7, linestyle="--", zorder=0)
    from_0_to_1(axes)


def _with_legend(figure: Figure) -> Figure:
    """The parts, in one row at the bottom."""
    lines = [
        Line2D([], [], color=SERIES[number], marker=MARKERS[number], label=label)
        for number, label in enumerate(PARTS.values())
    ]
    figure.legend(handles=lines, loc="lower center", ncols=len(lines), borderaxespad=0.2)
    return figure


def _transform(axes: Axes, evaluation: TreeEvaluation, question: Question) -> None:
    histogram = evaluation.calibration(question.columns).histogram
    if histogram is None:
        say_empty(axes)
    else:
        axes.stairs(histogram, np.linspace(0, 1, BINS + 1), fill=True, facecolor=SKY)
        axes.stairs(histogram, np.linspace(0, 1, BINS + 1), color=BLUE, linewidth=0.7)
    axes.axhline(1.0, color=GREY, linewidth=0.7, linestyle="--")


def _alike(figure: Figure) -> Figure:
    """The same scale in all panels, since only the first column has labels."""
    highest = max(2.0, *(axes.get_ylim()[1] for axes in figure.axes))
    for axes in figure.axes:
        from_0_to_1(axes)
        axes.set_ylim(0, highest)
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(ScalarFormatter())
    return figure
