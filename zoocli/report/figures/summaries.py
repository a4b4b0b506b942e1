"""The mean losses of summaries, by question or by bin of a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoocli.losses import unit_of
from zoocli.report.figures.intervals import Interval, interval_rows
from zoocli.report.figures.layout import bin_panels, panel_title, say_empty
from zoocli.report.figures.picture import picture
from zoocli.report.figures.style import BLUE, wrapped
from zoocli.schema.levels import OVERALL

if TYPE_CHECKING:
    from zoocli.scoring.summaries.summarize_by import BinnedSummary
    from zoocli.scoring.summaries.summary import Summary
    from zoocli.scoring.sums import Statistics


def draw_summaries(summaries: Sequence[Summary], format: str) -> bytes:
    """The mean loss of each question (overall if there are none), with its standard error."""
    names = list(dict.fromkeys(name for one in summaries for name in one.questions)) or [OVERALL]
    series = [
        (
            f"{summary.file}, N = {summary.overall.galaxies:,}",
            [_interval(_group(summary, name)) for name in names],
        )
        for summary in summaries
    ]
    label = f"{_label(summaries[0].loss)}, bars: 1 se"
    drawn = picture("losses", "", "", lambda: interval_rows(names, series, label), (format,))
    return drawn.files[format]


def _label(loss: str | None) -> str:
    unit = unit_of(loss)
    return f"mean loss ({unit})" if unit else "mean loss"


def _group(summary: Summary, name: str) -> Statistics | None:
    return summary.questions.get(name, summary.overall if not summary.questions else None)


def _interval(group: Statistics | None) -> Interval:
    if group is None or group.mean is None:
        return Interval(None, None, None, None if group is None else group.galaxies)
    reach = group.se or 0.0
    return Interval(group.mean, group.mean - reach, group.mean + reach, group.galaxies)


def draw_binned(binned: BinnedSummary, format: str) -> bytes:
    """The mean loss of each bin, with 1 se: overall, by campaign (if several) and by question."""
    return picture("binned", "", "", lambda: _binned(binned), (format,)).files[format]


def _binned(binned: BinnedSummary) -> Figure:
    groups = binned.shown_groups()
    titles = [
        panel_title(name, sum(group.galaxies for group in of_bins)) for name, of_bins in groups
    ]
    bins = [one.label for one, _ in binned.bins]
    under = f"{wrapped(binned.column, 40, 1)} (bars: 1 se)"
    with bin_panels(titles, bins, under, _label(binned.whole.loss)) as (figure, panes):
        for axes, (_, of_bins) in zip(panes, groups, strict=True):
            _panel(axes, of_bins)
    return figure


def _panel(axes: Axes, of_bins: Sequence[Statistics]) -> None:
    there = [
        (place, one.mean, one.se or 0.0)
        for place, one in enumerate(of_bins)
        if one.mean is not None
    ]
    if there:
        places, means, errors = zip(*there, strict=True)
        axes.errorbar(places, means, errors, color=BLUE, marker="o", linestyle="")
    else:
        say_empty(axes)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y")
