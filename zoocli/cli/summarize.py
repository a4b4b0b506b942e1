"""`zoocli summarize`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.messages import note as say_note
from zoocli.cli.options import Quiet
from zoocli.report import Format, render_binned_summary, render_summaries


def summarize(
    scores: Annotated[
        list[str],
        typer.Argument(
            metavar="SCORES...",
            help="Scores tables (files, or directories of parts) or JSON summaries; - is stdin.",
        ),
    ],
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            "-s",
            metavar="NAME|FILE",
            help="Names the campaigns of tables that do not carry their schema (CSV).",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN[:BINS|:EDGES]",
            help="The statistics by a column that `zoocli score --keep` carried: of numbers in so "
            "many bins of equal width (10), as redshift:5, or between edges, as mag:15,17,19, and "
            "beyond them; of text one bin a value. One table only.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the means with their standard errors, by bin or else by question: .png, "
            ".pdf or .svg.",
        ),
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="How the summary is written.")
    ] = "table",
    quiet: Quiet = False,
) -> None:
    """Show the mean losses of scores tables: overall, per campaign and per question.

    Several inputs are shown side by side (as JSON: an array, each with its `file`).
    """
    from zoocli.errors import UsageError

    if scores.count("-") > 1:
        raise UsageError("Standard input can be read only once: give '-' once.")
    if by is not None and len(scores) > 1:
        raise UsageError("--by takes one scores table: give each in a command of its own.")
    if plot is not None:
        _check_plot(plot, scores, schema)
    if by is not None:
        _summarize_by(scores[0], by, schema, plot, format, quiet)
    else:
        _summarize_all(scores, schema, plot, format, quiet)


def _summarize_all(
    scores: list[str], schema: str | None, plot: Path | None, format: Format, quiet: bool
) -> None:
    from dataclasses import replace

    from zoocli.statistics import summarize as library

    summaries = [library.summarize(source, schema) for source in scores]
    if not quiet:
        say_notes(note for summary in summaries for note in summary.notes)
    if len(scores) > 1:
        summaries = [
            replace(summary, file=source) for source, summary in zip(scores, summaries, strict=True)
        ]
    if plot is not None:
        from zoocli.report.figures.summaries import draw_summaries

        _write(plot, draw_summaries(summaries, _ending(plot)))
    put(render_summaries(summaries, format, sys.stdout))


def _summarize_by(
    scores: str, by: str, schema: str | None, plot: Path | None, format: Format, quiet: bool
) -> None:
    from zoocli.statistics.summarize_by import summarize_by

    binned = summarize_by(scores, by, schema)
    if not quiet:
        say_notes(binned.whole.notes)
    if plot is not None:
        from zoocli.report.figures.summaries import draw_binned

        _write(plot, draw_binned(binned, _ending(plot)))
    put(render_binned_summary(binned, format, sys.stdout))


def _check_plot(plot: Path, scores: list[str], schema: str | None) -> None:
    """Refuses, before any work, what cannot be drawn or written."""
    from zoocli.errors import UsageError
    from zoocli.report import figures
    from zoocli.tables.drafts import try_writing
    from zoocli.tables.guards import refuse_inputs

    if _ending(plot) not in figures.FORMATS:
        raise UsageError(f"--plot '{plot}' must end in .png, .pdf or .svg.")
    if len(scores) > figures.MOST_SERIES:
        raise UsageError(
            f"--plot shows at most {figures.MOST_SERIES} tables, whose colours can be told apart; "
            f"not {len(scores)}."
        )
    figures.require("--plot")
    refuse_inputs(plot, [*scores, *([] if schema is None else [schema])])
    try_writing(plot)


def _ending(plot: Path) -> str:
    return plot.suffix.lower().removeprefix(".")


def _write(plot: Path, content: bytes) -> None:
    from zoocli.tables.drafts import drafted_bytes

    with drafted_bytes(plot, content) as show:
        show()


def say_notes(notes: Iterable[str]) -> None:
    """Writes notes to stderr, one a line."""
    for note in notes:
        say_note(note)


def put(text: str) -> None:
    """Writes to stdout; what its encoding cannot say is escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
