"""Predicted against observed vote fractions, as a density."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.report.figures.layout import axes_at, from_0_to_1, panel_title, panels, say_empty
from zoocli.report.figures.picture import Picture, picture
from zoocli.report.figures.style import COLUMN, MAP, VERMILION

CAPTION = (
    "Observed against predicted vote fraction, for the N galaxies that count for the question; "
    "each galaxy is drawn once per answer. On the line they are equal. Stripes are the fractions "
    "that a small number of votes can produce."
)
FOOT = 0.45
BAR = 0.08  # inches: thickness of the colour bar


def pictures(evaluation: TreeEvaluation, formats: Sequence[str]) -> Iterator[Picture]:
    """The figure `fractions`."""
    yield picture("fractions", "Vote fractions", CAPTION, lambda: _draw(evaluation), formats)


def _draw(evaluation: TreeEvaluation) -> Figure:
    densities = evaluation.densities()
    pooled = [
        np.sum([densities[answer.name] for answer in question.answers], axis=0)
        for question in evaluation.schema.questions
    ]
    titles = [
        panel_title(question.name, evaluation.by_name[question.name, None, "rmse"].N or 0)
        for question in evaluation.schema.questions
    ]
    figure, every = panels(titles, ("predicted fraction", "observed fraction"), foot=FOOT)
    norm = LogNorm(1, max(2, *(int(density.max()) for density in pooled)))
    for axes, density in zip(every, pooled, strict=True):
        _panel(axes, density, norm)
    _colour_bar(figure, every[0], norm)
    return figure


def _panel(axes: Axes, density: Any, norm: LogNorm) -> None:
    if not density.any():
        say_empty(axes)
    shown = np.ma.masked_equal(density.T, 0)
    axes.imshow(shown, MAP, norm, origin="lower", extent=(0, 1, 0, 1), aspect="auto")
    axes.plot([0, 1], [0, 1], color=VERMILION, linewidth=0.7)
    from_0_to_1(axes)


def _colour_bar(figure: Figure, axes: Axes, norm: LogNorm) -> None:
    place = axes_at(figure, 0.42, 0.32, COLUMN - 0.5, BAR)
    bar = figure.colorbar(axes.images[0], cax=place, orientation="horizontal")
    bar.ax.xaxis.set_major_locator(LogLocator(10))
    bar.ax.xaxis.set_minor_locator(NullLocator())
    bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    bar.set_label("galaxies (once per answer) per cell of 0.02 by 0.02")
