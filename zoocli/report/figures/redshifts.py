"""Predicted against true redshifts, as a density."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoocli.evaluating.values.redshifts import cell_edges
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.foundation.arrays import Counts
from zoocli.report.figures.layout import make_room, panel_title, panels, say_empty
from zoocli.report.figures.picture import Picture, picture
from zoocli.report.figures.style import GREY, MAP, VERMILION

CAPTION = (
    "Predicted against true redshift; the darker a cell, the more galaxies (logarithmic). On the "
    "line they are equal; beyond the dashed lines are the outliers."
)
MARGIN = 1.05


def of_values(evaluation: ValueEvaluation, formats: Sequence[str]) -> Picture:
    """The figure `redshifts`: a panel for each target."""
    return picture("redshifts", "Redshifts", CAPTION, lambda: _draw(evaluation), formats)


def _draw(evaluation: ValueEvaluation) -> Figure:
    densities = [evaluation.density(target) for target in range(len(evaluation.targets))]
    found = [np.zeros((1, 1), np.int64) if one is None else one for one in densities]
    titles = [
        panel_title(name, int(density.sum()))
        for name, density in zip(evaluation.targets, found, strict=True)
    ]
    figure, every = panels(titles, ("true redshift", "predicted redshift"), own_scales=True)
    for axes, density in zip(every, found, strict=True):
        _panel(axes, density, evaluation.settings["outlier"])
    make_room(figure, every)
    return figure


def _panel(axes: Axes, density: Counts, limit: float) -> None:
    if not density.any():
        say_empty(axes)
        return
    edges = cell_edges()
    occupied = np.flatnonzero(density.any(axis=0) | density.any(axis=1))
    end = MARGIN * float(edges[occupied[-1] + 1])
    shown = np.ma.masked_equal(density.T, 0)
    norm = LogNorm(0.5, max(2, int(density.max())))
    axes.pcolormesh(edges, edges, shown, cmap=MAP, norm=norm, rasterized=True)
    axes.plot([0, end], [0, end], color=VERMILION, linewidth=0.7)
    for side in (-limit, limit):
        line = [at + side * (1 + at) for at in (0.0, end)]
        axes.plot([0, end], line, color=GREY, linewidth=0.7, linestyle="--")
    axes.set(xlim=(0, end), ylim=(0, end))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4))
