"""`zoocli catalog`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.cluster import Cluster, computed, require_directory
from zoocli.cli.groups import with_groups
from zoocli.cli.inputs import require_one_stdin, schema_of
from zoocli.cli.messages import say_notes
from zoocli.cli.options import INPUTS, Quiet
from zoocli.cli.outputs import FORMATS, STDOUT, choose_sink, compile_note
from zoocli.runs.options.catalog import CatalogOptions
from zoocli.runs.options.option import OUTPUT


@with_groups
def catalog(
    *,
    predictions: Annotated[
        list[str],
        typer.Argument(metavar="PREDICTIONS...", help=f"The parts of one table. {INPUTS}"),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|-",
            help="Catalogue, in the format of its suffix; - is stdout, as CSV.",
            rich_help_panel=OUTPUT,
        ),
    ],
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help=f"Format of the catalogue: {FORMATS}.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    options: CatalogOptions,
    cluster: Cluster,
    quiet: Quiet = False,
) -> None:
    """Make a catalogue of predicted vote fractions.

    One row per galaxy.

    The columns are the id, those of --keep, and ANSWER_fraction for each answer, null where fewer
    than half of the volunteers would be asked the question. With --advanced, all fractions are
    given, then ANSWER_90pc-lower, ANSWER_90pc-upper and ANSWER_proportion-asked. Rows are in the
    order of PREDICTIONS. A cell may be a list of passes.
    """
    from zoocli.products.catalog.job import CatalogJob
    from zoocli.tables.writing.guards import refuse_inputs

    require_one_stdin(predictions)
    job = CatalogJob(predictions, options)
    inputs = [*predictions, *schema_of(options)]
    refuse_inputs(Path("/dev/stdout" if output == STDOUT else output), inputs)
    if cluster.is_wanted(options.threads):
        require_directory(output, format)
    sink = partial(choose_sink, output, format)
    with computed(job, sink, output, cluster, options.threads, inputs, quiet) as (made, commit):
        commit(made.metadata(), None)
    say_notes([*compile_note(), *made.notes], quiet)
