"""The options of a scoring, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from zoocli.foundation.missing import number_of
from zoocli.runs.options.choices import (
    Backend,
    MissingVotes,
    OnDuplicate,
    OnFractional,
    OnInvalid,
    Scale,
)
from zoocli.runs.options.condition import condition_of
from zoocli.runs.options.option import (
    CLASSES,
    COLUMNS,
    GALAXIES,
    INVALID,
    LABELS,
    LOSS,
    LOSSES,
    MACHINE,
    OF_CLASSES,
    OF_VALUES,
    TREE,
    Options,
    option,
    require_finite,
)

if TYPE_CHECKING:
    from zoocli.schema import Schema
    from zoocli.tables.sources import TableLike
    from zoocli.tables.where import Where

BATCH_ROWS = 65_536
MOST_BATCH_ROWS = 10**8


@dataclass(frozen=True)
class ScoreOptions(Options):
    """How to score; the defaults are those of `zoocli score`.

    Tables and the schema may be given as paths or in memory, several values as one or a sequence.
    """

    fractions: ClassVar[bool] = False  # whether PREDICTIONS hold these, not concentrations
    schema: str | Path | Schema | None = option(
        None,
        "Decision tree: a built-in name or a YAML file.  [default: detected from the columns]",
        COLUMNS,
        short="-s",
        metavar="NAME|FILE",
        losses=TREE,
    )
    loss: str = option("dirichlet", f"One of {LOSSES}.", LOSS, short="-l")
    id: str | None = option(
        None,
        "Id column of both tables.  [default: the first usual id name that both have]",
        COLUMNS,
        metavar="COLUMN",
    )
    predictions_id: str | None = option(
        None, "Id column of PREDICTIONS.", COLUMNS, metavar="COLUMN"
    )
    votes_id: str | None = option(None, "Id column of VOTES.", COLUMNS, metavar="COLUMN")
    id_from: str | None = option(
        None,
        "Regular expression whose one group extracts the id from the id columns of "
        "both tables, such as '([^/]+)\\.jpg$'.",
        COLUMNS,
        metavar="REGEX",
    )
    predictions_column: str | None = option(
        None,
        "Name of an answer's column in PREDICTIONS, such as '{answer}_pred'.  "
        "[default: the answer, alone or with a usual suffix]",
        COLUMNS,
        metavar="PATTERN",
        losses=TREE,
    )
    votes_column: str | None = option(
        None,
        "The same for VOTES, such as '{answer}_count'.",
        COLUMNS,
        metavar="PATTERN",
        losses=TREE,
    )
    questions: Sequence[str] = option(
        (),
        "Score only these questions of the tree, separated by commas, such as those that a model "
        "of one question predicts.",
        LOSS,
        metavar="Q,...",
        losses=TREE,
        commas=True,
    )
    ensemble: Sequence[TableLike] = option(
        (),
        "More predictions of the same galaxies, as passes of a mixture; repeatable.",
        GALAXIES,
        metavar="FILE",
        losses=TREE,
    )
    null_value: Sequence[float | str] = option(
        (),
        "Treat this number or word, such as -999 or unknown, as missing; repeatable.",
        INVALID,
        metavar="VALUE",
    )
    only: TableLike | Sequence[str] | None = option(
        None,
        "Use only the ids listed in this file: one per line, or a table.",
        GALAXIES,
        metavar="FILE",
    )
    with_: Sequence[TableLike] = option(
        (),
        "Another table of the same galaxies, joined by id, with columns for --where, --keep, "
        "--by and --link; repeatable.",
        GALAXIES,
        metavar="FILE",
    )
    where: str | None = option(
        None,
        "Use only the galaxies for which this holds, over columns of either table, such as "
        "'mag_r < 17 and votes.redshift > 0.02'.",
        GALAXIES,
        metavar="EXPRESSION",
    )
    keep: Sequence[str] = option(
        (), "Copy this column of either table to the output; repeatable.", COLUMNS, metavar="COLUMN"
    )
    label: Sequence[str] = option(
        (),
        f"{OF_CLASSES}, {OF_VALUES}: column of VOTES with the true label or value; "
        f"repeatable for {OF_VALUES}.  [default: label]",
        COLUMNS,
        metavar="COLUMN",
        losses=LABELS,
    )
    prediction: Sequence[str] = option(
        (),
        f"{OF_CLASSES}: the columns of the classes, in order; {OF_VALUES}: one column "
        "per --label; repeatable.  [default: all columns but the id]",
        COLUMNS,
        metavar="COLUMN",
        losses=LABELS,
    )
    class_weights: Sequence[float] | None = option(
        None,
        f"{OF_CLASSES}: weight of each class.",
        LOSS,
        metavar="W,W,...",
        above=0,
        commas=True,
        losses=CLASSES,
    )
    label_smoothing: float = option(
        0.0,
        f"{OF_CLASSES}: share of the label spread over all classes.",
        LOSS,
        metavar="E",
        least=0,
        below=1,
        losses=CLASSES,
    )
    scale: Scale | None = option(
        None, f"{OF_CLASSES}: what the predictions are; required if unclear.", LOSS, losses=CLASSES
    )
    on_invalid: OnInvalid = option(
        "error", "Predictions without a likelihood: stop, or write a null loss.", INVALID
    )
    on_fractional: OnFractional = option(
        "error", "Votes that are not whole numbers: stop, or round them.", INVALID
    )
    on_duplicate: OnDuplicate = option(
        "error", "Matched ids that occur more than once: stop, or drop all their rows.", INVALID
    )
    missing_votes: MissingVotes = option(
        "error",
        "Questions with votes for only some answers: stop, or count the rest as 0.",
        INVALID,
    )
    require_all: bool = option(False, "Fail if any galaxy is unmatched.", GALAXIES)
    device: str = option(
        "auto", "Device that torch computes on.", MACHINE, metavar="auto|cpu|cuda|cuda:N"
    )
    backend: Backend = option(
        "auto", "auto: numba for losses with a compiled CPU loop, otherwise torch.", MACHINE
    )
    batch_size: int = option(BATCH_ROWS, "Rows per batch.", MACHINE, least=1, most=MOST_BATCH_ROWS)
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

    @property
    def condition(self) -> Where | None:
        """What `where` says, read."""
        return condition_of(self.where)

    @property
    def not_predictions(self) -> tuple[str, ...]:
        """Columns that are named for something else than for predictions."""
        condition = self.condition
        named = () if condition is None else (column.name for column in condition.columns)
        return (*self.keep, *named)

    def __post_init__(self) -> None:
        _ = self.condition  # which checks it
        for name in ("ensemble", "with_"):
            if not isinstance(getattr(self, name), list | tuple):  # a table may be iterable
                object.__setattr__(self, name, (getattr(self, name),))
        if isinstance(self.only, list | tuple):  # of ids, in Python
            object.__setattr__(self, "only", _table_of(self.only))
        super().__post_init__()
        require_finite("null_value", self.null_value)
        numbers = map(number_of, self.null_value)
        values = (one if n is None else n for one, n in zip(self.null_value, numbers, strict=True))
        object.__setattr__(self, "null_value", tuple(values))


def _table_of(ids: Sequence[Any]) -> TableLike:
    """The ids as a table; numbers are written as they are."""
    import pyarrow as pa

    listed: TableLike = pa.table({"id": pa.array(map(str, ids), pa.string())})
    return listed


@dataclass(frozen=True)
class FractionOptions(ScoreOptions):
    """How to take fractions in place of concentrations, for an evaluation."""

    fractions: ClassVar[bool] = True

    @classmethod
    def of(cls, options: ScoreOptions) -> Self:
        """The same options."""
        return cls(**{one.name: getattr(options, one.name) for one in fields(options)})
