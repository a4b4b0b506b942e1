"""`zoocli predict`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zoocli.cli.cluster import Cluster, computed, require_directory
from zoocli.cli.groups import given, with_groups
from zoocli.cli.inputs import require_one_stdin
from zoocli.cli.messages import say_notes
from zoocli.cli.options import INPUTS, Device, Feature, Limits, Quiet, SingleId, SingleKeep
from zoocli.cli.outputs import FORMATS, choose_sink
from zoocli.errors import UsageError

if TYPE_CHECKING:
    from zoocli.runs.options.predict import PredictOptions


@dataclass(frozen=True)
class Predicting:
    """How the head is applied, and what the outputs are called."""

    activation: Annotated[
        Literal["none", "sigmoid", "softmax", "dirichlet"] | None,
        typer.Option(
            help="Activation after the linear layer; dirichlet is 100 x sigmoid + 1, which gives "
            "concentrations.  [default: from the head's file]"
        ),
    ] = None
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            "-s",
            metavar="NAME|FILE",
            help="Decision tree whose answers name the outputs.  [default: from the head's file]",
        ),
    ] = None
    classes: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Names of the outputs, if --schema does not fit."),
    ] = None
    feature: Feature = None
    id: SingleId = None
    keep: SingleKeep = None
    samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Predict N times with dropout: each cell is a list of N passes (JSON in text "
            "formats).",
        ),
    ] = None
    dropout: Annotated[
        float | None,
        typer.Option(metavar="P", help="--samples: dropout rate.  [default: from the head's file]"),
    ] = None
    seed: Annotated[
        int, typer.Option(help="--samples: seed; the passes depend only on it and the id.")
    ] = 0
    device: Device = "auto"
    batch_size: Annotated[
        int, typer.Option(help="Rows per batch, rounded up to a multiple of 1,024.")
    ] = 8192

    def options(self, limits: Limits) -> PredictOptions:
        """The options as the library takes them; UsageError for a value that it refuses."""
        from zoocli.runs.options.predict import PredictOptions

        classes = tuple(self.classes.split(",")) if self.classes else ()
        return PredictOptions(**given(self, limits) | {"classes": classes})


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
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|-",
            help="Predictions, in the format of the suffix; - is stdout.  [default: CSV to a pipe]",
        ),
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", "-f", help=f"Format of the predictions: {FORMATS}.")
    ] = None,
    predicting: Predicting,
    limits: Limits,
    cluster: Cluster,
    quiet: Quiet = False,
) -> None:
    """Apply a trained linear head to features: a table of predictions.

    The columns are the id, those of --keep, and one per output. Rows are in the order of FEATURES.
    A head trained by zoocli fit records its activation and outputs. To score the predictions
    directly:
    zoocli predict features.parquet --head head.safetensors | zoocli score - votes.parquet
    """
    from zoocli.tables.guards import refuse_inputs

    require_one_stdin(features)
    if cluster.is_wanted(limits):
        require_directory(output, format)
    if output is None and format is None and sys.stdout.isatty():
        raise UsageError("Name the output: -o FILE, or -o - to print it on this terminal.")
    inputs = [*features, head, *filter(None, [predicting.schema])]
    if output not in (None, "-"):
        refuse_inputs(Path(str(output)), inputs)
    options = predicting.options(limits)
    from zoocli.products.prediction.job import PredictJob

    job = PredictJob(features, head, options)
    sink = partial(choose_sink, output, format)
    with computed(job, sink, output, cluster, limits, inputs, quiet) as (made, commit):
        commit(made.metadata(), None)
    say_notes(made.notes, quiet)
