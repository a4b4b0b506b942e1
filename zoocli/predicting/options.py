"""Everything that can be said about a prediction, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zoocli.errors import UsageError
from zoocli.heads.activations import ACTIVATIONS
from zoocli.resampling import MOST_SEED

BATCH_ROWS = 8192
MOST_PASSES = 10_000


@dataclass(frozen=True)
class PredictOptions:
    """The options of `zoocli predict` under their long names; see its help for what each does."""

    schema: Any = None
    classes: Sequence[str] = ()
    activation: str | None = None
    feature: Sequence[str] = ()
    id: str | None = None
    keep: Sequence[str] = ()
    samples: int | None = None
    dropout: float | None = None
    seed: int = 0
    device: str = "auto"
    batch_size: int = BATCH_ROWS
    threads: int | None = None
    memory_limit: str | int | None = None

    def __post_init__(self) -> None:
        for option in ("classes", "feature", "keep"):
            names = getattr(self, option)
            if isinstance(names, str):
                object.__setattr__(self, option, (names,))
            elif len(set(names)) < len(names):
                raise UsageError(f"--{option} names a column more than once.")
        if self.schema is not None and self.classes:
            raise UsageError("--schema and --classes both name the outputs. Give one of them.")
        if self.activation is not None and self.activation not in ACTIVATIONS:
            raise UsageError(
                f"--activation is one of {', '.join(ACTIVATIONS)}; not '{self.activation}'."
            )
        if self.samples is not None and not 1 <= self.samples <= MOST_PASSES:
            raise UsageError(f"--samples is from 1 to {MOST_PASSES:,}, not {self.samples}.")
        if self.dropout is not None and not 0 < self.dropout < 1:
            raise UsageError(f"--dropout lies between 0 and 1, not {self.dropout}.")
        if self.dropout is not None and self.samples is None:
            raise UsageError("--dropout does something with --samples only. Leave it out.")
        if not 0 <= self.seed <= MOST_SEED:
            raise UsageError(f"--seed is from 0 to {MOST_SEED}, not {self.seed}.")
        if self.batch_size < 1:
            raise UsageError(f"--batch-size must be at least 1, not {self.batch_size}.")
