"""`zoocli merge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.options import Quiet, Report
from zoocli.cli.summarize import put, say_notes
from zoocli.report import Format, render_json


def merge(
    parts: Annotated[
        list[str],
        typer.Argument(
            metavar="SUMMARIES...|DIR...",
            help="JSON summaries of disjoint parts, scored against the same votes (- is stdin), "
            "or the directories of their evaluations.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Of evaluations: directory for the merged one.  [default: stdout only]",
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Of evaluations on stdout.  [default: table]"),
    ] = None,
    report: Report = None,
    quiet: Quiet = False,
) -> None:
    """Add up the JSON summaries or the evaluations of disjoint parts, as array jobs write them.

    The merged summary goes to stdout as JSON; a merged evaluation as `zoocli evaluate` shows it.
    Parts whose loss, schema, settings or votes differ are refused. Shards (--shard I/N) must be all
    of one whole, once each, without an id in two. That other parts are disjoint is yours to see to:
    noticed is only when they matched more rows of VOTES than there are (an error), or when
    summaries hold the same statistics (a note).
    """
    from zoocli.errors import UsageError

    folders = [part for part in parts if Path(part).is_dir()]
    if folders and len(folders) < len(parts):
        raise UsageError(
            "Some are directories and others are not. Give JSON summaries, or else directories "
            "that `zoocli evaluate -o DIR` wrote."
        )
    if folders:
        _merge_evaluations(folders, output, format, report, quiet)
    elif (output, format, report) != (None, None, None):
        raise UsageError(
            "--output, --format and --report are for evaluations; merged summaries go to stdout as "
            "JSON. Leave them out."
        )
    else:
        _merge_summaries(parts, quiet)


def _merge_summaries(parts: list[str], quiet: bool) -> None:
    from zoocli.statistics.merge import merge_summaries, require_coverage
    from zoocli.statistics.summary_file import read_summary

    summaries = [read_summary(source) for source in parts]
    merged = merge_summaries(summaries)
    require_coverage(parts, summaries)
    if not quiet:
        say_notes(merged.notes)
    put(render_json(merged.to_dict()))


def _merge_evaluations(
    folders: list[str],
    output: Path | None,
    format: Format | None,
    report: bool | None,
    quiet: bool,
) -> None:
    from zoocli.cli.evaluate import show_evaluation, wants_report
    from zoocli.report.evaluation_files import check_folder
    from zoocli.statistics.evaluation.evaluation import merge_evaluations
    from zoocli.statistics.evaluation.sums_file import read_sums

    has_report = wants_report(output, report, quiet)
    if output is not None:
        check_folder(output, folders)
    merged = merge_evaluations([read_sums(Path(folder)) for folder in folders])
    if not quiet:
        say_notes(merged.notes)
    show_evaluation(merged, output, format, has_report)
