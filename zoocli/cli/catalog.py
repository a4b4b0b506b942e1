"""`zoocli catalog`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from zoocli.cli.cluster import Cluster, computed, require_directory
from zoocli.cli.groups import given, with_groups
from zoocli.cli.inputs import require_one_stdin
from zoocli.cli.messages import say_notes
from zoocli.cli.options import (
    INPUTS,
    Limits,
    PredictionsColumn,
    Quiet,
    SchemaName,
    SingleId,
    SingleKeep,
)
from zoocli.cli.outputs import FORMATS, STDOUT, choose_sink, compile_note


@dataclass(frozen=True)
class Cataloguing:
    """What the catalogue holds."""

    schema: SchemaName = None
    advanced: Annotated[
        bool,
        typer.Option(
            "--advanced",
            help="Write all fractions, with credible intervals and proportions asked.",
        ),
    ] = False
    level: Annotated[
        float, typer.Option(help="--advanced: probability of the credible intervals.")
    ] = 0.9
    asked_threshold: Annotated[
        float,
        typer.Option(
            metavar="P",
            help="Without --advanced: fractions are null for questions that a smaller proportion "
            "of volunteers would be asked.",
        ),
    ] = 0.5
    intervals: Annotated[
        Literal["mixture", "zoobot"],
        typer.Option(
            help="--advanced, several passes: intervals of the mixture, or medians of the limits "
            "of the passes."
        ),
    ] = "mixture"
    keep: SingleKeep = None
    id: SingleId = None
    predictions_column: PredictionsColumn = None
    on_invalid: Annotated[
        Literal["error", "null"],
        typer.Option(help="Concentrations that are not finite and positive: stop, or write nulls."),
    ] = "error"
    batch_size: Annotated[int, typer.Option(help="Rows per batch.")] = 8192


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
        ),
    ],
    format: Annotated[
        str | None, typer.Option("--format", "-f", help=f"Format of the catalogue: {FORMATS}.")
    ] = None,
    cataloguing: Cataloguing,
    limits: Limits,
    cluster: Cluster,
    quiet: Quiet = False,
) -> None:
    """Make a catalogue of predicted vote fractions: a table with one row per galaxy.

    The columns are the id, those of --keep, and ANSWER_fraction for each answer, null where fewer
    than half of the volunteers would be asked the question. With --advanced, all fractions are
    given, then ANSWER_90pc-lower, ANSWER_90pc-upper and ANSWER_proportion-asked. Rows are in the
    order of PREDICTIONS. A cell may be a list of passes.
    """
    from zoocli.products.catalog.job import CatalogJob
    from zoocli.runs.options.catalog import CatalogOptions
    from zoocli.tables.guards import refuse_inputs

    require_one_stdin(predictions)
    job = CatalogJob(predictions, CatalogOptions(**given(cataloguing, limits)))
    inputs = [*predictions, *filter(None, [cataloguing.schema])]
    refuse_inputs(Path("/dev/stdout" if Path(output) == STDOUT else output), inputs)
    if cluster.is_wanted(limits):
        require_directory(output, format)
    sink = partial(choose_sink, output, format)
    with computed(job, sink, output, cluster, limits, inputs, quiet) as (made, commit):
        commit(made.metadata(), None)
    say_notes([*compile_note(), *made.notes], quiet)
