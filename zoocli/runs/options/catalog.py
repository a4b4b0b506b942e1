"""The options of a catalogue, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from zoocli.foundation.option_checks import check_choice, check_range, hold_names, unused
from zoocli.runs.options.keywords import Intervals, OnInvalid

if TYPE_CHECKING:
    from zoocli.schema import Schema

ONLY_ADVANCED: tuple[str, ...] = ("level", "intervals")
ONLY_FRIENDLY: tuple[str, ...] = ("asked_threshold",)
BATCH_ROWS = 8192


@dataclass(frozen=True)
class CatalogOptions:
    """How to make a catalogue; the defaults are those of `zoocli catalog`.

    - `schema`: the decision tree, as a built-in name, a YAML file or a Schema; by default the one
      that fits the columns.
    - `id`: the id column, by default the first usual name. `predictions_column`: the name of an
      answer's column, such as "{answer}_pred"; by default the answer's own name, perhaps with a
      usual ending. `keep`: columns to carry into the output.
    - `advanced`: all fractions, with credible intervals and proportions asked. `level`: the
      probability of an interval, above 0 and below 1. `intervals`: of several passes, the quantiles
      of their "mixture", or as "zoobot" has them the medians of each pass's own.
    - `asked_threshold`: without `advanced`, fractions of questions with a smaller proportion asked,
      from 0 to 1, are null.
    - `on_invalid`: concentrations that no distribution has stop the run ("error"), or their
      question is null ("null").
    - `batch_size`: rows at a time. `threads`, `memory_limit` (bytes, or a text such as "4GB"): by
      default those of SLURM, the container or the machine.
    """

    schema: str | Path | Schema | None = None
    id: str | None = None
    predictions_column: str | None = None
    keep: Sequence[str] = ()
    advanced: bool = False
    level: float = 0.9
    asked_threshold: float = 0.5
    intervals: Intervals = "mixture"
    on_invalid: OnInvalid = "error"
    batch_size: int = BATCH_ROWS
    threads: int | None = None
    memory_limit: str | int | None = None

    def __post_init__(self) -> None:
        check_choice("intervals", self.intervals, get_args(Intervals))
        check_choice("on_invalid", self.on_invalid, get_args(OnInvalid))
        check_range("level", self.level, above=0, below=1)
        check_range("asked_threshold", self.asked_threshold, least=0, most=1)
        check_range("batch_size", self.batch_size, least=1)
        hold_names(self, "keep")
        self._refuse_without_effect()

    def _refuse_without_effect(self) -> None:
        """Raises UsageError for an option that the table asked for would silently ignore."""
        table, idle, advice = "friendly", ONLY_ADVANCED, "Add --advanced, or leave it out."
        if self.advanced:
            table, idle, advice = "advanced", ONLY_FRIENDLY, "Leave it out."
        defaults = {field.name: field.default for field in fields(self)}
        for option in idle:
            if getattr(self, option) != defaults[option]:
                raise unused(f"The {table} table", option, advice)

    @property
    def percent(self) -> str:
        """The level as it stands in the names of columns: 90 for 0.9.

        >>> CatalogOptions().percent, CatalogOptions(advanced=True, level=0.955).percent
        ('90', '95.5')
        """
        return f"{100 * self.level:.10g}"
