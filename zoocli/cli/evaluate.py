"""`zoocli evaluate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from zoocli.cli.cluster import computed, on_cluster, shard_of
from zoocli.cli.inputs import (
    INPUTS,
    Backend,
    BatchSize,
    ClassWeights,
    Device,
    EngineName,
    Ensemble,
    IdFrom,
    IdName,
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
    Threads,
    VotesColumn,
    VotesId,
    input_files,
    score_options,
)
from zoocli.cli.options import Quiet, Report
from zoocli.report import Format

if TYPE_CHECKING:
    from zoocli.statistics.evaluation.evaluation import Evaluation


def evaluate(
    context: typer.Context,
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PREDICTIONS... VOTES",
            help=f"The last is VOTES, those before it the parts of PREDICTIONS. {INPUTS}",
        ),
    ] = None,
    schema: SchemaName = None,
    loss: LossName = "dirichlet",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Directory for metrics.json, metrics.csv, table.md, table.tex, sums.parquet, "
            "report.html and figures."
            "  [default: the table goes to stdout]",
        ),
    ] = None,
    format: Annotated[
        Format | None, typer.Option("--format", "-f", help="Of stdout.  [default: table]")
    ] = None,
    report: Report = None,
    link: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Make each of the worst galaxies in the report a link: the address of its page, "
            "with columns of either table, or id, in braces, as in 'https://...?ra={ra}&dec={dec}'.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Published rules of which galaxies count for which question.  [default: zoobot]",
        ),
    ] = None,
    profiles: Annotated[
        bool, typer.Option("--profiles", help="List the profiles with their sources, and exit.")
    ] = False,
    min_votes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Votes that the question has at least.  [default: of the"
            " profile, as for the next three]",
        ),
    ] = None,
    min_root_votes: Annotated[
        int | None,
        typer.Option(metavar="N", help="Votes that its campaign's first question has at least."),
    ] = None,
    min_share_asked: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="The question's votes over those of that first one, at least."
        ),
    ] = None,
    min_path_fraction: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Product of the observed fractions that lead to the question: more than this.",
        ),
    ] = None,
    confident: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="A galaxy is confident where some observed fraction is more "
            "than this.  [default: 0.8]",
        ),
    ] = None,
    bootstrap: Annotated[
        int, typer.Option(metavar="R", help="Replicates for the 95 % intervals; 0: no intervals.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    id: IdName = None,
    predictions_id: PredictionsId = None,
    votes_id: VotesId = None,
    id_from: IdFrom = None,
    predictions_column: PredictionsColumn = None,
    votes_column: VotesColumn = None,
    ensemble: Ensemble = None,
    null_value: NullValue = None,
    only: Only = None,
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
    """Evaluate predictions: losses, vote fractions and classification, with their intervals.

    Per answer, question, campaign and overall: how much better the predictions are than always
    predicting the same and how far from the best possible, how far predicted fractions are from
    the votes, and how often the answer predicted most is the one voted most. Classes (--loss ce):
    accuracy and its like, confusion, Brier score, calibration; values (mse, l1): bias, errors, R2,
    residuals. 95 % intervals come from a bootstrap over galaxies: they do not say how another
    training run would do.
    """
    from zoocli.cli.summarize import put

    if profiles:
        from zoocli.report.evaluation import render_profiles

        put(render_profiles())
        return
    del engine, scheduler, partitions  # `_evaluate` looks at them
    context.params["tables"] = tables or []
    inputs = input_files(context)
    if link is not None and (output is None or (report is False and shard is None)):
        from zoocli.errors import UsageError

        raise UsageError("--link is for the report: give --output DIR, and no --no-report.")
    if report is None and (shard is not None or link is not None):
        report = shard is None  # the report of a shard is that of what is merged
    has_report = wants_report(output, report, quiet)
    evaluation = _evaluate(context, inputs, output, quiet)
    if not quiet:
        from zoocli.cli.summarize import say_notes

        say_notes(evaluation.notes)
    show_evaluation(evaluation, output, format, has_report)


def _evaluate(
    context: typer.Context, inputs: list[str], output: Path | None, quiet: bool
) -> Evaluation:
    from dataclasses import fields

    from zoocli.evaluating import EvaluateOptions
    from zoocli.report.evaluation_files import check_folder

    names = {field.name for field in fields(EvaluateOptions)}
    given = {name: value for name, value in context.params.items() if name in names}
    options = EvaluateOptions(score=score_options(context), **given)
    if output is not None:
        check_folder(output, inputs)
    tables = context.params["tables"]
    if on_cluster(context, writes_table=False):
        from zoocli.evaluating.job import EvaluateJob

        job = EvaluateJob.of(tables[:-1], tables[-1], options)
        with computed(context, job, None, inputs) as (evaluation, _):
            return cast("Evaluation", evaluation)
    from zoocli.cli.progress import progress_bar
    from zoocli.evaluating import evaluate_into

    shard = shard_of(context.params["shard"])
    with progress_bar(quiet) as progress:
        return evaluate_into(tables[:-1], tables[-1], options, progress, shard)


def wants_report(output: Path | None, asked: bool | None, quiet: bool) -> bool:
    """Whether to write a report: with a directory, unless it is refused or cannot be made.

    Raises MachineError where it was `asked` for and its packages are not installed.
    """
    from zoocli.errors import MachineError, UsageError
    from zoocli.report.evaluation_files import require_report

    if asked and output is None:
        raise UsageError("The report goes into a directory: give --output DIR.")
    if output is None or asked is False:
        return False
    try:
        require_report("The report")
    except MachineError as error:
        if asked:
            raise
        if not quiet:
            from zoocli.cli.summarize import say_notes

            say_notes([f"no report and no figures are written. {error}"])
        return False
    return True


def show_evaluation(
    evaluation: Evaluation, output: Path | None, format: Format | None, report: bool
) -> None:
    """Writes the directory, and to stdout what was asked for, or the table if nothing was."""
    from zoocli.cli.summarize import put
    from zoocli.report.evaluation import render_evaluation
    from zoocli.report.evaluation_files import write_folder

    if output is not None:
        write_folder(output, evaluation, report)
    if format is not None or output is None:
        put(render_evaluation(evaluation, format or "table", sys.stdout))
