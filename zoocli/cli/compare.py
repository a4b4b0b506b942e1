"""`zoocli compare`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from zoocli.cli.completion import columns, condition
from zoocli.cli.inputs import require_one_stdin
from zoocli.cli.messages import say_notes
from zoocli.cli.options import Quiet, ScoresSchema, Threads
from zoocli.cli.outputs import compile_note, put
from zoocli.report.formats import Format


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
    schema: ScoresSchema = None,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="Format of the comparison.")
    ] = "table",
    seed: Annotated[
        int, typer.Option(help="Random seed of the buckets that intervals and p come from.")
    ] = 0,
    id: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="COLUMN",
            autocompletion=columns,
            help="Id column.  [default: the first column]",
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            metavar="EXPRESSION",
            autocompletion=condition,
            help="Compare only on the galaxies for which this holds, over columns that "
            "`zoocli score --keep` copied, such as 'redshift < 0.1'.",
        ),
    ] = None,
    threads: Threads = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory limit of the whole process; larger tables are read several times.  "
            "[default: 2GB, or what is available if less]",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Test whether SYSTEMs score better than BASELINE.

    Galaxies are matched by id. For each question and campaign, and overall: both means; their
    difference (negative if the system is better) with its 95 % jackknife interval; the p-value of
    the paired randomisation test, alone and with Holm's adjustment over all systems
    and questions; the share of galaxies that the system scores better; and N. Systems are ranked
    by their overall mean. The unit is the galaxy: the intervals do not cover the variation between
    training runs.
    """
    from zoocli.evaluating.comparing import compare as library
    from zoocli.report.comparison import render_comparison

    require_one_stdin([baseline, *systems])
    comparison = library.compare(
        baseline,
        *systems,
        schema=schema,
        seed=seed,
        id=id,
        where=where,
        threads=threads,
        memory_limit=memory_limit,
    )
    say_notes([*compile_note(), *comparison.notes], quiet)
    put(render_comparison(comparison, format, sys.stdout))
