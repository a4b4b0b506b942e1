"""`zoocli evaluate`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoocli.cli.cluster import Cluster, computed
from zoocli.cli.groups import given, with_groups
from zoocli.cli.inputs import Scoring
from zoocli.cli.messages import say_notes
from zoocli.cli.options import Limits, Quiet, Report, Tables
from zoocli.cli.outputs import put
from zoocli.errors import MachineError, UsageError
from zoocli.report import Format

if TYPE_CHECKING:
    from zoocli.evaluating.evaluation import Evaluation
    from zoocli.runs.options.evaluate import EvaluateOptions


def _list_profiles(wanted: bool) -> None:
    if wanted:
        from zoocli.report.evaluation import render_profiles

        put(render_profiles())
        raise typer.Exit


@dataclass(frozen=True)
class Evaluating:
    """Which galaxies count, and how sure the numbers are."""

    link: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Link each of the worst galaxies in the report to this address, with columns of "
            "either table, or id, in braces, such as 'https://...?ra={ra}&dec={dec}'.",
        ),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Published rules for which galaxies count for which question.  [default: zoobot]",
        ),
    ] = None
    min_votes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Minimum number of votes for the question.  [default: from the profile, as for "
            "the next three]",
        ),
    ] = None
    min_root_votes: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Minimum number of votes for the first question of its campaign."
        ),
    ] = None
    min_share_asked: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Minimum ratio of the question's votes to those of the first question.",
        ),
    ] = None
    min_path_fraction: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="The product of the observed fractions on the path to the question must exceed "
            "this.",
        ),
    ] = None
    confident: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="A galaxy is confident if one of its observed fractions exceeds this.  "
            "[default: 0.8]",
        ),
    ] = None
    bootstrap: Annotated[
        int,
        typer.Option(
            metavar="R", help="Bootstrap replicates for the 95 % intervals; 0: no intervals."
        ),
    ] = 1000
    seed: Annotated[int, typer.Option(help="Random seed of the bootstrap.")] = 0


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
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Format on stdout.  [default: table]"),
    ] = None,
    report: Report = None,
    profiles: Annotated[
        bool,
        typer.Option(
            "--profiles",
            callback=_list_profiles,
            is_eager=True,
            help="List the profiles with their sources, and exit.",
        ),
    ] = False,
    evaluating: Evaluating,
    scoring: Scoring,
    limits: Limits,
    cluster: Cluster,
    quiet: Quiet = False,
) -> None:
    """Evaluate predictions: losses, vote fractions and classification, with intervals.

    For each answer, question and campaign, and overall: how much better the predictions are than a
    constant prediction and how far from the best possible one, how far predicted fractions are from
    those of the votes, and how often the most predicted answer is the one with the most votes. For
    classes (--loss ce): accuracy and related scores, confusion, Brier score and calibration. For
    values (mse, l1): bias, errors, R2 and residuals. 95 % intervals come from a bootstrap over
    galaxies; they do not cover the variation between training runs.
    """
    from zoocli.evaluating.job import EvaluateJob
    from zoocli.tables.sinks import NullSink

    inputs = scoring.files("evaluate", tables)
    if evaluating.link is not None and (
        output is None or (report is False and cluster.shard is None)
    ):
        raise UsageError(
            "--link is for the report: give --output DIR, and do not give --no-report."
        )
    if report is None and (cluster.shard is not None or evaluating.link is not None):
        report = cluster.shard is None  # a link needs the report; shards get one when merged
    has_report = wants_report(output, report, quiet)
    options = _options(evaluating, scoring, limits)
    if output is not None:
        from zoocli.report.evaluation_files import check_folder

        check_folder(output, inputs)
    job = EvaluateJob.of(tables[:-1], tables[-1], options)
    with computed(job, NullSink, None, cluster, limits, inputs, quiet) as (evaluation, _):
        pass
    say_notes(evaluation.notes, quiet)
    show_evaluation(evaluation, output, format, has_report)


def _options(evaluating: Evaluating, scoring: Scoring, limits: Limits) -> EvaluateOptions:
    from zoocli.runs.options.evaluate import EvaluateOptions

    return EvaluateOptions(score=scoring.options(limits), **given(evaluating))


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
        say_notes([f"no report and no figures are written. {error}"], quiet)
        return False
    return True


def show_evaluation(
    evaluation: Evaluation, output: Path | None, format: Format | None, report: bool
) -> None:
    """Writes the directory, if any, and to stdout the format given, or else a table."""
    from zoocli.report.evaluation import render_evaluation
    from zoocli.report.evaluation_files import write_folder

    if output is not None:
        write_folder(output, evaluation, report)
    if format is not None or output is None:
        put(render_evaluation(evaluation, format or "table", sys.stdout))
