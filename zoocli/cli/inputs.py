"""What the commands read: the tables, and how they are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zoocli.cli.groups import given
from zoocli.cli.options import (
    OF_CLASSES,
    OF_VALUES,
    Device,
    IdName,
    Label,
    Limits,
    LossName,
    MissingVotes,
    OnFractional,
    PredictionsColumn,
    SchemaName,
    VotesColumn,
    VotesId,
)
from zoocli.errors import UsageError

if TYPE_CHECKING:
    from zoocli.runs.options.score import ScoreOptions


@dataclass(frozen=True)
class Scoring:
    """How `score`, `check` and `evaluate` score PREDICTIONS against VOTES.

    The defaults are those of `ScoreOptions`, as a test checks. They are repeated here because
    importing it loads pyarrow, which the help does not need.
    """

    schema: SchemaName = None
    loss: LossName = "dirichlet"
    id: IdName = None
    predictions_id: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Id column of PREDICTIONS.")
    ] = None
    votes_id: VotesId = None
    id_from: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Regular expression whose one group extracts the id from the id columns of both "
            "tables, such as '([^/]+)\\.jpg$'.",
        ),
    ] = None
    predictions_column: PredictionsColumn = None
    votes_column: VotesColumn = None
    ensemble: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="More predictions of the same galaxies, as passes of a mixture; repeatable.",
        ),
    ] = None
    null_value: Annotated[
        list[float] | None,
        typer.Option(
            metavar="N", help="Treat votes of this value, such as -999, as missing; repeatable."
        ),
    ] = None
    only: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Use only the ids listed in this file: one per line, or a table."
        ),
    ] = None
    label: Label = None
    prediction: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help=f"{OF_CLASSES}: the columns of the classes, in order; {OF_VALUES}: one column per "
            "--label; "
            "repeatable.  [default: all columns but the id]",
        ),
    ] = None
    class_weights: Annotated[
        str | None,
        typer.Option(metavar="W,W,...", help=f"{OF_CLASSES}: weight of each class."),
    ] = None
    label_smoothing: Annotated[
        float,
        typer.Option(
            metavar="E", help=f"{OF_CLASSES}: share of the label spread over all classes."
        ),
    ] = 0.0
    scale: Annotated[
        Literal["logits", "probabilities"] | None,
        typer.Option(help=f"{OF_CLASSES}: what the predictions are; required if unclear."),
    ] = None
    on_invalid: Annotated[
        Literal["error", "null"],
        typer.Option(help="Predictions without a likelihood: stop, or write a null loss."),
    ] = "error"
    on_fractional: OnFractional = "error"
    on_duplicate: Annotated[
        Literal["error", "drop"],
        typer.Option(help="Matched ids that occur more than once: stop, or drop all their rows."),
    ] = "error"
    missing_votes: MissingVotes = "error"
    require_all: Annotated[
        bool, typer.Option("--require-all", help="Fail if any galaxy is unmatched.")
    ] = False
    device: Device = "auto"
    backend: Annotated[
        Literal["auto", "torch", "numba"],
        typer.Option(help="auto: numba for losses with a compiled CPU loop, otherwise torch."),
    ] = "auto"
    batch_size: Annotated[int, typer.Option(help="Rows per batch.")] = 65_536

    def options(self, limits: Limits, keep: list[str] | None = None) -> ScoreOptions:
        """The options as the library takes them; UsageError for a value that it refuses."""
        from zoocli.runs.options.score import ScoreOptions

        wanted = given(self, limits)
        if self.class_weights is not None:
            wanted["class_weights"] = _numbers(self.class_weights)
        return ScoreOptions(keep=keep or (), **wanted)

    def files(self, command: str, tables: Sequence[str]) -> list[str]:
        """All files that the command reads; the schema is among them, by its file or name.

        Raises UsageError for fewer than two tables, and for standard input given twice.
        """
        files = [*tables, *(self.ensemble or ()), *filter(None, [self.only])]
        require_one_stdin(files)
        require_two_tables(tables, "the predictions", f"{command} predictions.parquet")
        return [*files, *filter(None, [self.schema])]


def require_one_stdin(files: Sequence[str]) -> None:
    """Raises UsageError where standard input is among the files more than once."""
    if files.count("-") > 1:
        raise UsageError("Standard input can be read only once: give '-' once.")


def require_two_tables(tables: Sequence[str], first: str, example: str) -> None:
    """Raises UsageError without VOTES; `first` names what precedes it."""
    if len(tables) < 2:
        raise UsageError(
            f"Give at least two tables: {first}, then the votes, as in "
            f"`zoocli {example} votes.parquet`."
        )


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"--class-weights takes numbers separated by commas, such as 1,2.5,1; not '{text}'."
        ) from None
