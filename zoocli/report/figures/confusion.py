"""The most voted answer against the most predicted one, for each question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.report.figures.layout import axes_at, figure_of, panel_title, say_empty
from zoocli.report.figures.picture import Picture, picture, text_width
from zoocli.report.figures.style import COLUMN, MAP, SMALL, wrapped
from zoocli.schema import Question

CELL, SMALLEST_CELL = 0.42, 0.2  # inches
HEAD, LABEL = 0.44, 0.18
TITLE_SIZE = 6.5
ANSWER_CHARACTERS = 18


def pictures(evaluation: TreeEvaluation, formats: Sequence[str]) -> Iterator[Picture]:
    """A figure `confusion-QUESTION` for each question."""
    matrices = evaluation.confusion_matrices()
    names = file_names([question.name for question in evaluation.schema.questions])
    for question, name in zip(evaluation.schema.questions, names, strict=True):
        yield picture(
            f"confusion-{name}",
            "Confusion matrix",
            question.name,
            partial(_of_question, question, matrices[question.name]),
            formats,
        )


def file_names(names: Sequence[str]) -> list[str]:
    """Names that are valid on any file system, and distinct even if it ignores case.

    >>> file_names(["bar", "a/b", "A b", "a_b"])
    ['bar', 'a_b', 'A_b-2', 'a_b-3']
    """
    taken: set[str] = set()
    made = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9.-]+", "_", name)[:60]
        number, free = 1, plain
        while free.lower() in taken:
            number += 1
            free = f"{plain}-{number}"
        taken.add(free.lower())
        made.append(free)
    return made


def of_classes(evaluation: ClassEvaluation, formats: Sequence[str]) -> Picture:
    """The figure `confusion-classes`."""
    matrix, classes = evaluation.confusion_matrix, evaluation.classes
    axes = "class predicted most", "label"
    return picture(
        "confusion-classes",
        "Confusion matrix",
        "all classes",
        lambda: _draw("classes", classes, matrix, axes),
        formats,
    )


def _of_question(question: Question, matrix: Any) -> Figure:
    answers = [answer.suffix.removeprefix("_") for answer in question.answers]
    return _draw(question.name, answers, matrix, ("predicted most", "voted most"))


def _draw(name: str, names: Sequence[str], matrix: Any, labels: tuple[str, str]) -> Figure:
    """`labels`: of the predicted and of the true classes."""
    short = [wrapped(one, ANSWER_CHARACTERS) for one in names]
    support = matrix.sum(axis=1)
    rows = [f"{one}\n({count:,})" for one, count in zip(short, support, strict=True)]
    scratch = figure_of(1.0)
    left = text_width(scratch, rows, SMALL) + LABEL + 0.08
    under = text_width(scratch, short, SMALL) + LABEL + 0.08
    cell = max(SMALLEST_CELL, min(CELL, (COLUMN - left - 0.1) / len(rows)))
    side = cell * len(rows)
    title = panel_title(name, int(support.sum()))
    natural = left + side + 0.1
    width = max(natural, text_width(scratch, [title], TITLE_SIZE) + 0.1)
    figure = figure_of(under + side + HEAD, width)
    axes = axes_at(figure, left + (width - natural) / 2, under, side, side)
    top = 1 - 0.06 / figure.get_figheight()
    figure.text(0.5, top, title, ha="center", va="top", size=TITLE_SIZE)
    _cells(axes, matrix, cell)
    places = range(len(rows))
    axes.set_xticks(places, short, rotation=90)
    axes.set_yticks(places, rows)
    axes.tick_params(length=0)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    return figure


def _cells(axes: Axes, matrix: Any, cell: float) -> None:
    support = matrix.sum(axis=1, keepdims=True)
    if not support.any():
        axes.set(xlim=(-0.5, len(matrix) - 0.5), ylim=(len(matrix) - 0.5, -0.5))
        say_empty(axes)
        return
    shares = np.ma.masked_invalid(
        np.divide(matrix, support, out=np.full(matrix.shape, np.nan), where=support > 0)
    )
    axes.imshow(shares, MAP, vmin=0.0, vmax=1.0, aspect="auto")
    for row, column in np.ndindex(matrix.shape):
        if support[row] and (cell > 0.24 or matrix[row, column]):
            share = float(shares[row, column])
            axes.text(
                *(column, row, f"{100 * share:.0f}"),
                ha="center",
                va="center",
                size=SMALL,
                color=_readable_on(share),
            )


def _readable_on(share: float) -> str:
    red, green, blue, _ = colormaps[MAP](share)
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
