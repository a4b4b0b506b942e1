"""Summaries as a table, JSON or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from zoocli.losses import FRACTIONS, unit_of
from zoocli.report.formats import check_format, render_json
from zoocli.report.grid import Grid, render_grids
from zoocli.report.text import ABSENT, count, csv_text, decimals, number

if TYPE_CHECKING:
    from zoocli.scoring.summaries.summary import Summary
    from zoocli.scoring.sums import Statistics

SINGLE_HEADER = ("", "mean", "se", "mean_all", "N", "N_all", "votes")
STATISTICS = (
    "mean",
    "mean_all",
    "se",
    "sum",
    "sum_squares",
    "galaxies",
    "galaxies_all",
    "votes",
)


def render_summaries(
    summaries: Sequence[Summary], format: str = "table", stream: TextIO | None = None
) -> str:
    """One summary, or several side by side, as text that ends in a newline.

    `format` is one of `FORMATS`. One summary shows mean, se, mean_all, their N and the votes
    overall, of the campaigns and of the questions. Several show the mean and N of each, under its
    `file`. JSON and CSV have all digits, the others are rounded. Absent values are null, empty or
    "-". `stream` is where a table will be written: a terminal gets colour.

    Raises UsageError for another format.
    """
    check_format(format)
    if format == "json":
        several = [summary.to_dict() for summary in summaries]
        return render_json(several if len(several) > 1 else several[0])
    if format == "csv":
        return _csv(summaries)
    grid = summary_grid(summaries[0]) if len(summaries) == 1 else _side_by_side(summaries)
    return render_grids([grid], format, stream)


def _csv(summaries: Sequence[Summary]) -> str:
    """One row per group, under the names of the JSON summary; `file` first if there are several."""
    header = ["level", "name", *STATISTICS]
    if len(summaries) == 1:
        return csv_text(header, summaries[0].rows())
    rows = ({"file": summary.file} | row for summary in summaries for row in summary.rows())
    return csv_text(["file", *header], rows)


def summary_grid(summary: Summary) -> Grid:
    """Sections for overall, the campaigns (if several) and the questions."""
    sections = summary.sections()
    digits = decimals(group.se for level in sections for group in level.values())
    rows = [
        [[name, *statistics_cells(group, digits)] for name, group in level.items()]
        for level in sections
        if level
    ]
    return Grid(
        losses_title(summary.loss, summary.schema), SINGLE_HEADER, rows, summary_footer(summary)
    )


def statistics_cells(group: Statistics, digits: int) -> list[str]:
    """The cells under SINGLE_HEADER, after the name."""
    means = [number(value, digits) for value in (group.mean, group.se, group.mean_all)]
    return means + [count(value) for value in (group.galaxies, group.galaxies_all, group.votes)]


def one_line(summary: Summary) -> str:
    """What a scoring found, in one line: galaxies matched, the mean and its standard error."""
    overall = summary.overall
    matched = summary.provenance.matching
    galaxies = overall.galaxies_all if matched is None else matched.matched
    line = f"{count(galaxies)} galaxies scored"
    if overall.mean is None:
        return f"{line}, none with votes"
    digits = decimals([overall.se])
    error = "" if overall.se is None else f" +- {number(overall.se, digits)}"
    unit = unit_of(summary.loss)
    return f"{line}, mean loss {number(overall.mean, digits)}{error}{f' {unit}' if unit else ''}"


def losses_title(loss: str | None, schema: str | None) -> str:
    """The loss, its unit and the schema, as far as they are known.

    >>> losses_title("dirichlet", "desi"), losses_title("mse", None), losses_title(None, None)
    ('dirichlet loss in nats, schema desi', 'mse loss', 'loss')
    """
    unit = unit_of(loss)
    if loss == FRACTIONS:
        return f"vote fractions, schema {schema}"
    title = "loss" if loss is None else f"{loss} loss{f' in {unit}' if unit else ''}"
    return title if schema is None else f"{title}, schema {schema}"


def summary_footer(summary: Summary) -> list[str]:
    """The account of the matching and the signature, if they are known."""
    lines = []
    if summary.matching is not None:
        matching = summary.to_dict()["matching"]
        lines.append(", ".join(f"{name} {count(value)}" for name, value in matching.items()))
    if summary.signature is not None:
        lines.append(summary.signature)
    return lines


def _side_by_side(summaries: Sequence[Summary]) -> Grid:
    """The mean and N of each file, for every group that any file has."""
    files = [summary.file or f"file {number}" for number, summary in enumerate(summaries, start=1)]
    digits = decimals(row["se"] for summary in summaries for row in summary.rows())
    sections = []
    for levels in zip(*(summary.sections() for summary in summaries), strict=True):
        names = dict.fromkeys(name for level in levels for name in level)
        sections.append(
            [
                [name, *(cell for level in levels for cell in _mean_and_n(level.get(name), digits))]
                for name in names
            ]
        )
    header = ["", *(cell for file in files for cell in (file, "N"))]
    titles = dict.fromkeys(losses_title(one.loss, one.schema) for one in summaries)
    footer = [
        f"{file}: {summary.signature or ABSENT}"
        for file, summary in zip(files, summaries, strict=True)
    ]
    return Grid(f"mean of {'; '.join(titles)}", header, [s for s in sections if s], footer)


def _mean_and_n(group: Statistics | None, digits: int) -> list[str]:
    return [ABSENT] * 2 if group is None else [number(group.mean, digits), count(group.galaxies)]
