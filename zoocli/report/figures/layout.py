"""Positions of axes, in inches, so that text has the same size for any number of panels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.report.figures.picture import text_width
from zoocli.report.figures.style import COLUMN, SMALL, wrapped

COLUMNS = 2
MOST_CLASSES = 24  # that have a panel
MOST_TICKS, BIN_CHARACTERS, BIN_FOOT, BIN_ASPECT = 12, 24, 0.05, 0.7
LEFT, RIGHT, BOTTOM, GAP = 0.42, 0.08, 0.42, 0.12
TITLE = 0.4  # above each panel: two lines of name, one of N
TITLE_CHARACTERS = 28
PAD = 0.03
UNIT = ("0", "0.5", "1")


def figure_of(height: float, width: float = COLUMN) -> Figure:
    """An empty figure of this size in inches."""
    return Figure(figsize=(width, height), facecolor="white")


def axes_at(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a position in inches from the lower left corner."""
    full_width, full_height = figure.get_size_inches()
    place = (left / full_width, bottom / full_height, width / full_width, height / full_height)
    return figure.add_axes(place)


def panels(
    titles: Sequence[str],
    labels: tuple[str, str],
    aspect: float = 1.0,
    foot: float = 0.0,
    own_scales: bool = False,
) -> tuple[Figure, list[Axes]]:
    """A panel under each title, two per row, with the labels of the axes once.

    `foot`: inches kept free at the bottom, for a legend or a colour bar. With `own_scales`, each
    panel has tick labels on its vertical axis.
    """
    columns = min(COLUMNS, max(len(titles), 1))
    gap = LEFT if own_scales else GAP
    rows = -(-len(titles) // columns)
    width = (COLUMN - LEFT - RIGHT - gap * (columns - 1)) / columns
    height = width * aspect
    bottom = BOTTOM + foot
    figure = figure_of(bottom + rows * (height + TITLE))
    found = []
    for number, title in enumerate(titles):
        row, column = divmod(number, columns)
        place = (
            LEFT + column * (width + gap),
            bottom + (rows - 1 - row) * (height + TITLE),
            width,
            height,
        )
        axes = axes_at(figure, *place)
        axes.set_title(title)
        is_last = number + columns >= len(titles)
        axes.tick_params(labelleft=own_scales or column == 0, labelbottom=is_last)
        axes.set_xlabel(labels[0] if is_last else "")
        axes.set_ylabel(labels[1] if column == 0 else "")
        found.append(axes)
    return figure, found


@contextmanager
def bin_panels(
    titles: Sequence[str], bins: Sequence[str], under: str, label: str = ""
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Panels to draw in, with places from 0 for the same bins, whose names stand below the last.

    `under` says what the bins are of.
    """
    every = max(1, -(-len(bins) // MOST_TICKS))
    places = list(range(0, len(bins), every))
    labels = [wrapped(bins[place], BIN_CHARACTERS, 1) for place in places]
    foot = text_width(figure_of(1.0), labels or [""], SMALL) + BIN_FOOT
    figure, panes = panels(titles, ("", label), BIN_ASPECT, foot, own_scales=True)
    yield figure, panes
    for axes in panes:
        axes.set_xticks(places, labels, rotation=90)
        axes.set_xlim(-0.6, len(bins) - 0.4)
    make_room(figure, panes)
    figure.text(0.5, 0.06 / figure.get_figheight(), under, ha="center")


def class_panels(
    evaluation: ClassEvaluation, labels: tuple[str, str]
) -> tuple[Figure, dict[int, Axes]]:
    """A panel for each class by its position, of the `MOST_CLASSES` with most galaxies."""
    galaxies = evaluation.confusion_matrix.sum(axis=1)
    chosen = sorted(np.argsort(-galaxies, kind="stable")[:MOST_CLASSES].tolist())
    titles = [panel_title(evaluation.classes[at], int(galaxies[at])) for at in chosen]
    figure, every = panels(titles, labels)
    return figure, dict(zip(chosen, every, strict=True))


def make_room(figure: Figure, panes: Sequence[Axes]) -> None:
    """Narrows panels whose tick labels are too wide for the space on their left."""
    canvas = FigureCanvasAgg(figure)
    right_end = -PAD
    for column in (panes[start::COLUMNS] for start in range(COLUMNS)):
        boxes = [axes.get_tightbbox(canvas.get_renderer()) for axes in column]
        lefts = [box.x0 / figure.dpi for box in boxes if box is not None]
        shift = max(0.0, right_end + 2 * PAD - min(lefts, default=COLUMN)) / COLUMN
        for axes in column:
            place = axes.get_position()
            axes.set_position((place.x0 + shift, place.y0, place.width - shift, place.height))
            right_end = COLUMN * place.x1


def panel_title(name: str, galaxies: int) -> str:
    """The name of a question above its N."""
    return f"{wrapped(name, TITLE_CHARACTERS)}\nN = {galaxies:,}"


def from_0_to_1(axes: Axes) -> None:
    """Both axes of fractions, with short labels that do not overlap those of the next panel."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_xticks((0, 0.5, 1), UNIT)
    axes.set_yticks((0, 0.5, 1), UNIT)


def say_empty(axes: Axes) -> None:
    """Marks a panel that has nothing to show."""
    axes.text(
        0.5, 0.5, "no galaxies\nwith votes", ha="center", va="center", transform=axes.transAxes
    )
