"""Which columns of a scores table hold what, and their values, checked, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.foundation.arrays import Floats
from zoocli.foundation.columns import to_floats, to_numpy
from zoocli.foundation.strict_json import MALFORMED
from zoocli.schema import Levels
from zoocli.tables.writing.renaming import underscored

if TYPE_CHECKING:
    from zoocli.matching.ids import IdColumn
    from zoocli.schema import Schema
    from zoocli.tables import Table
    from zoocli.tables.numbers import Types

LOSS = "loss"
LOSS_SUFFIX = "_loss"
VOTES_SUFFIX = "_total-votes"
EXPECTED = (
    "A scores table has a column 'loss', followed by '<question>_loss' and "
    "'<question>_total-votes' for each question; `zoocli score` writes one."
)
LOWEST = -1e-9  # the rounding of a loss of 0
MOST_VOTES = np.iinfo(np.int32).max
TOLERANCE = 1e-3  # so that tables written with few digits pass

VotesArray = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Layout:
    """The levels of a scores table, and whether its loss counts votes.

    `known` says that the table's own metadata name the levels, `fixed` that its columns have
    underscores for the hyphens in the levels' names (`zoocli score --fix-colnames`).
    """

    levels: Levels
    has_votes: bool
    known: bool
    fixed: bool = False

    @property
    def losses(self) -> list[str]:
        """The columns of the questions' (or targets') losses."""
        return self._columns(LOSS_SUFFIX)

    @property
    def votes(self) -> list[str]:
        """The columns of the questions' total votes."""
        return self._columns(VOTES_SUFFIX) if self.has_votes else []

    def _columns(self, suffix: str) -> list[str]:
        names = [f"{name}{suffix}" for name in self.levels.questions]
        return [underscored(name) for name in names] if self.fixed else names

    @property
    def columns(self) -> list[str]:
        """Every column that is read."""
        return [LOSS, *self.losses, *self.votes]


@dataclass(frozen=True)
class ScoresBatch:
    """`loss` (galaxies,); `losses` and `votes` (questions, galaxies); NaN is null.

    `ids` and `kept` (galaxies,) where they were asked for: the galaxies' ids, and another column.
    """

    loss: Floats
    losses: Floats
    votes: VotesArray | None
    ids: pa.StringArray | None = None
    kept: pa.Array | None = None


def read_layout(table: Table, metadata: Mapping[str, Any] | None, schema: Schema | None) -> Layout:
    """Tells the levels from the metadata, else from the column names and `schema`.

    Raises DataError where there is no column of losses, or where a question that the metadata or
    the schema names has no columns.
    """
    if LOSS not in table.column_names:
        raise DataError(f"{table.name} has no column 'loss'. {EXPECTED}")
    known = _levels_of_metadata(table.name, metadata)
    has_votes, found = _questions_of_columns(table.column_names)
    if known is not None:
        levels = known
        has_votes = _any_votes(table.column_names, known.questions)
        _refuse_other_tree(table.name, metadata or {}, levels, schema)
    elif schema is not None:
        levels = Levels.of(schema)
        has_votes = True
        _refuse_questions_outside(table, levels, found)
    else:
        levels = Levels({}, found)
    layout = Layout(levels, has_votes, known is not None)
    fixed = replace(layout, fixed=True)
    if not _missing(table, fixed) and _missing(table, layout):
        return fixed
    _check_columns(table, layout)
    return layout


def _any_votes(names: Sequence[str], questions: Sequence[str]) -> bool:
    """Whether some question has a column of votes, under its own name or without hyphens."""
    written = [f"{question}{VOTES_SUFFIX}" for question in questions]
    return not {*written, *map(underscored, written)}.isdisjoint(names)


def _levels_of_metadata(name: str, metadata: Mapping[str, Any] | None) -> Levels | None:
    """The levels that the metadata name; None where there are none."""
    if metadata is None or "groups" not in metadata:
        return None
    try:
        return Levels.from_dict(metadata["groups"])
    except MALFORMED as error:
        raise DataError(
            f"{name} carries metadata of zoocli that are damaged ({error!r}). Score again, "
            "or write the table without its metadata."
        ) from error


def _questions_of_columns(names: Sequence[str]) -> tuple[bool, tuple[str, ...]]:
    """Whether there are votes, and the questions or targets.

    Kept columns stand before `loss`, so what ends in `_loss` after it is a question or a target.
    """
    after = names[names.index(LOSS) + 1 :]
    scored = [name.removesuffix(LOSS_SUFFIX) for name in after if name.endswith(LOSS_SUFFIX)]
    questions = tuple(name for name in scored if _any_votes(after, [name]))
    return bool(questions), questions or tuple(scored)


def _refuse_other_tree(
    name: str, metadata: Mapping[str, Any], levels: Levels, schema: Schema | None
) -> None:
    if schema is None:
        return
    made_with = (metadata.get("settings") or {}).get("schema_hash")
    same = Levels.of(schema).questions == levels.questions
    if not same or made_with not in (None, schema.content_hash):
        raise DataError(
            f"{name} was scored with the schema {metadata.get('schema')!r} ({made_with}), not with "
            f"{schema.name!r} ({schema.content_hash}). Leave the schema out: the table carries its "
            "own."
        )


def _refuse_questions_outside(table: Table, levels: Levels, found: Sequence[str]) -> None:
    known = {*levels.questions, *map(underscored, levels.questions)}
    outside = [name for name in found if name not in known]
    if outside:
        raise DataError(
            f"{table.name} has questions that the schema lacks: {some(outside)}. "
            "Name the schema that it was scored with."
        )


