"""Everything that can be said about a catalogue, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from zoocli.errors import UsageError
from zoocli.scoring.options import check_choice, check_unique

CHOICES: dict[str, tuple[str, ...]] = {
    "intervals": ("mixture", "zoobot"),
    "on_invalid": ("error", "null"),
}
ONLY_ADVANCED = ("level", "intervals")
ONLY_FRIENDLY = ("asked_threshold",)
BATCH_ROWS = 8192


@dataclass(frozen=True)
class CatalogOptions:
    """The options of `zoocli catalog` under their long names; see its help for what each does."""

    schema: Any = None
    id: str | None = None
    predictions_column: str | None = None
    keep: Sequence[str] = ()
    advanced: bool = False
    level: float = 0.9
    asked_threshold: float = 0.5
    intervals: str = "mixture"
    on_invalid: str = "error"
    batch_size: int = BATCH_ROWS
    threads: int | None = None
    memory_limit: str | int | None = None

    def __post_init__(self) -> None:
        for option, choices in CHOICES.items():
            check_choice(option, getattr(self, option), choices)
        if not 0.0 < self.level < 1.0:
            raise UsageError(f"--level must lie between 0 and 1, such as 0.9; not {self.level}.")
        if not 0.0 <= self.asked_threshold <= 1.0:
            raise UsageError(f"--asked-threshold must be from 0 to 1, not {self.asked_threshold}.")
        if self.batch_size < 1:
            raise UsageError(f"--batch-size must be at least 1, not {self.batch_size}.")
        if isinstance(self.keep, str):
            object.__setattr__(self, "keep", (self.keep,))
        check_unique("keep", self.keep)
        self._refuse_without_effect()

    def _refuse_without_effect(self) -> None:
        """Raises UsageError for an option that the table asked for would silently ignore."""
        idle = ONLY_FRIENDLY if self.advanced else ONLY_ADVANCED
        defaults = {field.name: field.default for field in fields(self)}
        for option in idle:
            if getattr(self, option) != defaults[option]:
                name = option.replace("_", "-")
                table, advice = (
                    ("advanced", "Leave it out.")
                    if self.advanced
                    else ("friendly", "Add --advanced, or leave it out.")
                )
                raise UsageError(f"The {table} table does not use --{name}. {advice}")

    @property
    def percent(self) -> str:
        """The level as it stands in the names of columns: 90 for 0.9.

        >>> CatalogOptions().percent, CatalogOptions(advanced=True, level=0.955).percent
        ('90', '95.5')
        """
        return f"{100 * self.level:.10g}"
