"""`zoocli score`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoocli.cli.cluster import Cluster, computed, require_directory
from zoocli.cli.groups import with_groups
from zoocli.cli.inputs import files_of
from zoocli.cli.messages import inform, say_notes
from zoocli.cli.options import Quiet, Tables
from zoocli.cli.outputs import FORMATS, STDOUT, choose_sink, compile_note, put, put_and_publish
from zoocli.errors import UsageError
from zoocli.runs.options.option import OUTPUT
from zoocli.runs.options.score import ScoreOptions

if TYPE_CHECKING:
    from zoocli.scoring.summaries.summary import Summary
    from zoocli.tables.writing.sinks import Sink


@dataclass(frozen=True)
class Outputs:
    """Where the scores table and the summary go."""

    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|-",
            help="Scores table, in the format of its suffix; - is stdout.  [default: CSV to a "
            "pipe, none with --summary; on a terminal, the summary is shown]",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help=f"Format of the scores table: {FORMATS}.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    fix_colnames: Annotated[
        bool,
        typer.Option(
            "--fix-colnames",
            help="Replace hyphens with underscores in column names (for STILTS and TOPCAT).",
            rich_help_panel=OUTPUT,
        ),
    ] = False
    summary: Annotated[
        str | None,
        typer.Option(
            "--summary",
            metavar="FILE|-",
            help="Also write the summary, as JSON; - is stdout.",
            rich_help_panel=OUTPUT,
        ),
    ] = None

    def check(self, inputs: list[str]) -> None:
        """Refuses, before any work, outputs that would damage something or cannot be written."""
        from zoocli.tables.writing.drafts import try_writing
        from zoocli.tables.writing.guards import check_outputs, refuse_inputs

        table, summary = (
            None if name in (None, STDOUT) else Path(str(name))
            for name in (self.output, self.summary)
        )
        refuse_inputs(Path("/dev/stdout"), inputs)
        if self.summary == STDOUT and self.asks_for_table_on_stdout:
            raise UsageError("Standard output takes either the table or the summary, not both.")
        check_outputs({"--output": table, "--summary": summary}, inputs)
        if summary is not None:
            try_writing(summary)

    @property
    def asks_for_table_on_stdout(self) -> bool:
        """Whether the table goes to stdout even where the summary is wanted."""
        return self.output == STDOUT or (self.output is None and self.format is not None)

    @property
    def is_file(self) -> bool:
        """Whether the table goes to a file or directory, of which nothing is seen on the way."""
        from zoocli.tables.writing.drafts import is_device

        return self.output not in (None, STDOUT) and not is_device(Path(str(self.output)))

    def check_for_cluster(self) -> None:
        """Raises UsageError for a table that a cluster does not write."""
        require_directory(self.output, self.format, optional=self.summary is not None)
        if self.fix_colnames:
            raise UsageError("--fix-colnames does not work with --engine dask. Leave one out.")

    def sink(self) -> Sink:
        """Where the table goes."""
        sink = choose_sink(self.output, self.format, self.summary)
        if self.fix_colnames:
            from zoocli.tables.writing.renaming import UnderscoringSink

            sink = UnderscoringSink(sink)
        return sink

    def publish(self, commit_table: Callable[[], None], result: Summary) -> None:
        """Publishes the table and the summary; where either cannot be written, neither is."""
        from zoocli.report.formats import render_json
        from zoocli.tables.writing.drafts import drafted_text, publish_all

        text = render_json(result.to_dict())
        if self.summary is None:
            commit_table()
        elif self.summary == STDOUT:
            put_and_publish(text, commit_table)
        else:
            with drafted_text(Path(self.summary), text) as show_summary:
                publish_all(commit_table, show_summary)


@with_groups
def score(
    *,
    tables: Tables,
    outputs: Outputs,
    options: ScoreOptions,
    cluster: Cluster,
    quiet: Quiet = False,
) -> None:
    """Score predictions against votes: one row per galaxy.

    The columns are the id, those of --keep, loss, then the loss and total votes of each question.
    Losses are negative log-likelihoods in nats, except those of mse and l1. Rows are in the order
    of PREDICTIONS. Galaxies found in only one of the tables are counted and reported.
    """
    from zoocli.report.summary import one_line, render_summaries
    from zoocli.scoring.job import ScoreJob
    from zoocli.scoring.summaries.summary import Summary

    inputs = files_of("score", tables, options)
    outputs.check(inputs)
    if cluster.is_wanted(options.threads):
        outputs.check_for_cluster()
    job = ScoreJob(tables[:-1], tables[-1], options)
    with computed(job, outputs.sink, outputs.output, cluster, options.threads, inputs, quiet) as (
        scored,
        commit,
    ):
        result = Summary.of_scoring(scored)
        outputs.publish(lambda: commit(scored.metadata(), result.to_dict()), result)
    say_notes([*compile_note(), *result.notes], quiet)
    if outputs.is_file and not quiet:
        inform(f"{one_line(result)}: {outputs.output}")
    if outputs.output is None and outputs.summary is None and sys.stdout.isatty():
        put(render_summaries([result], "table", sys.stdout))
        say_notes(["nothing was written; -o FILE writes the scores table."], quiet)