def _missing(table: Table, layout: Layout) -> list[str]:
    return [name for name in layout.columns if name not in table.column_names]


def _check_columns(table: Table, layout: Layout) -> None:
    missing = _missing(table, layout)
    if missing:
        raise DataError(
            f"{table.name} lacks the column{'s' * (len(missing) > 1)} {some(missing)}. Give the "
            "table with all columns that `zoocli score` wrote."
        )


def read_batches(
    table: Table,
    layout: Layout,
    id_column: IdColumn | None = None,
    keep: str | None = None,
    keep_types: Types | None = None,
) -> Iterator[ScoresBatch]:
    """The values, in the order of the rows; with `id_column` the ids, with `keep` that column too.

    Raises DataError for a loss that is negative or infinite, for votes that are no counts, for a
    loss above 0 where nobody voted, and where `loss` does not follow from the questions' losses
    (as when some of their columns were left out); it is null where one of them is.
    """
    first_row = torn = first_torn = 0
    types = dict.fromkeys(layout.columns, pa.float64())  # votes too: text may say 5.0
    types |= keep_types or {}
    asked = (None if id_column is None else id_column.column, keep)
    columns = [*(name for name in asked if name is not None), *layout.columns]
    for batch in table.batches(columns, types=types):
        reader = _Reader(table, batch, first_row)
        losses = np.empty((len(layout.losses), batch.num_rows))
        for row, name in enumerate(layout.losses):
            losses[row] = reader.losses(name)
        votes = None
        if layout.has_votes:
            votes = np.empty(losses.shape, np.int32)
            for row, name in enumerate(layout.votes):
                votes[row] = reader.votes(name)
                unanswered = (votes[row] == 0) & (losses[row] > 0.0)
                reader.refuse(layout.losses[row], losses[row], unanswered, "where nobody voted")
        loss = reader.losses(LOSS)
        reader.check_total(loss, losses, layout.has_votes)
        halves = reader.torn_rows(loss, losses)
        if halves.any():
            first_torn = first_torn or first_row + int(halves.argmax()) + 1
            torn += int(np.count_nonzero(halves))
        ids = None if id_column is None else id_column.text(batch.column(id_column.column))
        yield ScoresBatch(loss, losses, votes, ids, None if keep is None else batch.column(keep))
        first_row += batch.num_rows
    if torn:
        parts = "questions'" if layout.has_votes else "targets'"
        raise DataError(
            f"{table.name} has {torn:,} rows, the first of them row {first_torn:,}, where 'loss' "
            f"is null but none of the {parts} losses is, or the other way round. Score again, or "
            "give the table as `zoocli score` wrote it."
        )


@dataclass(frozen=True)
class _Reader:
    """One batch of a table; `first_row` counts from 0 in the whole table."""

    table: Table
    batch: pa.RecordBatch
    first_row: int

    def floats(self, name: str) -> Floats:
        array = self.batch.column(name)
        kind = array.type
        if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind):
            values: Floats = to_floats(array, name, self.table.name)
            return values
        raise DataError(
            f"column '{name}' of {self.table.name} holds {kind}, not numbers. {EXPECTED}"
        )

    def losses(self, name: str) -> Floats:
        values = self.floats(name)
        # fmin and fmax pass over NaN
        if values.size and not LOWEST <= np.fmin.reduce(values) <= np.fmax.reduce(values) < np.inf:
            self.refuse(name, values, values < LOWEST, "a loss is never negative")
            self.refuse(name, values, np.isinf(values), "a loss is finite")
        return values

    def votes(self, name: str) -> VotesArray:
        """Null votes are 0, which is refused where there is a loss."""
        array = self.batch.column(name)
        if pa.types.is_int32(array.type) and not array.null_count:
            counts: VotesArray = to_numpy(array)
            if counts.min(initial=0) >= 0:
                return counts
        values = self.floats(name)
        values = np.where(np.isnan(values), 0.0, values)
        whole = (values >= 0.0) & (values <= MOST_VOTES) & (values == np.trunc(values))
        self.refuse(name, values, ~whole, "votes are counts")
        return values.astype(np.int32)

    def refuse(self, name: str, values: Floats, wrong: npt.NDArray[np.bool_], reason: str) -> None:
        if not wrong.any():
            return
        first = int(wrong.argmax())
        raise DataError(
            f"column '{name}' of {self.table.name} holds {values[first]:g} in row "
            f"{self.first_row + first + 1:,}; {reason}. {EXPECTED}"
        )

    def torn_rows(self, loss: Floats, losses: Floats) -> npt.NDArray[np.bool_]:
        """Where the loss is null and its parts are not, or the other way round."""
        if not len(losses):
            return np.zeros(len(loss), np.bool_)
        return np.logical_xor(np.isnan(loss), np.isnan(losses).any(axis=0))

    def check_total(self, loss: Floats, losses: Floats, has_votes: bool) -> None:
        """A galaxy's loss is the sum over its questions, or the mean over its targets."""
        if not len(losses):
            return
        total = losses.sum(axis=0) if has_votes else losses.mean(axis=0)
        wrong = np.abs(loss - total) > TOLERANCE * (1.0 + np.abs(total))
        kind = "the sum of its questions'" if has_votes else "the mean of its targets'"
        reason = f"not {kind} losses: were columns left out, or moved before 'loss'?"
        self.refuse(LOSS, loss, wrong, reason)
