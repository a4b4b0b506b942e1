"""A summary by bins of a column, as a table, JSON or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from zoocli.report.grid import Grid, render_grids
from zoocli.report.summary import (
    SINGLE_HEADER,
    STATISTICS,
    check_format,
    losses_title,
    render_json,
    statistics_cells,
    summary_footer,
)
from zoocli.report.text import csv_text, decimals

if TYPE_CHECKING:
    from zoocli.scoring.summaries.summarize_by import BinnedSummary

BIN_COLUMNS = ("by", "low", "high", "value")


def render_binned_summary(
    binned: BinnedSummary, format: str = "table", stream: TextIO | None = None
) -> str:
    """The statistics of each bin as text that ends in a newline.

    `format` is one of `zoocli.report.FORMATS`. JSON and CSV have all digits. The others are
    rounded, with a section overall, for each campaign (if several) and for each question, and one
    row per bin. Absent values are null, empty or "-". `stream` is where a table will be written.

    Raises UsageError for another format.
    """
    check_format(format)
    if format == "json":
        return render_json(binned.to_dict())
    if format == "csv":
        # low, high and value are empty for galaxies without a value
        return csv_text(["level", "name", *BIN_COLUMNS, *STATISTICS], binned.rows())
    return render_grids([binned_grid(binned)], format, stream)


def binned_grid(binned: BinnedSummary) -> Grid:
    """A section for each group, with one row per bin."""
    digits = decimals(row["se"] for row in binned.rows())
    sections = []
    for name, groups in binned.shown_groups():
        names = [name, *[""] * (len(groups) - 1)]
        sections.append(
            [
                [shown, one.label, *statistics_cells(group, digits)]
                for shown, (one, _), group in zip(names, binned.bins, groups, strict=True)
            ]
        )
    whole = binned.whole
    title = f"{losses_title(whole.loss, whole.schema)}, by {binned.column}"
    footer = summary_footer(whole)
    if any(one.low is not None for one, _ in binned.bins):
        footer = ["bins include their lower edge and exclude their upper one", *footer]
    return Grid(title, ("", binned.column, *SINGLE_HEADER[1:]), sections, footer)
