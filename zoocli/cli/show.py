"""`zoocli show`."""

from __future__ import annotations

from typing import Annotated

import typer

from zoocli.cli.groups import with_groups
from zoocli.cli.inputs import files_of
from zoocli.cli.messages import say_notes
from zoocli.cli.options import Quiet, Tables, Wide
from zoocli.cli.outputs import compile_note, put, shown_on
from zoocli.report.formats import GalaxyFormat
from zoocli.runs.options.option import OUTPUT
from zoocli.runs.options.score import ScoreOptions


@with_groups
def show(
    *,
    galaxy: Annotated[str, typer.Argument(metavar="ID", help="The id of the galaxy.")],
    tables: Tables,
    format: Annotated[
        GalaxyFormat,
        typer.Option("--format", "-f", help="Format on stdout.", rich_help_panel=OUTPUT),
    ] = "table",
    wide: Wide = False,
    options: ScoreOptions,
    quiet: Quiet = False,
) -> None:
    """Show one galaxy: votes, predictions and losses.

    For each question of the tree: the votes of its answers, their predicted fractions with 90 %
    intervals, the loss in nats, the loss that the prediction expects, and how often it expects one
    as high. So one sees which question makes a galaxy bad, and whether the votes are surprising
    there.
    """
    from zoocli.products.galaxy import show_galaxy
    from zoocli.report.galaxy import render_galaxy

    files_of("show", tables, options)
    found = show_galaxy(galaxy, tables[:-1], tables[-1], options)
    say_notes([*compile_note(), *found.notes], quiet)
    put(render_galaxy(found, format, shown_on(wide)))
