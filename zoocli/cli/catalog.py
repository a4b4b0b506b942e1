"""`zoocli catalog`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zoocli.cli.cluster import computed, on_cluster, shard_of
from zoocli.cli.inputs import (
    INPUTS,
    BatchSize,
    EngineName,
    MemoryLimit,
    Partitions,
    PredictionsColumn,
    Scheduler,
    SchemaName,
    ShardName,
    Threads,
)
from zoocli.cli.options import Quiet
from zoocli.cli.outputs import FORMATS, STDOUT, choose_sink, compile_note

if TYPE_CHECKING:
    from zoocli.cataloguing import CatalogOptions
    from zoocli.conversion import Converted


def catalog(
    context: typer.Context,
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
            help="The catalogue, its format by its ending; - is stdout, as CSV.",
        ),
    ],
    schema: SchemaName = None,
    format: Annotated[
        str | None, typer.Option("--format", "-f", help=f"Of the catalogue: {FORMATS}.")
    ] = None,
    advanced: Annotated[
        bool,
        typer.Option(
            "--advanced", help="All fractions, with credible intervals and proportions asked."
        ),
    ] = False,
    level: Annotated[
        float, typer.Option(help="--advanced: probability that an interval holds.")
    ] = 0.9,
    asked_threshold: Annotated[
        float,
        typer.Option(
            metavar="P",
            help="Without --advanced: fractions of questions that a smaller proportion of "
            "volunteers would be asked are null.",
        ),
    ] = 0.5,
    intervals: Annotated[
        Literal["mixture", "zoobot"],
        typer.Option(
            help="--advanced, several passes: of their mixture, or the median of their ends."
        ),
    ] = "mixture",
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Carry a column into the output; repeatable."),
    ] = None,
    id: Annotated[
        str | None,
        typer.Option("--id", metavar="COLUMN", help="Id column.  [default: the first usual name]"),
    ] = None,
    predictions_column: PredictionsColumn = None,
    on_invalid: Annotated[
        Literal["error", "null"],
        typer.Option(help="Concentrations that no distribution has: stop, or give nulls."),
    ] = "error",
    batch_size: BatchSize = 8192,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    shard: ShardName = None,
    engine: EngineName = "local",
    scheduler: Scheduler = None,
    partitions: Partitions = None,
    quiet: Quiet = False,
) -> None:
    """Make a catalogue of predicted vote fractions: a table with one row a galaxy.

    Its columns: the id, those of --keep, and ANSWER_fraction for every answer, null where less than
    half of the volunteers would be asked the question. With --advanced all fractions are there,
    then ANSWER_90pc-lower, ANSWER_90pc-upper and ANSWER_proportion-asked. Rows are in the order of
    PREDICTIONS; a cell may be a list of passes.
    """
    from zoocli.cataloguing import CatalogOptions
    from zoocli.cli.summarize import say_notes
    from zoocli.errors import UsageError
    from zoocli.tables.guards import refuse_inputs

    if predictions.count("-") > 1:
        raise UsageError("Standard input can be read only once: give '-' once.")
    options = CatalogOptions(
        schema=schema,
        id=id,
        predictions_column=predictions_column,
        keep=keep or (),
        advanced=advanced,
        level=level,
        asked_threshold=asked_threshold,
        intervals=intervals,
        on_invalid=on_invalid,
        batch_size=batch_size,
        threads=threads,
        memory_limit=memory_limit,
    )
    inputs = [*predictions, *filter(None, [schema])]
    refuse_inputs(Path("/dev/stdout" if Path(output) == STDOUT else output), inputs)
    del engine, scheduler, partitions  # `on_cluster` looks at them
    if on_cluster(context):
        from zoocli.cataloguing.job import CatalogJob

        job = CatalogJob.of(predictions, options)
        with computed(context, job, output, inputs) as (made, commit):
            commit(made.metadata(), None)
    else:
        made = _catalog_here(predictions, options, output, format, shard, quiet)
    if not quiet:
        say_notes([*compile_note(), *made.notes])


def _catalog_here(
    predictions: list[str],
    options: CatalogOptions,
    output: str,
    format: str | None,
    shard: str | None,
    quiet: bool,
) -> Converted:
    from zoocli.cataloguing import catalog_into
    from zoocli.cli.progress import progress_bar

    part = shard_of(shard)
    with choose_sink(output, format, None) as sink:
        with progress_bar(quiet) as progress:
            made = catalog_into(sink, predictions, options, progress, part)
        sink.commit(made.metadata())
    return made
