"""The options of a catalogue, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from zoocli.errors import UsageError
from zoocli.foundation.option_checks import unused
from zoocli.runs.options.choices import Intervals, OnInvalid
from zoocli.runs.options.condition import condition_of
from zoocli.runs.options.option import (
    CATALOGUE,
    COLUMNS,
    GALAXIES,
    INVALID,
    MACHINE,
    Options,
    option,
)

if TYPE_CHECKING:
    from zoocli.schema import Schema
    from zoocli.tables.where import Where

ONLY_ADVANCED: tuple[str, ...] = ("level", "intervals")
ONLY_FRIENDLY: tuple[str, ...] = ("asked_threshold",)
BATCH_ROWS = 8192


@dataclass(frozen=True)
class CatalogOptions(Options):
    """How to make a catalogue; the defaults are those of `zoocli catalog`."""

    schema: str | Path | Schema | None = option(
        None,
        "Decision tree: a built-in name or a YAML file.  [default: detected from the columns]",
        COLUMNS,
        short="-s",
        metavar="NAME|FILE",
    )
    id: str | None = option(
        None, "Id column.  [default: the first usual id name]", COLUMNS, metavar="COLUMN"
    )
    predictions_column: str | None = option(
        None,
        "Name of an answer's column in PREDICTIONS, such as '{answer}_pred'.  "
        "[default: the answer, alone or with a usual suffix]",
        COLUMNS,
        metavar="PATTERN",
    )
    keep: Sequence[str] = option(
        (), "Copy this column to the output; repeatable.", COLUMNS, metavar="COLUMN"
    )
    where: str | None = option(
        None,
        "Only the galaxies for which this holds, over columns of PREDICTIONS, such as "
        "'mag_r < 17 and not flag'.",
        GALAXIES,
        metavar="EXPRESSION",
    )
    advanced: bool = option(
        False, "Write all fractions, with credible intervals and proportions asked.", CATALOGUE
    )
    level: float = option(
        0.9, "--advanced: probability of the credible intervals.", CATALOGUE, above=0, below=1
    )
    asked_threshold: float = option(
        0.5,
        "Without --advanced: fractions are null for questions that a smaller "
        "proportion of volunteers would be asked.",
        CATALOGUE,
        metavar="P",
        least=0,
        most=1,
    )
    intervals: Intervals = option(
        "mixture",
        "--advanced, several passes: intervals of the mixture, or medians of the "
        "limits of the passes.",
        CATALOGUE,
    )
    on_invalid: OnInvalid = option(
        "error", "Concentrations that are not finite and positive: stop, or write nulls.", INVALID
    )
    batch_size: int = option(BATCH_ROWS, "Rows per batch.", MACHINE, least=1)
    threads: int | None = option(
        None,
        "Number of threads.  [default: what SLURM, the container or the machine provides]",
        MACHINE,
    )
    memory_limit: str | int | None = option(
        None,
        "Memory limit of the whole process, such as 4GB.  [default: as for --threads]",
        MACHINE,
        metavar="SIZE",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._refuse_without_effect()
        _ = self.condition  # which checks it

    @property
    def condition(self) -> Where | None:
        """What `where` says, read; UsageError where it names a column of votes."""
        found = condition_of(self.where)
        if found is not None and any(column.side == "votes" for column in found.columns):
            raise UsageError("«where» is over columns of the predictions: there are no votes here.")
        return found

    def _refuse_without_effect(self) -> None:
        """Raises UsageError for an option that the table asked for would silently ignore."""
        table, idle, advice = "friendly", ONLY_ADVANCED, "Add «advanced», or leave it out."
        if self.advanced:
            table, idle, advice = "advanced", ONLY_FRIENDLY, "Leave it out."
        defaults = {field.name: field.default for field in fields(self)}
        for name in idle:
            if getattr(self, name) != defaults[name]:
                raise unused(f"The {table} table", name, advice)

    @property
    def percent(self) -> str:
        """The level as it stands in the names of columns: 90 for 0.9.

        >>> CatalogOptions().percent, CatalogOptions(advanced=True, level=0.955).percent
        ('90', '95.5')
        """
        return f"{100 * self.level:.10g}"
