"""`zoocli predict`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.cluster import Cluster, computed, require_directory
from zoocli.cli.groups import with_groups
from zoocli.cli.inputs import require_one_stdin, schema_of
from zoocli.cli.messages import say_notes
from zoocli.cli.options import INPUTS, Quiet
from zoocli.cli.outputs import FORMATS, STDOUT, choose_sink
from zoocli.errors import UsageError
from zoocli.runs.options.option import HEAD, OUTPUT
from zoocli.runs.options.predict import PredictOptions


@with_groups
def predict(
    *,
    features: Annotated[
        list[str],
        typer.Argument(
            metavar="FEATURES...",
            help=f"A table of ids and features, or its parts. {INPUTS}",
        ),
    ],
    head: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Trained head: safetensors, a torch state dict or a Lightning checkpoint. Only "
            "weights are loaded; no code in the file is run.",
            rich_help_panel=HEAD,
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|-",
            help="Predictions, in the format of the suffix; - is stdout.  [default: CSV to a pipe]",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help=f"Format of the predictions: {FORMATS}.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    options: PredictOptions,
    cluster: Cluster,
    quiet: Quiet = False,
) -> None:
    """Apply a trained linear head to features.

    The columns are the id, those of --keep, and one per output. Rows are in the order of FEATURES.
    A head trained by zoocli fit records its activation and outputs. To score the predictions
    directly:
    zoocli predict features.parquet --head head.safetensors | zoocli score - votes.parquet
    """
    from zoocli.products.prediction.job import PredictJob
    from zoocli.tables.writing.guards import refuse_inputs

    require_one_stdin(features)
    if cluster.is_wanted(options.threads):
        require_directory(output, format)
    if output is None and format is None and sys.stdout.isatty():
        raise UsageError("Name the output: -o FILE, or -o - to print it on this terminal.")
    inputs = [*features, head, *schema_of(options)]
    if output not in (None, STDOUT):
        refuse_inputs(Path(str(output)), inputs)
    job = PredictJob(features, head, options)
    sink = partial(choose_sink, output, format)
    with computed(job, sink, output, cluster, options.threads, inputs, quiet) as (made, commit):
        commit(made.metadata(), None)
    say_notes(made.notes, quiet)
