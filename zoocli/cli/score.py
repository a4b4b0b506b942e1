"""`zoocli score`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoocli.cli.cluster import computed, on_cluster, shard_of
from zoocli.cli.inputs import (
    Backend,
    BatchSize,
    ClassWeights,
    Device,
    EngineName,
    Ensemble,
    IdFrom,
    IdName,
    Keep,
    Label,
    LabelSmoothing,
    LossName,
    MemoryLimit,
    MissingVotes,
    NullValue,
    OnDuplicate,
    OnFractional,
    OnInvalid,
    Only,
    Partitions,
    Prediction,
    PredictionsColumn,
    PredictionsId,
    RequireAll,
    Scale,
    Scheduler,
    SchemaName,
    ShardName,
    Tables,
    Threads,
    VotesColumn,
    VotesId,
    input_files,
    score_options,
)
from zoocli.cli.options import Quiet
from zoocli.cli.outputs import FORMATS, STDOUT, choose_sink, compile_note

if TYPE_CHECKING:
    from zoocli.statistics.summary import Summary
    from zoocli.tables.sinks import Sink
    from zoocli.tables.slices import Shard


def score(
    context: typer.Context,
    tables: Tables,
    schema: SchemaName = None,
    loss: LossName = "dirichlet",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|-",
            help="Scores table, its format by its ending; - is stdout.  [default: CSV into a pipe,"
            " none with --summary; on a terminal the summary is shown]",
        ),
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", "-f", help=f"Of the scores table: {FORMATS}.")
    ] = None,
    fix_colnames: Annotated[
        bool,
        typer.Option(
            "--fix-colnames",
            help="Underscores for the hyphens in the table's column names (STILTS, TOPCAT).",
        ),
    ] = False,
    summary: Annotated[
        Path | None,
        typer.Option(
            "--summary", metavar="FILE|-", help="Also write the summary, as JSON; - is stdout."
        ),
    ] = None,
    id: IdName = None,
    predictions_id: PredictionsId = None,
    votes_id: VotesId = None,
    id_from: IdFrom = None,
    predictions_column: PredictionsColumn = None,
    votes_column: VotesColumn = None,
    ensemble: Ensemble = None,
    null_value: NullValue = None,
    only: Only = None,
    keep: Keep = None,
    label: Label = None,
    prediction: Prediction = None,
    class_weights: ClassWeights = None,
    label_smoothing: LabelSmoothing = 0.0,
    scale: Scale = None,
    on_invalid: OnInvalid = "error",
    on_fractional: OnFractional = "error",
    on_duplicate: OnDuplicate = "error",
    missing_votes: MissingVotes = "error",
    require_all: RequireAll = False,
    device: Device = "auto",
    backend: Backend = "auto",
    batch_size: BatchSize = 65_536,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    shard: ShardName = None,
    engine: EngineName = "local",
    scheduler: Scheduler = None,
    partitions: Partitions = None,
    quiet: Quiet = False,
) -> None:
    """Score predictions against votes: a table with one row a galaxy.

    Its columns: the id, those of --keep, loss, then each question's loss and total votes. Losses
    of votes and of classes are negative log-likelihoods in nats, losses of values as named; rows
    are in the order of PREDICTIONS. Galaxies that only one side has are counted and reported.
    """
    del engine, scheduler, partitions  # `on_cluster` looks at them
    options = score_options(context)
    inputs = input_files(context)
    _check_outputs(output, format, summary, inputs)
    if on_cluster(context):
        _run_on_cluster(context, tables, options, output, summary, inputs)
        return
    part = shard_of(shard)
    sink = choose_sink(output, format, summary)
    if fix_colnames:
        from zoocli.tables.renaming import UnderscoringSink

        sink = UnderscoringSink(sink)
    _run(sink, tables, options, output, summary, quiet, part)


def _run(
    sink: Sink,
    tables: list[str],
    options: Any,
    output: str | None,
    summary: Path | None,
    quiet: bool,
    shard: Shard | None,
) -> None:
    from zoocli.cli.progress import progress_bar
    from zoocli.cli.summarize import put
    from zoocli.report import render_summaries
    from zoocli.scoring import score_into
    from zoocli.statistics.summary import Summary

    with sink:
        with progress_bar(quiet) as progress:
            scoring = score_into(sink, tables[:-1], tables[-1], options, progress, shard)
        result = Summary.of_scoring(scoring)
        _publish(lambda: sink.commit(scoring.metadata()), result, summary)
    _say_notes(result, quiet)
    if summary is None and output is None and sys.stdout.isatty():
        put(render_summaries([result], "table", sys.stdout))
        if not quiet:
            from zoocli.cli.messages import say

            say("zoocli: note: nothing was written; -o FILE writes the scores table.")


def _run_on_cluster(
    context: typer.Context,
    tables: list[str],
    options: Any,
    output: str | None,
    summary: Path | None,
    inputs: list[str],
) -> None:
    from zoocli.errors import UsageError
    from zoocli.scoring.job import ScoreJob
    from zoocli.statistics.summary import Summary

    if output is None and summary is None:
        raise UsageError("--engine dask writes a directory of Parquet parts: name it with -o.")
    job = ScoreJob.of(tables[:-1], tables[-1], options)
    with computed(context, job, output, inputs) as (scoring, commit):
        result = Summary.of_scoring(scoring)
        _publish(lambda: commit(scoring.metadata(), result.to_dict()), result, summary)
    _say_notes(result, context.params["quiet"])


def _say_notes(result: Summary, quiet: bool) -> None:
    from zoocli.cli.summarize import say_notes

    if not quiet:
        say_notes([*compile_note(), *result.notes])


def _publish(commit_table: Callable[[], None], result: Summary, target: Path | None) -> None:
    """Lets the table and the summary be seen; where either cannot be written, no file is."""
    from zoocli.cli.summarize import put
    from zoocli.report import render_json
    from zoocli.tables.drafts import drafted_text, publish_all

    text = render_json(result.to_dict())
    if target is None:
        commit_table()
    elif target == STDOUT:
        publish_all(lambda: put(text), sys.stdout.flush, commit_table)
    else:
        with drafted_text(target, text) as show_summary:
            publish_all(commit_table, show_summary)


def _check_outputs(
    output: str | None, format: str | None, summary: Path | None, inputs: list[str]
) -> None:
    """Refuses, before any work, outputs that would damage something or cannot be written."""
    from zoocli.errors import UsageError
    from zoocli.tables.drafts import is_device, refuse_inputs, try_writing

    table = None if output in (None, "-") else Path(str(output))
    refuse_inputs(Path("/dev/stdout"), inputs)
    if summary == STDOUT:
        if output == "-" or (output is None and format is not None):
            raise UsageError("Standard output takes one of the two: the table or the summary.")
        summary = None
    for target in (table, summary):
        if target is not None:
            refuse_inputs(target, inputs)
    if summary is None:
        return
    if table is not None and table.resolve() == summary.resolve() and not is_device(table):
        raise UsageError(f"--output and --summary are both '{summary}'. Give them two names.")
    try_writing(summary)
