"""The options of every command that reads predictions and votes, each defined once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zoocli.losses import find_loss, loss_names

if TYPE_CHECKING:
    from zoocli.scoring.options import ScoreOptions


def _with_aliases(name: str) -> str:
    aliases = ", ".join(find_loss(name).aliases)
    return f"{name} ({aliases})" if aliases else name


LOSSES = ", ".join(map(_with_aliases, loss_names()))
OF_CLASSES, OF_VALUES = (", ".join(loss_names(scores)) for scores in ("classes", "values"))
INPUTS = (
    "Parquet, CSV or TSV (also .gz, .zst), Arrow, JSON lines, FITS, VOTable, ECSV, Zoobot's HDF5; "
    "directories and patterns of parts; - is stdin."
)

Tables = Annotated[
    list[str],
    typer.Argument(
        metavar="PREDICTIONS... VOTES",
        help=f"The last is VOTES, those before it the parts of PREDICTIONS. {INPUTS}",
    ),
]
SchemaName = Annotated[
    str | None,
    typer.Option(
        "--schema",
        "-s",
        metavar="NAME|FILE",
        help="Decision tree: a built-in name or a YAML file.  [default: from the columns]",
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
        help="Id column of both tables.  [default: the first usual name that both have]",
    ),
]
PredictionsId = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Id column of PREDICTIONS.")
]
VotesId = Annotated[str | None, typer.Option(metavar="COLUMN", help="Id column of VOTES.")]
IdFrom = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Make the id from the id column's text by the one group of this regular "
        "expression, on both sides, such as '([^/]+)\\.jpg$'.",
    ),
]
PredictionsColumn = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="How PREDICTIONS call an answer's column, such as '{answer}_pred'.  "
        "[default: as the answer, perhaps with a usual ending]",
    ),
]
VotesColumn = Annotated[
    str | None,
    typer.Option(metavar="PATTERN", help="The same for VOTES, such as '{answer}_count'."),
]
Ensemble = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Further predictions of the same galaxies, as passes of a mixture; repeatable.",
    ),
]
NullValue = Annotated[
    list[float] | None,
    typer.Option(metavar="N", help="Votes of this value are missing, -999 say; repeatable."),
]
Only = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Score just the ids listed there: one a line, or a table."),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN", help="Carry a column of either table into the output; repeatable."
    ),
]
Label = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help=f"{OF_CLASSES}, {OF_VALUES}: the truth, in VOTES; repeatable for {OF_VALUES}.  "
        "[default: label]",
    ),
]
Prediction = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help=f"{OF_CLASSES}: the classes in order; {OF_VALUES}: one for each --label; repeatable.  "
        "[default: the columns that are not the id]",
    ),
]
ClassWeights = Annotated[
    str | None,
    typer.Option(metavar="W,W,...", help=f"{OF_CLASSES}: a factor for each class's losses."),
]
LabelSmoothing = Annotated[
    float,
    typer.Option(metavar="E", help=f"{OF_CLASSES}: share of the label spread over all classes."),
]
Scale = Annotated[
    Literal["logits", "probabilities"] | None,
    typer.Option(help=f"{OF_CLASSES}: what the predictions are; required where both are possible."),
]
OnInvalid = Annotated[
    Literal["error", "null"],
    typer.Option(help="Predictions without a likelihood: stop, or give a null loss."),
]
OnFractional = Annotated[
    Literal["error", "round"], typer.Option(help="Votes that are not whole numbers.")
]
OnDuplicate = Annotated[
    Literal["error", "drop"],
    typer.Option(help="Ids that match and stand more than once: stop, or drop all copies."),
]
MissingVotes = Annotated[
    Literal["error", "zero"],
    typer.Option(help="Questions with some answers missing and others not."),
]
ShardName = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Only the I-th of N parts of PREDICTIONS (or FEATURES), for array jobs; I from 1.",
    ),
]
EngineName = Annotated[
    Literal["local", "dask"],
    typer.Option(
        "--engine",
        help="dask: part by part on a cluster; -o is a directory of Parquet parts.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="--engine dask: of the cluster, like tcp://HOST:8786.  "
        "[default: as many processes here as --threads]",
    ),
]
Partitions = Annotated[
    int | None,
    typer.Option(metavar="N", help="--engine dask: how many parts.  [default: as is sensible]"),
]
RequireAll = Annotated[bool, typer.Option("--require-all", help="Unmatched galaxies are an error.")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda|cuda:N", help="Where torch computes.")]
Backend = Annotated[
    Literal["auto", "torch", "numba"],
    typer.Option(help="auto: numba on the CPU for losses that have a compiled loop, else torch."),
]
BatchSize = Annotated[int, typer.Option(help="Rows at a time.")]
Threads = Annotated[
    int | None, typer.Option(help="[default: those of SLURM, the container or the machine]")
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Of the whole process, like 4GB.  [default: as for --threads]",
    ),
]


def score_options(context: typer.Context) -> ScoreOptions:
    """What was said about the scoring; what was not has the library's defaults."""
    from dataclasses import fields

    from zoocli.scoring.options import ScoreOptions

    known = {field.name for field in fields(ScoreOptions)}
    given = {name: value for name, value in context.params.items() if name in known}
    given["class_weights"] = _numbers(given.get("class_weights"))
    return ScoreOptions(**{name: value for name, value in given.items() if value is not None})


def input_files(context: typer.Context) -> list[str]:
    """All files that the command reads; UsageError for less than two tables, and for stdin twice.

    The schema is among them, by its file or else its name.
    """
    from zoocli.errors import UsageError

    given = context.params
    tables = [*given["tables"], *(given.get("ensemble") or ()), given.get("only")]
    if tables.count("-") > 1:
        raise UsageError("Standard input can be read only once: give '-' once.")
    if len(given["tables"]) < 2:
        raise UsageError(
            "Give at least two tables: the predictions, then the votes, as in "
            f"`zoocli {context.info_name} predictions.parquet votes.parquet`."
        )
    return [name for name in (*tables, given.get("schema")) if name is not None]


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    from zoocli.errors import UsageError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"--class-weights takes numbers with commas between, like 1,2.5,1; not '{text}'."
        ) from None
