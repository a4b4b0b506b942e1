"""Options that several commands share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from zoocli.errors import ZoocliWarning
from zoocli.losses import find_loss, loss_names

INPUTS = (
    "Parquet, CSV or TSV (also .gz and .zst), Arrow, JSON Lines, FITS, VOTable, ECSV or Zoobot's "
    "HDF5; directories and glob patterns; - is stdin."
)


def _with_aliases(name: str) -> str:
    aliases = ", ".join(find_loss(name).aliases)
    return f"{name} ({aliases})" if aliases else name


LOSSES = ", ".join(map(_with_aliases, loss_names()))
OF_CLASSES, OF_VALUES = (", ".join(loss_names(scores)) for scores in ("classes", "values"))


@dataclass
class Shared:
    """The state of a run, in `context.obj`."""

    quiet: bool = False


def _be_quiet(context: typer.Context, quiet: bool) -> bool:
    """Applies to the whole run: `zoocli -q score` is the same as `zoocli score -q`."""
    shared = context.ensure_object(Shared)
    shared.quiet = shared.quiet or quiet
    if shared.quiet:
        warnings.simplefilter("ignore", ZoocliWarning)
    return shared.quiet


Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_be_quiet, help="Write only errors to stderr."),
]
Report = Annotated[
    bool | None,
    typer.Option(
        "--report/--no-report",
        help="Write report.html and figures/ to the directory.  [default: if the packages of "
        "'zoocli[report]' are installed, except for shards]",
        show_default=False,
    ),
]

Tables = Annotated[
    list[str],
    typer.Argument(
        metavar="PREDICTIONS... VOTES",
        help=f"The last table is VOTES; those before it are the parts of PREDICTIONS. {INPUTS}",
    ),
]
SchemaName = Annotated[
    str | None,
    typer.Option(
        "--schema",
        "-s",
        metavar="NAME|FILE",
        help="Decision tree: a built-in name or a YAML file.  [default: detected from the columns]",
    ),
]
ScoresSchema = Annotated[
    str | None,
    typer.Option(
        "--schema",
        "-s",
        metavar="NAME|FILE",
        help="Decision tree, for the campaigns of scores tables that do not record it (CSV).",
    ),
]
LossName = Annotated[
    str,
    typer.Option("--loss", "-l", help=f"One of {LOSSES}."),
]
IdName = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="COLUMN",
        help="Id column of both tables.  [default: the first usual id name that both have]",
    ),
]
SingleId = Annotated[
    str | None,
    typer.Option("--id", metavar="COLUMN", help="Id column.  [default: the first usual id name]"),
]
VotesId = Annotated[str | None, typer.Option(metavar="COLUMN", help="Id column of VOTES.")]
PredictionsColumn = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="Name of an answer's column in PREDICTIONS, such as '{answer}_pred'.  "
        "[default: the answer, alone or with a usual suffix]",
    ),
]
VotesColumn = Annotated[
    str | None,
    typer.Option(metavar="PATTERN", help="The same for VOTES, such as '{answer}_count'."),
]
Feature = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN",
        help="Feature columns, such as 'x_*', or one column of lists; repeatable.  "
        "[default: feat_0, feat_1 and so on, or the only column of lists]",
    ),
]
Label = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help=f"{OF_CLASSES}, {OF_VALUES}: column of VOTES with the true label or value; repeatable "
        f"for {OF_VALUES}.  [default: label]",
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN", help="Copy this column of either table to the output; repeatable."
    ),
]
SingleKeep = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Copy this column to the output; repeatable."),
]
OnFractional = Annotated[
    Literal["error", "round"],
    typer.Option(help="Votes that are not whole numbers: stop, or round them."),
]
MissingVotes = Annotated[
    Literal["error", "zero"],
    typer.Option(help="Questions with votes for only some answers: stop, or count the rest as 0."),
]
Device = Annotated[
    str, typer.Option(metavar="auto|cpu|cuda|cuda:N", help="Device that torch computes on.")
]
Threads = Annotated[
    int | None,
    typer.Option(
        help="Number of threads.  [default: what SLURM, the container or the machine provides]"
    ),
]


@dataclass(frozen=True)
class Limits:
    """How much of the machine the run may use."""

    threads: Threads = None
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory limit of the whole process, such as 4GB.  [default: as for --threads]",
        ),
    ] = None
