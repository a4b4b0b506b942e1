"""`zoocli fit`."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoocli.cli.groups import given, with_groups
from zoocli.cli.inputs import require_one_stdin, require_two_tables
from zoocli.cli.messages import say, say_notes
from zoocli.cli.options import (
    INPUTS,
    Device,
    Feature,
    IdName,
    Label,
    Limits,
    LossName,
    MissingVotes,
    OnFractional,
    Quiet,
    VotesColumn,
    VotesId,
)
from zoocli.cli.progress import progress_bar
from zoocli.errors import UsageError

if TYPE_CHECKING:
    from zoocli.runs.options.fit import FitOptions


@dataclass(frozen=True)
class Fitting:
    """What the head predicts, and how it is trained."""

    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            "-s",
            metavar="NAME|FILE",
            help="Decision tree: a built-in name or a YAML file.  [default: detected from VOTES]",
        ),
    ] = None
    loss: LossName = "dirichlet"
    label: Label = None
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...", help="ce: the labels in order.  [default: those found in VOTES]"
        ),
    ] = None
    feature: Feature = None
    id: IdName = None
    features_id: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Id column of FEATURES.")
    ] = None
    votes_id: VotesId = None
    votes_column: VotesColumn = None
    on_fractional: OnFractional = "error"
    missing_votes: MissingVotes = "error"
    epochs: Annotated[int, typer.Option(help="Maximum number of epochs.")] = 200
    learning_rate: Annotated[float, typer.Option(help="Adam learning rate.")] = 0.001
    weight_decay: Annotated[float, typer.Option(help="Adam weight decay.")] = 0.0
    batch_size: Annotated[int, typer.Option(help="Galaxies per training step.")] = 256
    dropout: Annotated[
        float, typer.Option(metavar="P", help="Dropout rate of the features during training.")
    ] = 0.2
    hold_out: Annotated[
        float,
        typer.Option(
            metavar="P", help="Share of the galaxies to hold out, chosen by their ids alone."
        ),
    ] = 0.2
    patience: Annotated[
        int,
        typer.Option(
            help="Stop after this many epochs without improvement on the held-out galaxies."
        ),
    ] = 10
    seed: Annotated[
        int, typer.Option(help="Random seed; the same seed and inputs give the same file.")
    ] = 0
    device: Device = "auto"

    def options(self, limits: Limits) -> FitOptions:
        """The options as the library takes them; UsageError for a value that it refuses."""
        from zoocli.heads.fitting import FitOptions

        wanted = given(self, limits)
        if self.classes is not None:
            wanted["classes"] = tuple(self.classes.split(","))
        return FitOptions(**wanted)


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
        typer.Option("--output", "-o", metavar="FILE", help="The trained head, as safetensors."),
    ],
    held_out_ids: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write the ids of the held-out galaxies, for zoocli score --only.",
        ),
    ] = None,
    fitting: Fitting,
    limits: Limits,
    quiet: Quiet = False,
) -> None:
    """Train a linear head that predicts votes from features.

    Minimises the mean loss over the galaxies found in both tables, and reports on stderr the gain
    over the best constant prediction, on the held-out galaxies. The output is for zoocli predict,
    and a plain linear layer for other programs. All galaxies are held in memory.
    """
    require_one_stdin(tables)
    require_two_tables(tables, "the features", "fit -o head.safetensors features.parquet")
    _check_outputs(output, held_out_ids, [*tables, *filter(None, [fitting.schema])])
    _fit(tables, output, held_out_ids, fitting.options(limits), quiet)


def _check_outputs(output: Path, held_out_ids: Path | None, inputs: list[str]) -> None:
    from zoocli.tables.drafts import try_writing
    from zoocli.tables.guards import refuse_inputs

    for target in filter(None, (output, held_out_ids)):
        refuse_inputs(target, inputs)
    if held_out_ids is not None and output.resolve() == held_out_ids.resolve():
        raise UsageError(
            f"--output and --held-out-ids are both '{output}'. Give them different names."
        )
    try_writing(output)


def _fit(
    tables: list[str], output: Path, held_out_ids: Path | None, options: FitOptions, quiet: bool
) -> None:
    from zoocli.heads.files import write_head
    from zoocli.heads.fitting import fit_head
    from zoocli.report.fit import render_fit
    from zoocli.tables.sinks import FileSink

    with contextlib.ExitStack() as stack:
        sink = None if held_out_ids is None else stack.enter_context(FileSink(held_out_ids))
        with progress_bar(quiet, "epochs") as progress:
            done = fit_head(tables[:-1], tables[-1], options, progress, sink)
        write_head(output, done.head, done.metadata)
        if sink is not None:
            sink.commit({})
    say_notes(done.notes, quiet)
    if not quiet:
        say(render_fit(done, sys.stderr).rstrip())
