"""The overall numbers of each group of galaxies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Place, Shown
from zoocli.evaluating.group import Group
from zoocli.evaluating.metric import Metric
from zoocli.report.figures.layout import bin_panels, say_empty
from zoocli.report.figures.picture import Picture, picture
from zoocli.report.figures.style import BLUE, GREY, wrapped
from zoocli.report.groups import groups_by
from zoocli.schema.levels import OVERALL

COLUMN_CHARACTERS = 40


def pictures(evaluation: Evaluation, formats: Sequence[str]) -> Iterator[Picture]:
    """The figures `by-1`, `by-2`...: a panel for each number on top of the report."""
    shown = evaluation.shown(Place.HEADLINE)
    for number, (column, groups) in enumerate(groups_by(evaluation), start=1):
        yield picture(
            f"by-{number}",
            f"By {column}",
            "the numbers of each group with their 95 % intervals; the line is that of all galaxies",
            partial(_draw, evaluation, column, groups, shown),
            formats,
        )


def _draw(
    evaluation: Evaluation, column: str, groups: Sequence[Group], shown: Sequence[Shown]
) -> Figure:
    titles = [one.headline or one.heading for one in shown]
    bins = [group.bin.label for group in groups]
    with bin_panels(titles, bins, wrapped(column, COLUMN_CHARACTERS, 1)) as (figure, panes):
        for axes, one in zip(panes, shown, strict=True):
            key = OVERALL, None, one.metric
            found = [group.evaluation.by_name.get(key) for group in groups]
            _panel(axes, found, evaluation.by_name.get(key))
    return figure


def _panel(axes: Axes, groups: Sequence[Metric | None], whole: Metric | None) -> None:
    there = [(place, one) for place, one in enumerate(groups) if one and one.value is not None]
    if not there:
        say_empty(axes)
        return
    if whole is not None and whole.value is not None:
        axes.axhline(whole.value, color=GREY, linewidth=0.8)
    values = np.array([one.value for _, one in there], float)
    low, high = (
        np.array([getattr(one, side) for _, one in there], float) for side in ("low", "high")
    )
    reach = np.nan_to_num([values - low, high - values])  # no bar where there is no limit
    axes.errorbar(
        [place for place, _ in there], values, reach.clip(0), color=BLUE, marker="o", linestyle=""
    )
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y")
