"""The quantiles of the residuals of predicted values."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoocli.evaluating.metric import Metric
from zoocli.evaluating.values.residuals import QUANTILES
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.report.figures.layout import make_room, panel_title, panels, say_empty
from zoocli.report.figures.picture import Picture, picture
from zoocli.report.figures.style import BLUE, GREY
from zoocli.schema.levels import OVERALL

CAPTION = (
    "Quantiles of the residuals (predicted - true) in the units of the target, with 95 % "
    "intervals, over the N galaxies that have both values. For perfect predictions all are 0."
)
ASPECT = 0.8


def of_values(evaluation: ValueEvaluation, formats: Sequence[str]) -> Picture:
    """The figure `residuals`: a panel for each target."""
    return picture("residuals", "Residuals", CAPTION, lambda: _draw(evaluation), formats)


def _draw(evaluation: ValueEvaluation) -> Figure:
    targets = evaluation.targets
    found = [_quantiles(evaluation, name if len(targets) > 1 else OVERALL) for name in targets]
    titles = [
        panel_title(name, of_target[0].N or 0)
        for name, of_target in zip(targets, found, strict=True)
    ]
    labels = "quantile of the residuals (%)", "predicted - true"
    figure, every = panels(titles, labels, ASPECT, own_scales=True)
    for axes, of_target in zip(every, found, strict=True):
        _panel(axes, of_target)
    make_room(figure, every)
    return figure


def _quantiles(evaluation: ValueEvaluation, name: str) -> list[Metric]:
    levels = [f"residual_q{round(100 * level):02d}" for level in QUANTILES]
    return [evaluation.by_name[name, None, metric] for metric in levels]


def _panel(axes: Axes, quantiles: Sequence[Metric]) -> None:
    for level, one in zip(QUANTILES, quantiles, strict=True):
        if one.value is None:
            continue
        if one.low is not None and one.high is not None:
            axes.vlines(100 * level, one.low, one.high, color=BLUE, linewidth=1.2)
        axes.plot(100 * level, one.value, marker="o", color=BLUE)
    if quantiles[0].value is None:
        say_empty(axes)
    axes.axhline(0.0, color=GREY, linewidth=0.7, linestyle="--", zorder=0)
    axes.set_xticks([round(100 * level) for level in QUANTILES])
    axes.set_xlim(0, 100)
    axes.yaxis.set_major_locator(MaxNLocator(5))
