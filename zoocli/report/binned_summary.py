"""A summary by bins of a column, as a table, JSON or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from zoocli.report.formats import check_format, render_json
from zoocli.report.grid import Grid, render_grids
from zoocli.report.summary import (
    SINGLE_HEADER,
    STATISTICS,
    losses_title,
    statistics_cells,
    summary_footer,
)
from zoocli.report.text import csv_text, decimals

if TYPE_CHECKING:
    from zoocli.scoring.summaries.summarize_by import BinnedSummary

BIN_COLUMNS = ("by", "low", "high", "value")


def render_binned_summaries(
    several: Sequence[BinnedSummary], format: str = "table", stream: TextIO | None = None
) -> str:
    """The statistics of each bin of each column as text that ends in a newline.

    `format` is one of `zoocli.report.FORMATS`. JSON and CSV have all digits. The others are
    rounded, with a section overall, for each campaign (if several) and for each question, with one
    row for all galaxies and one per bin. As JSON, several are an array. Absent values are null,
    empty or "-". `stream` is where a table will be written.

    Raises UsageError for another format.
    """
    check_format(format)
    if format == "json":
        contents = [binned.to_dict() for binned in several]
        return render_json(contents if len(contents) > 1 else contents[0])
    if format == "csv":
        # low, high and value are empty for galaxies without a value
        rows = (row for binned in several for row in binned.rows())
        return csv_text(["level", "name", *BIN_COLUMNS, *STATISTICS], rows)
    return render_grids(map(binned_grid, several), format, stream)


def binned_grid(binned: BinnedSummary) -> Grid:
    """A section for each group, with one row per bin."""
    whole = binned.whole
    digits = decimals(row["se"] for row in binned.rows())
    of_all = {name: one for section in whole.sections() for name, one in section.items()}
    sections = []
    for name, groups in binned.shown_groups():
        rows = [[name, "all", *statistics_cells(of_all[name], digits)]]
        for (one, _), group in zip(binned.bins, groups, strict=True):
            rows.append(["", one.label, *statistics_cells(group, digits)])
        sections.append(rows)
    title = f"{losses_title(whole.loss, whole.schema)}, by {binned.column}"
    footer = summary_footer(whole)
    if any(one.low is not None for one, _ in binned.bins):
        footer = ["bins include their lower edge and exclude their upper one", *footer]
    return Grid(title, ("", binned.column, *SINGLE_HEADER[1:]), sections, footer)
