"""`zoocli compare`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from zoocli.cli.options import Quiet
from zoocli.cli.outputs import compile_note
from zoocli.cli.summarize import put, say_notes
from zoocli.report import Format, render_comparison


def compare(
    baseline: Annotated[
        str,
        typer.Argument(
            metavar="BASELINE", help="Scores table (file, or directory of parts); - is stdin."
        ),
    ],
    systems: Annotated[
        list[str],
        typer.Argument(metavar="SYSTEM...", help="Scores tables of the same galaxies and votes."),
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
        Format, typer.Option("--format", "-f", help="How the comparison is written.")
    ] = "table",
    bootstrap: Annotated[
        int, typer.Option(help="Bootstrap replicates, for the 95 % intervals.")
    ] = 1000,
    flips: Annotated[
        int, typer.Option(help="Sign flips of the randomisation test, for the p-values.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 0,
    id: Annotated[
        str | None,
        typer.Option("--id", metavar="COLUMN", help="Id column.  [default: the first column]"),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="[default: SLURM's, the container's or the machine's]")
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Of the whole process; larger tables are read several times.  [default: 2GB, or"
            " less where there is less]",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Show whether SYSTEMs beat BASELINE: paired differences of their scores, and how sure.

    Galaxies are matched by id. For every question, campaign and overall: both means, their
    difference (negative: the system is better) with its 95 % bootstrap interval, the p-value of the
    paired approximate-randomisation test, the same adjusted by Holm for all systems and questions,
    the share of galaxies that the system scores better, and N. Systems are ranked by their overall
    mean. Galaxies are the unit: what another training of a model would give, no interval knows.
    """
    from zoocli.errors import UsageError
    from zoocli.statistics import compare as library

    if [baseline, *systems].count("-") > 1:
        raise UsageError("Standard input can be read only once: give '-' once.")
    comparison = library.compare(
        baseline,
        *systems,
        schema=schema,
        bootstrap=bootstrap,
        flips=flips,
        seed=seed,
        id=id,
        threads=threads,
        memory_limit=memory_limit,
    )
    if not quiet:
        say_notes([*compile_note(), *comparison.notes])
    put(render_comparison(comparison, format, sys.stdout))
