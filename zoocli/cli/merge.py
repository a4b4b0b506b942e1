"""`zoocli merge`."""

from __future__ import annotations

from typing import Annotated

import typer

from zoocli.cli.options import Quiet
from zoocli.cli.summarize import put, say_notes
from zoocli.report import render_json


def merge(
    summaries: Annotated[
        list[str],
        typer.Argument(
            metavar="SUMMARIES...",
            help="JSON summaries of disjoint parts, scored against the same votes; - is stdin.",
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Add up the JSON summaries of disjoint parts, as an array job writes them.

    The merged JSON goes to stdout. Parts whose loss, schema, settings or votes differ are refused.
    That they are disjoint is yours to see to: noticed is only when they matched more rows of VOTES
    than there are (an error), or hold the same statistics (a note).
    """
    from zoocli.statistics.merge import merge_summaries
    from zoocli.statistics.summarize import read_summary

    merged = merge_summaries([read_summary(source) for source in summaries])
    if not quiet:
        say_notes(merged.notes)
    put(render_json(merged.to_dict()))
