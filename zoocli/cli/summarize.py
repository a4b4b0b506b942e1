"""`zoocli summarize`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from zoocli.cli.messages import note as say_note
from zoocli.cli.options import Quiet
from zoocli.report import Format, render_summaries


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
    format: Annotated[
        Format, typer.Option("--format", "-f", help="How the summary is written.")
    ] = "table",
    quiet: Quiet = False,
) -> None:
    """Show the mean losses of scores tables: overall, per campaign and per question.

    Several inputs are shown side by side (as JSON: an array, each with its `file`).
    """
    from dataclasses import replace

    from zoocli.errors import UsageError
    from zoocli.statistics import summarize as library

    if scores.count("-") > 1:
        raise UsageError("Standard input can be read only once: give '-' once.")
    summaries = [library.summarize(source, schema) for source in scores]
    if not quiet:
        say_notes(note for summary in summaries for note in summary.notes)
    if len(scores) > 1:
        summaries = [
            replace(summary, file=source) for source, summary in zip(scores, summaries, strict=True)
        ]
    put(render_summaries(summaries, format, sys.stdout))


def say_notes(notes: Iterable[str]) -> None:
    """Writes notes to stderr, one a line."""
    for note in notes:
        say_note(note)


def put(text: str) -> None:
    """Writes to stdout; what its encoding cannot say is escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
