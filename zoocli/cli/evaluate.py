"""`zoocli evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoocli.cli.cluster import Cluster, computed
from zoocli.cli.groups import with_groups
from zoocli.cli.inputs import files_of
from zoocli.cli.messages import say_notes
from zoocli.cli.options import Quiet, Report, Tables, Wide
from zoocli.cli.outputs import put, put_and_publish, refuse_stdout, shown_on
from zoocli.errors import MachineError, UsageError
from zoocli.report.formats import EvaluationFormat
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.options.option import OUTPUT, RELEVANCE

if TYPE_CHECKING:
    from zoocli.evaluating.evaluation import Evaluation


def _list_profiles(wanted: bool) -> None:
    if wanted:
        from zoocli.report.evaluation import render_profiles

        put(render_profiles())
        raise typer.Exit


@with_groups
def evaluate(
    *,
    tables: Tables,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Directory for metrics.json, metrics.csv, table.md, table.tex, sums.parquet, "
            "report.html and figures.  [default: the table goes to stdout]",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    format: Annotated[
        EvaluationFormat | None,
        typer.Option(
            "--format",
            "-f",
            help="Format on stdout.  [default: table]",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    wide: Wide = False,
    report: Report = None,
    profiles: Annotated[
        bool,
        typer.Option(
            "--profiles",
            callback=_list_profiles,
            is_eager=True,
            help="List the profiles with their sources, and exit.",
            rich_help_panel=RELEVANCE,
        ),
    ] = False,
    options: EvaluateOptions,
    cluster: Cluster,
    quiet: Quiet = False,
) -> None:
    """Evaluate predictions: each metric with its interval.

    For each answer, question and campaign, and overall: how much better the predictions are than a
    constant prediction and how far from the best possible one, how far predicted fractions are from
    those of the votes, and how often the most predicted answer is the one with the most votes. For
    classes (--loss ce): accuracy and related scores, ROC AUC, confusion, Brier score and
    calibration. For values (mse, l1): bias, errors, R2, residuals and, of redshifts, sigma_NMAD and
    outliers. 95 % intervals come from a jackknife over
    galaxies; they do not cover the variation between training runs.
    """
    from zoocli.evaluating.job import EvaluateJob
    from zoocli.tables.writing.sinks import NullSink

    inputs = files_of("evaluate", tables, options.score)
    if options.link is not None and (output is None or (report is False and cluster.shard is None)):
        raise UsageError(
            "--link is for the report: give --output DIR, and do not give --no-report."
        )
    if report is None and (cluster.shard is not None or options.link is not None):
        report = cluster.shard is None  # a link needs the report; shards get one when merged
    has_report = wants_report(output, report, quiet)
    refuse_stdout("--output", output, "a directory")
    if output is not None:
        from zoocli.report.evaluation_files import check_folder

        check_folder(output, inputs)
    job = EvaluateJob.of(tables[:-1], tables[-1], options)
    with computed(job, NullSink, None, cluster, options.score.threads, inputs, quiet) as (
        evaluation,
        _,
    ):
        pass
    say_notes([*evaluation.notes, *evaluation.doubts], quiet)
    show_evaluation(evaluation, output, format, has_report, wide)


def wants_report(output: Path | None, asked: bool | None, quiet: bool) -> bool:
    """Whether to write a report: as `asked`, by default if it has a directory and its packages.

    Raises MachineError if it was `asked` for and its packages are not installed.
    """
    from zoocli.report.evaluation_files import require_report

    if asked and output is None:
        raise UsageError("The report is written to a directory: give --output DIR.")
    if output is None or asked is False:
        return False
    try:
        require_report("The report")
    except MachineError as error:
        if asked:
            raise
        say_notes([f"no report and no figures are written. {error.message}"], quiet)
        return False
    return True


def show_evaluation(
    evaluation: Evaluation,
    output: Path | None,
    format: EvaluationFormat | None,
    report: bool,
    wide: bool,
) -> None:
    """Writes the directory, if any, and to stdout the format given, or else a table."""
    from zoocli.report.evaluation import render_evaluation
    from zoocli.report.evaluation_files import drafted_evaluation

    if output is None:
        put(render_evaluation(evaluation, format or "table", shown_on(wide)))
        return
    text = "" if format is None else render_evaluation(evaluation, format, shown_on(wide))
    with drafted_evaluation(output, evaluation, report) as show:
        put_and_publish(text, show)
