"""`zoocli predict`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zoocli.cli.cluster import computed, on_cluster, shard_of
from zoocli.cli.inputs import (
    INPUTS,
    Device,
    EngineName,
    MemoryLimit,
    Partitions,
    Scheduler,
    ShardName,
    Threads,
)
from zoocli.cli.options import Quiet
from zoocli.cli.outputs import FORMATS

if TYPE_CHECKING:
    from zoocli.conversion import Converted
    from zoocli.predicting.options import PredictOptions


def predict(
    context: typer.Context,
    features: Annotated[
        list[str],
        typer.Argument(
            metavar="FEATURES...",
            help=f"A table with an id and features, or its parts. {INPUTS}",
        ),
    ],
    head: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="The trained head: safetensors, or a torch state dict or Lightning checkpoint, of "
            "which nothing but weights is loaded.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|-",
            help="Predictions, their format by the ending; - is stdout.  "
            "[default: CSV into a pipe]",
        ),
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", "-f", help=f"Of the predictions: {FORMATS}.")
    ] = None,
    activation: Annotated[
        Literal["none", "sigmoid", "softmax", "dirichlet"] | None,
        typer.Option(
            help="What follows the linear layer; dirichlet is 100 x sigmoid + 1, concentrations.  "
            "[default: what the head's file says]"
        ),
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            "-s",
            metavar="NAME|FILE",
            help="Decision tree whose answers are the outputs.  [default: what the file says]",
        ),
    ] = None,
    classes: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Names of the outputs, instead.")
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Feature columns, like 'x_*', or one column of lists; repeatable.  "
            "[default: feat_0, feat_1 and so on, or the only column of lists]",
        ),
    ] = None,
    id: Annotated[
        str | None,
        typer.Option("--id", metavar="COLUMN", help="Id column.  [default: the first usual name]"),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Carry a column into the output; repeatable."),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Keep dropout on and write N passes: each cell is a list (JSON in text formats).",
        ),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(
            metavar="P", help="--samples: the rate.  [default: what the head's file says]"
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="--samples: passes follow from this and the id alone.")
    ] = 0,
    device: Device = "auto",
    batch_size: Annotated[
        int, typer.Option(help="Rows at a time, taken up to the next 1,024.")
    ] = 8192,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    shard: ShardName = None,
    engine: EngineName = "local",
    scheduler: Scheduler = None,
    partitions: Partitions = None,
    quiet: Quiet = False,
) -> None:
    """Apply a trained linear head to features: a table of predictions.

    Its columns: the id, those of --keep, one for each output; rows in the order of FEATURES. What
    zoocli fit writes knows its activation and outputs. The predictions can go straight on:
    zoocli predict features.parquet --head head.safetensors | zoocli score - votes.parquet
    """
    from zoocli.cli.summarize import say_notes
    from zoocli.errors import UsageError
    from zoocli.tables.guards import refuse_inputs

    del engine, scheduler, partitions  # `on_cluster` looks at them
    if features.count("-") > 1:
        raise UsageError("Standard input can be read only once: give '-' once.")
    clustered = on_cluster(context)
    if clustered and output is None:
        raise UsageError("--engine dask writes a directory of Parquet parts: name it with -o.")
    if output is None and format is None and sys.stdout.isatty():
        raise UsageError("Say where the predictions go: -o FILE, or -o - for this terminal.")
    inputs = [*features, head, *filter(None, [schema])]
    if output not in (None, "-"):
        refuse_inputs(Path(str(output)), inputs)
    from zoocli.predicting.options import PredictOptions

    options = PredictOptions(
        schema=schema,
        classes=tuple(classes.split(",")) if classes else (),
        activation=activation,
        feature=feature or (),
        id=id,
        keep=keep or (),
        samples=samples,
        dropout=dropout,
        seed=seed,
        device=device,
        batch_size=batch_size,
        threads=threads,
        memory_limit=memory_limit,
    )
    if clustered:
        from zoocli.predicting.job import PredictJob

        job = PredictJob.of(features, head, options)
        with computed(context, job, output, inputs) as (done, commit):
            commit(done.metadata(), None)
    else:
        done = _predict_here(features, head, options, output, format, shard, quiet)
    if not quiet:
        say_notes(done.notes)


def _predict_here(
    features: list[str],
    head: str,
    options: PredictOptions,
    output: str | None,
    format: str | None,
    shard: str | None,
    quiet: bool,
) -> Converted:
    from zoocli.cli.outputs import choose_sink
    from zoocli.cli.progress import progress_bar
    from zoocli.predicting import predict_into

    part = shard_of(shard)
    with choose_sink(output, format, None) as sink:
        with progress_bar(quiet) as progress:
            done = predict_into(sink, features, head, options, progress, part)
        sink.commit(done.metadata())
    return done
