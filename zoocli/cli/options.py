"""Options that several commands share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated

import typer

from zoocli.cli.completion import schemas
from zoocli.errors import ZoocliWarning
from zoocli.runs.options.option import OUTPUT

INPUTS = (
    "Parquet, CSV or TSV (also .gz and .zst), Arrow, JSON Lines, FITS, VOTable, ECSV or Zoobot's "
    "HDF5; directories and glob patterns; - is stdin."
)


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
Wide = Annotated[
    bool,
    typer.Option(
        "--wide",
        help="Show tables with all columns, also where the terminal is narrower.",
        rich_help_panel=OUTPUT,
    ),
]
Report = Annotated[
    bool | None,
    typer.Option(
        "--report/--no-report",
        help="Write report.html and figures/ to the directory.  [default: if the packages of "
        "'zoocli[report]' are installed, except for shards]",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]

Tables = Annotated[
    list[str],
    typer.Argument(
        metavar="PREDICTIONS... VOTES",
        help=f"The last table is VOTES; those before it are the parts of PREDICTIONS. {INPUTS}",
    ),
]
ScoresSchema = Annotated[
    str | None,
    typer.Option(
        "--schema",
        "-s",
        metavar="NAME|FILE",
        autocompletion=schemas,
        help="Decision tree, for the campaigns of scores tables that do not record it (CSV).",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        help="Number of threads.  [default: what SLURM, the container or the machine provides]"
    ),
]
