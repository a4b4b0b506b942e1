"""`zoocli cite`."""

from __future__ import annotations

from typing import Annotated

import typer

from zoocli.cli.completion import schemas
from zoocli.cli.messages import say_notes
from zoocli.cli.options import Quiet
from zoocli.cli.outputs import put


def cite(
    schema: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|FILE]",
            autocompletion=schemas,
            help="Also cite the paper of this decision tree.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Print what to cite, as BibTeX.

    The tool, the paper of the Dirichlet-multinomial loss and, of a decision tree that is named, its
    paper.
    """
    from zoocli.report.citing import bibliography, entry_of
    from zoocli.schema import load_schema

    tree = None if schema is None else load_schema(schema)
    if tree is not None and entry_of(tree.citation or "") is None:
        cited = tree.citation or "nothing"
        say_notes([f"the paper of {tree.name} is not known; its file cites {cited}."], quiet)
    put(bibliography(tree))
