"""`zoocli summarize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.completion import columns
from zoocli.cli.inputs import require_one_stdin
from zoocli.cli.messages import say_notes
from zoocli.cli.options import Quiet, ScoresSchema, Wide
from zoocli.cli.outputs import put, put_and_publish, shown_on
from zoocli.errors import UsageError
from zoocli.report.formats import Format


def summarize(
    scores: Annotated[
        list[str],
        typer.Argument(
            metavar="SCORES...",
            help="Scores tables (files, or directories of parts) or JSON summaries; - is stdin.",
        ),
    ],
    schema: ScoresSchema = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN[:BINS|:qBINS|:EDGES]",
            autocompletion=columns,
            help="Statistics in bins of a column that `zoocli score --keep` copied; repeatable. "
            "Numbers: bins of equal width (10, or as in redshift:5), of equally many galaxies "
            "(redshift:q4), or between and beyond edges (mag:15,17,19). Text: one bin per value. "
            "One table only.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Plot the means with their standard errors, by bin with --by, else by question: "
            ".png, .pdf or .svg.",
        ),
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="Format of the summary.")
    ] = "table",
    wide: Wide = False,
    quiet: Quiet = False,
) -> None:
    """Show the mean losses of scores tables.

    Overall, per campaign and per question.
    Several inputs are shown side by side (as JSON: an array, each with its `file`).
    """
    require_one_stdin(scores)
    if by and len(scores) > 1:
        raise UsageError("--by takes one scores table. Run the command once per table.")
    if plot is not None:
        _check_plot(plot, scores, schema)
    if by and plot is not None and len(by) > 1:
        raise UsageError("--plot shows one --by. Run the command once per column.")
    if by:
        _summarize_by(scores[0], by, schema, plot, format, wide, quiet)
    else:
        _summarize_all(scores, schema, plot, format, wide, quiet)


def _summarize_all(
    scores: list[str],
    schema: str | None,
    plot: Path | None,
    format: Format,
    wide: bool,
    quiet: bool,
) -> None:
    from dataclasses import replace

    from zoocli.report.summary import render_summaries
    from zoocli.scoring.summaries import summarize as library

    summaries = [library.summarize(source, schema) for source in scores]
    say_notes((note for summary in summaries for note in summary.notes), quiet)
    if len(scores) > 1:
        summaries = [
            replace(summary, file=source) for source, summary in zip(scores, summaries, strict=True)
        ]
    picture = b""
    if plot is not None:
        from zoocli.report.figures.summaries import draw_summaries

        picture = draw_summaries(summaries, _ending(plot))
    _show(render_summaries(summaries, format, shown_on(wide)), plot, picture)


def _summarize_by(
    scores: str,
    by: list[str],
    schema: str | None,
    plot: Path | None,
    format: Format,
    wide: bool,
    quiet: bool,
) -> None:
    from zoocli.report.binned_summary import render_binned_summaries
    from zoocli.scoring.summaries.summarize_by import summarize_by

    several = [summarize_by(scores, one, schema) for one in by]
    say_notes(dict.fromkeys(note for binned in several for note in binned.whole.notes), quiet)
    picture = b""
    if plot is not None:
        from zoocli.report.figures.summaries import draw_binned

        picture = draw_binned(several[0], _ending(plot))
    _show(render_binned_summaries(several, format, shown_on(wide)), plot, picture)


def _check_plot(plot: Path, scores: list[str], schema: str | None) -> None:
    """Refuses, before any work, a plot that cannot be drawn or written."""
    from zoocli.report import figures
    from zoocli.tables.writing.drafts import try_writing
    from zoocli.tables.writing.guards import refuse_inputs

    if _ending(plot) not in figures.FORMATS:
        raise UsageError(f"--plot '{plot}' must end in .png, .pdf or .svg.")
    if len(scores) > figures.MOST_SERIES:
        raise UsageError(
            f"--plot shows at most {figures.MOST_SERIES} tables in distinct colours, not "
            f"{len(scores)}."
        )
    figures.require("--plot")
    refuse_inputs(plot, [*scores, *([] if schema is None else [schema])])
    try_writing(plot)


def _ending(plot: Path) -> str:
    return plot.suffix.lower().removeprefix(".")


def _show(text: str, plot: Path | None, picture: bytes) -> None:
    """Writes the text to stdout and the picture, if any; the latter not where stdout fails."""
    from zoocli.tables.writing.drafts import drafted_bytes

    if plot is None:
        put(text)
        return
    with drafted_bytes(plot, picture) as show:
        put_and_publish(text, show)
