"""`zoocli fit`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.groups import with_groups
from zoocli.cli.inputs import require_one_stdin, require_two_tables, schema_of
from zoocli.cli.messages import say, say_notes
from zoocli.cli.options import INPUTS, Quiet
from zoocli.cli.outputs import choose_sink, refuse_stdout
from zoocli.cli.progress import progress_bar
from zoocli.runs.options.fit import FitOptions
from zoocli.runs.options.option import OUTPUT


@with_groups
def fit(
    *,
    tables: Annotated[
        list[str],
        typer.Argument(
            metavar="FEATURES... VOTES",
            help=f"The last table is VOTES; those before it are the parts of FEATURES. {INPUTS}",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The trained head, as safetensors.",
            rich_help_panel=OUTPUT,
        ),
    ],
    held_out_ids: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write the ids of the held-out galaxies, for zoocli score --only.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    options: FitOptions,
    quiet: Quiet = False,
) -> None:
    """Train a linear head that predicts votes from features.

    Minimises the mean loss over the galaxies found in both tables, and reports on stderr the gain
    over the best constant prediction, on the held-out galaxies. The output is for zoocli predict,
    and a plain linear layer for other programs. All galaxies are held in memory.
    """
    require_one_stdin(tables)
    require_two_tables(tables, "the features", "fit -o head.safetensors features.parquet")
    refuse_stdout("--output", output, "a file of weights")
    refuse_stdout("--held-out-ids", held_out_ids, "a file")
    _check_outputs(output, held_out_ids, [*tables, *schema_of(options)])
    _fit(tables, output, held_out_ids, options, quiet)


def _check_outputs(output: Path, held_out_ids: Path | None, inputs: list[str]) -> None:
    from zoocli.tables.writing.drafts import try_writing
    from zoocli.tables.writing.guards import check_outputs

    check_outputs({"--output": output, "--held-out-ids": held_out_ids}, inputs)
    try_writing(output)


def _fit(
    tables: list[str], output: Path, held_out_ids: Path | None, options: FitOptions, quiet: bool
) -> None:
    from zoocli.heads.files import write_head
    from zoocli.heads.fitting import fit_head
    from zoocli.report.fit import render_fit
    from zoocli.tables.writing.drafts import all_or_none

    with contextlib.ExitStack() as stack:
        sink = None
        if held_out_ids is not None:
            sink = stack.enter_context(choose_sink(str(held_out_ids), None))
        with progress_bar(quiet, "epochs") as progress:
            done = fit_head(tables[:-1], tables[-1], options, progress, sink)
        with all_or_none():
            write_head(output, done.head, done.metadata)
            if sink is not None:
                sink.commit({})
    say_notes(done.notes, quiet)
    if not quiet:
        say(render_fit(done, sys.stderr).rstrip())
