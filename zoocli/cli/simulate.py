"""`zoocli simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from zoocli.cli.completion import schemas
from zoocli.cli.messages import say
from zoocli.cli.options import Quiet
from zoocli.errors import harmless


def simulate(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Directory for the files; created if needed.")
    ],
    schema: Annotated[
        str,
        typer.Option(
            "--schema",
            "-s",
            autocompletion=schemas,
            help="Decision tree: a built-in name or a YAML file.",
        ),
    ] = "decals-dr5-ortho",
    galaxies: Annotated[int, typer.Option("--galaxies", "-n", help="Number of galaxies.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same files.")] = 0,
    blur: Annotated[
        list[float] | None,
        typer.Option(
            metavar="X", help="Also write predictions with log-normal noise X; repeatable."
        ),
    ] = None,
    voted: Annotated[
        int | None, typer.Option(help="Number of galaxies with votes.  [default: all]")
    ] = None,
    volunteers: Annotated[float, typer.Option(help="Mean number of volunteers per galaxy.")] = 40,
    format: Annotated[
        Literal["parquet", "csv"], typer.Option("--format", "-f", help="Format of the files.")
    ] = "parquet",
    quiet: Quiet = False,
) -> None:
    """Simulate predictions and votes with known truth.

    Writes predictions, votes and, for each --blur X, predictions-blur-X, a worse model of the same
    galaxies, to DIR. The votes are drawn from the predictions, so no other model scores better on
    average.
    """
    from zoocli.products.simulation import simulate as write

    made = write(
        directory,
        schema=schema,
        galaxies=galaxies,
        seed=seed,
        blur=blur or (),
        voted=voted,
        volunteers=volunteers,
        format=format,
    )
    if not quiet:
        for file in made.files:
            say(f"wrote {harmless(str(file))} ({file.stat().st_size / 1e6:,.1f} MB)")
