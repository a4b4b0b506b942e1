"""`zoocli simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from zoocli.cli.messages import say
from zoocli.cli.options import Quiet
from zoocli.errors import harmless


def simulate(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder for the files; made if need be.")
    ],
    schema: Annotated[
        str, typer.Option("--schema", "-s", help="Built-in schema, or a YAML file.")
    ] = "decals-dr5-ortho",
    galaxies: Annotated[int, typer.Option("--galaxies", "-n", help="How many.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 0,
    blur: Annotated[
        list[float] | None,
        typer.Option(
            metavar="X", help="Also write predictions with log-normal noise X; repeatable."
        ),
    ] = None,
    voted: Annotated[
        int | None, typer.Option(help="Give votes to only so many galaxies.  [default: all]")
    ] = None,
    volunteers: Annotated[float, typer.Option(help="Mean number per galaxy.")] = 40,
    format: Annotated[
        Literal["parquet", "csv"], typer.Option("--format", "-f", help="Of all files.")
    ] = "parquet",
    quiet: Quiet = False,
) -> None:
    """Make predictions and votes whose true answer is known.

    DIR gets predictions, votes and, for each --blur X, predictions-blur-X: a worse model of the
    same galaxies. The votes are drawn from the true predictions, so none score better on average.
    """
    from zoocli.simulation import simulate as write

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
