"""`zoocli check`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from zoocli.cli.groups import with_groups
from zoocli.cli.inputs import files_of
from zoocli.cli.options import Quiet, Tables
from zoocli.cli.outputs import put
from zoocli.errors import DataError, in_command
from zoocli.runs.options.option import OUTPUT
from zoocli.runs.options.score import ScoreOptions


@with_groups
def check(
    *,
    tables: Tables,
    format: Annotated[
        Literal["text", "json"],
        typer.Option("--format", "-f", help="Format of the report.", rich_help_panel=OUTPUT),
    ] = "text",
    options: ScoreOptions,
    quiet: Quiet = False,
) -> None:
    """Report all that is wrong with predictions and votes.

    Writes no files.

    Reads what `zoocli score` would read with the same options, but does not stop at the first
    problem: files, ids, overlap, schema, invalid values by column and, as notes, votes that
    contradict the tree. Exits with 0 if a score would succeed and with 3 if it would fail.
    """
    from zoocli.cli.progress import progress_bar
    from zoocli.report.check import render_check
    from zoocli.report.formats import render_json
    from zoocli.scoring.checking import check as library

    files_of("check", tables, options)
    with progress_bar(quiet) as progress:
        found = library(tables[:-1], tables[-1], options, progress).said(in_command)
    put(render_json(found.to_dict()) if format == "json" else render_check(found))
    if not found.fine:
        raise typer.Exit(DataError.exit_code)
