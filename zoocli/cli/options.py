"""Options that several commands share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated

import typer

from zoocli.errors import ZoocliWarning


@dataclass
class Shared:
    """What every command finds as `context.obj`."""

    quiet: bool = False


def _be_quiet(context: typer.Context, quiet: bool) -> bool:
    """Holds for the whole run, wherever it stands: `zoocli -q score` and `zoocli score -q`."""
    shared = context.ensure_object(Shared)
    shared.quiet = shared.quiet or quiet
    if shared.quiet:
        warnings.simplefilter("ignore", ZoocliWarning)
    return shared.quiet


Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_be_quiet, help="Say nothing on stderr except errors."),
]

Report = Annotated[
    bool | None,
    typer.Option(
        "--report/--no-report",
        help="Write report.html and figures/ into the directory.  [default: where their packages "
        "are (pip install 'zoocli[report]'), but for a shard]",
        show_default=False,
    ),
]
