"""`zoocli merge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.messages import say_notes
from zoocli.cli.options import Quiet, Report, Wide
from zoocli.cli.outputs import STDOUT, put, refuse_stdout
from zoocli.errors import UsageError
from zoocli.report.formats import EvaluationFormat, render_json


def merge(
    parts: Annotated[
        list[str],
        typer.Argument(
            metavar="SUMMARIES...|DIR...",
            help="JSON summaries of disjoint parts scored against the same votes (- is stdin), "
            "or directories of their evaluations.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|DIR",
            help="File for a merged summary, or directory for a merged evaluation.  [default: "
            "stdout only]",
        ),
    ] = None,
    format: Annotated[
        EvaluationFormat | None,
        typer.Option(
            "--format",
            "-f",
            help="Format of a merged evaluation on stdout.  [default: table]",
        ),
    ] = None,
    wide: Wide = False,
    report: Report = None,
    quiet: Quiet = False,
) -> None:
    """Merge the summaries or the evaluations of disjoint parts.

    Such as those of array jobs.
    A merged summary is written as JSON, a merged evaluation as by `zoocli evaluate`.
    Parts must have the same loss, schema, settings and votes. Shards (--shard I/N) must be
    complete: each exactly once, with no id in two of them. Other parts must not overlap either, but
    that is checked only in part: matching more rows than VOTES has is an error, and equal
    statistics in two summaries give a note.
    """
    folders = [part for part in parts if Path(part).is_dir()]
    if folders and len(folders) < len(parts):
        raise UsageError(
            "Some of these are directories and others are not. Give either JSON summaries or "
            "directories written by `zoocli evaluate -o DIR`."
        )
    if folders:
        target = None if output is None else Path(output)
        refuse_stdout("--output", target, "a directory of evaluations")
        _merge_evaluations(folders, target, format, report, wide, quiet)
    elif (format, report) != (None, None):
        raise UsageError(
            "--format and --report are for evaluations. Leave them out: a merged summary is "
            "written as JSON."
        )
    else:
        _merge_summaries(parts, None if output in (None, STDOUT) else Path(str(output)), quiet)


def _merge_summaries(parts: list[str], output: Path | None, quiet: bool) -> None:
    from zoocli.runs.merging import require_coverage
    from zoocli.scoring.summaries.merge import merge_summaries
    from zoocli.scoring.summaries.summary_file import read_summary
    from zoocli.tables.writing.drafts import drafted_text, try_writing
    from zoocli.tables.writing.guards import refuse_inputs

    if output is not None:
        refuse_inputs(output, parts)
        try_writing(output)
    summaries = [read_summary(source) for source in parts]
    merged = merge_summaries(summaries)
    require_coverage(parts, [part.provenance for part in summaries])
    say_notes(merged.notes, quiet)
    text = render_json(merged.to_dict())
    if output is None:
        put(text)
    else:
        with drafted_text(output, text) as show:
            show()


def _merge_evaluations(
    folders: list[str],
    output: Path | None,
    format: EvaluationFormat | None,
    report: bool | None,
    wide: bool,
    quiet: bool,
) -> None:
    from zoocli.cli.evaluate import show_evaluation, wants_report
    from zoocli.evaluating.evaluation import merge_evaluations
    from zoocli.evaluating.sums_file import read_sums
    from zoocli.report.evaluation_files import check_folder

    has_report = wants_report(output, report, quiet)
    if output is not None:
        check_folder(output, folders)
    merged = merge_evaluations([read_sums(Path(folder)) for folder in folders])
    say_notes(merged.notes, quiet)
    show_evaluation(merged, output, format, has_report, wide)
