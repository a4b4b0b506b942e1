"""The options of a prediction, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoocli.errors import UsageError
from zoocli.foundation.option_checks import MOST_SEED
from zoocli.runs.options.choices import Activation
from zoocli.runs.options.option import COLUMNS, HEAD, MACHINE, PASSES, Options, option

if TYPE_CHECKING:
    from zoocli.schema import Schema

BATCH_ROWS = 8192
MOST_PASSES = 10_000


@dataclass(frozen=True)
class PredictOptions(Options):
    """How to predict; the defaults are those of `zoocli predict`.

    What is None is as the head's file says.
    """

    schema: str | Path | Schema | None = option(
        None,
        "Decision tree whose answers name the outputs.  [default: from the head's file]",
        HEAD,
        short="-s",
        metavar="NAME|FILE",
    )
    classes: Sequence[str] = option(
        (), "Names of the outputs, if --schema does not fit.", HEAD, metavar="A,B,...", commas=True
    )
    activation: Activation | None = option(
        None,
        "Activation after the linear layer; dirichlet is 100 x sigmoid + 1, which "
        "gives concentrations.  [default: from the head's file]",
        HEAD,
    )
    feature: Sequence[str] = option(
        (),
        "Feature columns, such as 'x_*', or one column of lists; repeatable.  "
        "[default: feat_0, feat_1 and so on, or the only column of lists]",
        COLUMNS,
        metavar="PATTERN",
    )
    id: str | None = option(
        None, "Id column.  [default: the first usual id name]", COLUMNS, metavar="COLUMN"
    )
    keep: Sequence[str] = option(
        (), "Copy this column to the output; repeatable.", COLUMNS, metavar="COLUMN"
    )
    samples: int | None = option(
        None,
        "Predict N times with dropout: each cell is a list of N passes (JSON in text formats).",
        PASSES,
        metavar="N",
        least=1,
        most=MOST_PASSES,
    )
    dropout: float | None = option(
        None,
        "--samples: dropout rate.  [default: from the head's file]",
        PASSES,
        metavar="P",
        above=0,
        below=1,
    )
    seed: int = option(
        0,
        "--samples: seed; the passes depend only on it and the id.",
        PASSES,
        least=0,
        most=MOST_SEED,
    )
    device: str = option(
        "auto", "Device that torch computes on.", MACHINE, metavar="auto|cpu|cuda|cuda:N"
    )
    batch_size: int = option(
        BATCH_ROWS, "Rows per batch, rounded up to a multiple of 1,024.", MACHINE, least=1
    )
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
        if self.schema is not None and self.classes:
            raise UsageError("«schema» and «classes» both name the outputs. Give one of them.")
        if self.dropout is not None and self.samples is None:
            raise UsageError("«dropout» needs «samples». Add that, or leave «dropout» out.")
