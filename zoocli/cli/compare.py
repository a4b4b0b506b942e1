"""`zoocli compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.completion import columns, condition
from zoocli.cli.inputs import require_one_stdin
from zoocli.cli.messages import say_notes
from zoocli.cli.options import Quiet, ScoresSchema, Threads, Wide
from zoocli.cli.outputs import compile_note, put, put_and_publish, refuse_stdout, shown_on
from zoocli.errors import UsageError
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
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.html",
            help="A report of the comparison: one page, which needs no network.",
        ),
    ] = None,
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
    wide: Wide = False,
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
    if output is not None:
        _check_report(output, [baseline, *systems])
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
    text = render_comparison(comparison, format, shown_on(wide))
    if output is None:
        put(text)
        return
    from zoocli.report.figures import models
    from zoocli.report.html import render_models
    from zoocli.report.html.models import comparison_content
    from zoocli.tables.writing.drafts import drafted_text

    pictures = list(models.of_comparison(comparison, ("svg",)))
    with drafted_text(output, render_models(comparison_content(comparison), pictures)) as show:
        put_and_publish(text, show)


def _check_report(output: Path, tables: list[str]) -> None:
    """Refuses, before any work, a report that cannot be made or written."""
    from zoocli.report.evaluation_files import require_report
    from zoocli.tables.writing.drafts import try_writing
    from zoocli.tables.writing.guards import refuse_inputs

    refuse_stdout("--output", output, "a page")
    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(
            f"--output '{output}' must end in .html: it is the report. For the numbers use "
            "--format json or csv, and redirect stdout."
        )
    require_report("The report")
    refuse_inputs(output, tables)
    try_writing(output)
