"""`zoocli fit`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.inputs import (
    INPUTS,
    Device,
    IdName,
    LossName,
    MemoryLimit,
    MissingVotes,
    OnFractional,
    Threads,
    VotesColumn,
    VotesId,
)
from zoocli.cli.options import Quiet


def fit(
    context: typer.Context,
    tables: Annotated[
        list[str],
        typer.Argument(
            metavar="FEATURES... VOTES",
            help=f"The last is VOTES, those before it the parts of FEATURES. {INPUTS}",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The trained head, as safetensors."),
    ],
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            "-s",
            metavar="NAME|FILE",
            help="Decision tree: a built-in name or a YAML file.  [default: from VOTES]",
        ),
    ] = None,
    loss: LossName = "dirichlet",
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="ce, mse, l1: the truth, in VOTES; repeatable for mse and l1.  [default: label]",
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="ce: the labels in order.  [default: those found]"),
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Feature columns, like 'x_*', or one column of lists; repeatable.  "
            "[default: feat_0, feat_1 and so on, or the only column of lists]",
        ),
    ] = None,
    id: IdName = None,
    features_id: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Id column of FEATURES.")
    ] = None,
    votes_id: VotesId = None,
    votes_column: VotesColumn = None,
    on_fractional: OnFractional = "error",
    missing_votes: MissingVotes = "error",
    epochs: Annotated[int, typer.Option(help="At most so many.")] = 200,
    learning_rate: Annotated[float, typer.Option(help="Of Adam.")] = 0.001,
    weight_decay: Annotated[float, typer.Option(help="Of Adam.")] = 0.0,
    batch_size: Annotated[int, typer.Option(help="Galaxies a step.")] = 256,
    dropout: Annotated[
        float, typer.Option(metavar="P", help="Share of the features dropped while training.")
    ] = 0.2,
    hold_out: Annotated[
        float,
        typer.Option(
            metavar="P", help="Share of the galaxies held out, chosen by their ids alone."
        ),
    ] = 0.2,
    held_out_ids: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write their ids, for zoocli score --only."),
    ] = None,
    patience: Annotated[
        int, typer.Option(help="Stop when so many epochs bring them nothing.")
    ] = 10,
    seed: Annotated[int, typer.Option(help="Same seed and inputs, same bytes.")] = 0,
    device: Device = "auto",
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    quiet: Quiet = False,
) -> None:
    """Train a linear head on features to foresee the votes.

    It minimises the mean loss of the galaxies that both tables have, and says on stderr by how
    much it does better, on those held out, than the best constant prediction. FILE is for zoocli
    predict, and a plain linear layer for anything else. The galaxies are held in memory.
    """
    from zoocli.errors import UsageError

    if tables.count("-") > 1:
        raise UsageError("Standard input can be read only once: give '-' once.")
    if len(tables) < 2:
        raise UsageError(
            "Give at least two tables: the features, then the votes, as in "
            "`zoocli fit features.parquet votes.parquet -o head.safetensors`."
        )
    _check_outputs(output, held_out_ids, [*tables, *filter(None, [schema])])
    _run(context, tables, output, held_out_ids, quiet)


def _check_outputs(output: Path, held_out_ids: Path | None, inputs: list[str]) -> None:
    from zoocli.errors import UsageError
    from zoocli.tables.drafts import try_writing
    from zoocli.tables.guards import refuse_inputs

    for target in filter(None, (output, held_out_ids)):
        refuse_inputs(target, inputs)
    if held_out_ids is not None and output.resolve() == held_out_ids.resolve():
        raise UsageError(f"--output and --held-out-ids are both '{output}'. Give them two names.")
    try_writing(output)


def _run(
    context: typer.Context,
    tables: list[str],
    output: Path,
    held_out_ids: Path | None,
    quiet: bool,
) -> None:
    from dataclasses import fields

    from zoocli.cli.messages import say
    from zoocli.cli.progress import progress_bar
    from zoocli.cli.summarize import say_notes
    from zoocli.fitting import FitOptions, fit_head
    from zoocli.heads.files import write_head
    from zoocli.report.fit import render_fit
    from zoocli.tables.sinks import FileSink

    known = {field.name for field in fields(FitOptions)}
    given = {name: value for name, value in context.params.items() if name in known}
    if given["classes"] is not None:
        given["classes"] = tuple(given["classes"].split(","))
    options = FitOptions(**{name: value for name, value in given.items() if value is not None})
    with contextlib.ExitStack() as stack:
        sink = None if held_out_ids is None else stack.enter_context(FileSink(held_out_ids))
        with progress_bar(quiet, "epochs") as progress:
            done = fit_head(tables[:-1], tables[-1], options, progress, sink)
        write_head(output, done.head, done.metadata)
        if sink is not None:
            sink.commit({})
    if not quiet:
        say_notes(done.notes)
        say(render_fit(done, sys.stderr).rstrip())
