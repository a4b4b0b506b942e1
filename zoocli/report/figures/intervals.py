"""Numbers with their intervals, one per row, from the top down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from zoocli.errors import harmless
from zoocli.foundation.arrays import Floats
from zoocli.report.figures.layout import axes_at, figure_of
from zoocli.report.figures.picture import text_width
from zoocli.report.figures.style import COLUMN, GREY, MARKERS, SERIES, SMALL, wrapped

ROW, FOOT, HEAD, LEGEND_ROW = 0.17, 0.4, 0.2, 0.15
NAME_CHARACTERS = 30
LEGEND_CHARACTERS = 56
EDGE = 0.06
SPREAD = 0.5  # of a row, shared by several series


@dataclass(frozen=True)
class Interval:
    """A number, the limits of its interval, and its N; None if absent.

    An interval with a lower limit alone has no end.
    """

    value: float | None
    low: float | None
    high: float | None
    galaxies: int | None


ABSENT = Interval(None, None, None, None)
Series = list[tuple[str, list[Interval]]]  # under their names


def interval_rows(
    names: Sequence[str],
    series: Series,
    label: str,
    logarithmic: bool = False,
    zero: bool = False,
) -> Figure:
    """A dot and a bar for each name, for one series or for several in different colours.

    `zero` draws a line there.
    """
    several = len(series) > 1
    shown = [wrapped(name, NAME_CHARACTERS) for name in names]
    head = HEAD + LEGEND_ROW * len(series) * several
    height = sum(ROW * max(name.count("\n") + 1, 0.45 * len(series), 1) for name in shown)
    figure = figure_of(FOOT + height + head)
    left = text_width(figure, shown, SMALL) + 0.12
    counts = [] if several else [_count(one) for one in series[0][1]]
    right = text_width(figure, [*counts, "N"], SMALL) + 0.12
    axes = axes_at(figure, left, FOOT, COLUMN - left - right, height)
    rows = np.arange(len(names))
    dots = []
    for number, (_, intervals) in enumerate(series):
        offset = SPREAD * ((number + 0.5) / len(series) - 0.5)
        dots.append(_draw(axes, np.asarray(rows + offset, np.float64), intervals, number))
    if zero:
        axes.axvline(0.0, color=GREY, linewidth=0.8, zorder=0)
    axes.set_yticks(rows, shown)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(label)
    if logarithmic:
        _scale_logarithmically(axes)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if several:
        _legend(figure, dots, [name for name, _ in series])
    else:
        _column_of_counts(axes, counts)
    return figure


def _scale_logarithmically(axes: Axes) -> None:
    """At most a factor of 200 is shown; what goes on is cut off."""
    low, high = axes.dataLim.intervalx
    if not 0 < low < np.inf:  # there is nothing to show
        low, high = 1.0, 100.0
    axes.set_xscale("log")
    axes.set_xlim(low / 1.2, min(1.2 * high, 200 * low))
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5), numticks=8))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))


def _count(interval: Interval) -> str:
    return "" if interval.galaxies is None else f"{interval.galaxies:,}"


def _draw(axes: Axes, rows: Floats, intervals: Sequence[Interval], number: int) -> Line2D:
    """Draws a series, and returns its dots."""
    values, lows, highs = (
        np.array([np.nan if x is None else x for x in column])
        for column in zip(*((one.value, one.low, one.high) for one in intervals), strict=True)
    )
    colour, marker = SERIES[number], MARKERS[number]
    endless = np.isnan(highs) & ~np.isnan(lows)
    if endless.any():
        far = 1.1 * np.nanmax(np.concatenate([values, lows, highs]))
        highs = np.where(endless, far, highs)
        axes.plot(highs[endless], rows[endless], linestyle="", marker=">", color=colour)
    axes.hlines(rows, lows, highs, color=colour, linewidth=1.2)
    return axes.plot(values, rows, linestyle="", marker=marker, color=colour)[0]


def _column_of_counts(axes: Axes, counts: Sequence[str]) -> None:
    """N at the right of each row, aligned at the figure's edge."""
    box = axes.get_position()
    x = (1 - EDGE / COLUMN - box.x0) / box.width
    place = axes.get_yaxis_transform()
    for row, text in enumerate(["N", *counts], start=-1):
        y = row if row >= 0 else -0.75
        axes.text(x, y, text, transform=place, ha="right", va="center", size=SMALL, color=GREY)


def _ending(name: str) -> str:
    """The end of a long name, which identifies a path better than its beginning."""
    return name if len(name) <= LEGEND_CHARACTERS else f"…{name[1 - LEGEND_CHARACTERS :]}"


def _legend(figure: Figure, dots: Sequence[Line2D], names: Sequence[str]) -> None:
    labels = [_ending(harmless(name)) for name in names]
    figure.legend(
        list(dots), labels, loc="upper left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.3
    )
