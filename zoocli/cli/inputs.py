"""What the commands read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoocli.errors import UsageError
from zoocli.runs.options.score import ScoreOptions


def files_of(command: str, tables: Sequence[str], options: ScoreOptions) -> list[str]:
    """All files that a command reads; the schema is among them, by its file or name.

    Raises UsageError for fewer than two tables, and for standard input given twice.
    """
    more: list[Any] = [*options.ensemble, *options.with_, options.only]
    files = [*tables, *(str(one) for one in more if one is not None)]
    require_one_stdin(files)
    require_two_tables(tables, "the predictions", f"{command} predictions.parquet")
    return [*files, *schema_of(options)]


def schema_of(options: Any) -> list[str]:
    """The schema's file or name, if one is given."""
    return [] if options.schema is None else [str(options.schema)]


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
