"""Comparisons as tables, JSON or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from zoocli.evaluating.comparing.comparison import LEAST_SHOWN
from zoocli.report.formats import check_format, render_json
from zoocli.report.grid import Grid, render_grids
from zoocli.report.summary import losses_title
from zoocli.report.text import ABSENT, count, csv_text, decimals, number

if TYPE_CHECKING:
    from zoocli.evaluating.comparing.comparison import Comparison, Difference, System
    from zoocli.evaluating.comparing.ranked import DifferenceFromBest
    from zoocli.evaluating.metric import Metric

HEADER = ("", "baseline", "system", "difference", "low", "high", "p", "p (Holm)", "better", "N")
OPTIONAL = [HEADER.index(name) for name in ("better", "baseline", "system", "p", "low", "high")]
COLUMNS = (
    "mean_baseline",
    "mean_system",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "better",
    "tied",
    "galaxies",
)
P_DIGITS = 4


def render_comparison(
    comparison: Comparison, format: str = "table", stream: TextIO | None = None
) -> str:
    """A comparison as text that ends in a newline, with the systems in the order of their ranks.

    `format` is one of `zoocli.report.FORMATS`. JSON and CSV have all digits. The others are
    rounded, with a table for each system and a verdict from its overall p. Absent values are null,
    empty or "-". `stream` is where a table will be written: a terminal gets colour.

    Raises UsageError for another format.
    """
    check_format(format)
    if format == "json":
        return render_json(comparison.to_dict())
    if format == "csv":
        return csv_text(["file", "level", "name", *COLUMNS], comparison.rows())
    return render_grids(comparison_grids(comparison), format, stream)


def comparison_grids(comparison: Comparison) -> list[Grid]:
    """A table for each system, the best first."""
    last = len(comparison.systems)
    return [
        _grid(comparison, system, _closing(comparison) if system.rank == last else [])
        for system in comparison.systems
    ]


def _grid(comparison: Comparison, system: System, closing: Sequence[str]) -> Grid:
    sections = system.sections()
    every = [difference for groups in sections for difference in groups.values()]
    digits = decimals(half_width(difference) for difference in every)
    rows = [
        [[name, *_cells(difference, digits)] for name, difference in groups.items()]
        for groups in sections
        if groups
    ]
    title = (
        f"{losses_title(comparison.loss, comparison.schema)}: {system.file} against "
        f"{comparison.baseline.file}"
    )
    place = f", rank {system.rank} of {len(comparison.systems)}" * (len(comparison.systems) > 1)
    footer = [f"{system.file}: {system.verdict}{place}", *closing]
    return Grid(title, HEADER, rows, footer, OPTIONAL)


def half_width(of: Difference | DifferenceFromBest | Metric) -> float | None:
    """About two standard errors; the table shows two digits of it."""
    return None if of.low is None or of.high is None else (of.high - of.low) / 2


def _cells(difference: Difference, digits: int) -> list[str]:
    losses = (
        difference.mean_baseline,
        difference.mean_system,
        difference.difference,
        difference.low,
        difference.high,
    )
    return [
        *(number(value, digits) for value in losses),
        *(shown_p_cell(value) for value in (difference.p, difference.p_holm)),
        ABSENT if difference.better is None else f"{100 * difference.better:.1f}%",
        count(difference.galaxies),
    ]


def shown_p_cell(value: float | None) -> str:
    """A p-value in a table; below 1e-10 that alone is said."""
    if value is not None and value < LEAST_SHOWN:
        return f"<{LEAST_SHOWN:.0e}"
    return number(value, P_DIGITS)


def _closing(comparison: Comparison) -> list[str]:
    return [
        "negative difference: the system is better; low and high: 95 % jackknife interval; p: "
        "paired randomisation test, Holm-adjusted over systems and questions; better: "
        "share of galaxies",
        comparison.signature,
    ]
