"""The interface of a table, whatever it is stored in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.foundation.missing import Missing
from zoocli.foundation.strict_json import parse_json
from zoocli.tables.numbers import TextParser, Types, is_text

if TYPE_CHECKING:
    from zoocli.tables.spool import Spool

BATCH_ROWS = 65_536
METADATA_KEY = b"zoocli"


@dataclass(frozen=True)
class Origin:
    """The file that a table is read from, as it was when it was opened."""

    path: Path
    seen: tuple[int, int, int]

    @classmethod
    def of(cls, path: Path) -> Origin:
        """The file as it is now."""
        return cls(path, cls._look(path))

    @staticmethod
    def _look(path: Path) -> tuple[int, int, int]:
        found = path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    @property
    def has_changed(self) -> bool:
        """Whether it was replaced, rewritten or removed since."""
        try:
            return self._look(self.path) != self.seen
        except OSError:
            return True


class Table(ABC):
    """A table as a stream of batches, in the order of its rows.

    `name` and `format` are for messages. `schema` has a field for each column (all text where the
    format has no types). `rows` is None until they have been counted. `text` says that the format
    holds only text, so that ids in it are exactly as written. `spool` is the temporary copy that
    the table is read from, if any; `origin` the file that it is read from otherwise.
    """

    name: str
    format: str
    schema: pa.Schema
    rows: int | None = None
    text = False
    spool: Spool | None = None
    origin: Origin | None = None
    missing = Missing()

    def treat_as_missing(self, values: Iterable[str | float]) -> None:
        """Makes these values null too, in all columns that are read as numbers."""
        self.missing = self.missing.more(values)

    @property
    def column_names(self) -> list[str]:
        """All columns, in the file's order."""
        return list(self.schema.names)

    def type_of(self, column: str) -> pa.DataType:
        """The type of a column; of the first one, where several have that name."""
        return self.schema.field(self.schema.get_all_field_indices(column)[0]).type

    def may_hold_lists(self, columns: Collection[str]) -> bool:
        """Whether cells of these columns may be lists, or texts that `batches` reads as lists."""
        kinds = map(self.type_of, columns)
        return any(pa.types.is_nested(kind) or is_text(kind) for kind in kinds)

    @property
    def metadata(self) -> dict[str, Any] | None:
        """What zoocli itself wrote about the table, or None."""
        written = (self.schema.metadata or {}).get(METADATA_KEY)
        if written is None:
            return None
        try:
            content = parse_json(written.decode())
        except ValueError:
            return None
        return content if isinstance(content, dict) else None

    def batches(
        self, columns: Collection[str], types: Types | None = None, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """The given columns, in the order given, as batches of at most `batch_rows` rows.

        A column of text is parsed as its type in `types`, or as lists of it where its first cell
        begins with `[`; DataError names cells that cannot be parsed. What is `missing` is null in
        all columns of `types`. Other columns are returned unchanged.

        DataError where the file changed since it was opened: the rows would be of several tables.
        """
        columns = list(dict.fromkeys(columns))
        self.require(columns)
        parser = TextParser(types or {}, self.name, self.missing)
        yield from self._parsed(self._batches(columns, types or {}, batch_rows), parser)

    def _parsed(
        self, batches: Iterator[pa.RecordBatch], parser: TextParser
    ) -> Iterator[pa.RecordBatch]:
        """The batches parsed; DataError at their end where the file has changed."""
        try:
            for batch in batches:
                yield parser.parse(batch)
        except Exception as error:  # of any kind, where a file is half of an old and a new one
            self._refuse_changed(error)
            raise
        self._refuse_changed()

    def _refuse_changed(self, cause: Exception | None = None) -> None:
        if self.origin is not None and self.origin.has_changed:
            raise DataError(
                f"{self.name} was changed while it was read. Nothing was written; run again when "
                "it no longer changes."
            ) from cause

    def field(self, column: str, types: Types) -> pa.Field:
        """A column's name and type as `batches` gives it."""
        field = self.schema.field(column).remove_metadata()
        parsed = column in types and is_text(field.type)
        return field.with_type(types[column]) if parsed else field

    @abstractmethod
    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]: ...

    def between(
        self,
        start: int,
        stop: int,
        columns: Collection[str],
        types: Types | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """As `batches`, but only the rows from `start` up to, not including, `stop`."""
        columns = list(dict.fromkeys(columns))
        self.require(columns)
        parser = TextParser(types or {}, self.name, self.missing)
        if start < stop:
            yield from self._parsed(
                self._between(start, stop, columns, types or {}, batch_rows), parser
            )

    def _between(
        self, start: int, stop: int, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        """By default, preceding rows are read and skipped; some formats can seek."""
        return rows_between(self._batches(columns, types, batch_rows), start, stop)

    def count_rows(self) -> int:
        """`rows`; where they are unknown, one column is read to count them."""
        if self.rows is None:
            names = self.column_names
            once = next((name for name in names if names.count(name) == 1), names[0])
            self.rows = sum(batch.num_rows for batch in self.batches([once]))
        return self.rows

    def breaks(self) -> list[int]:
        """The rows, ascending, before which the table can be cut at no cost; none if unknown."""
        return []

    def require(self, columns: Collection[str]) -> None:
        """Raises DataError unless every one of the columns is there, once."""
        count = Counter(self.column_names)
        missing = [column for column in columns if not count[column]]
        if missing:
            raise DataError(
                f"{self.name} has no column {some(missing)}. "
                f"Its columns are {some(self.column_names, limit=12)}."
            )
        repeated = [column for column in columns if count[column] > 1]
        if repeated:
            raise DataError(
                f"{self.name} has more than one column called {some(repeated)}. "
                "Rename or drop the others, so that it is clear which one is meant."
            )


def unreadable(name: str, format: str, reason: str) -> DataError:
    """The error for a file that is damaged, or is not of the format that it seems to be."""
    return DataError(
        f"{name} cannot be read as {format} ({reason}). Check that the file is complete and that "
        f"it really is {format}."
    )


def readable(schema: pa.Schema, name: str) -> pa.Schema:
    """The schema, if all names in it are UTF-8; else raises DataError."""
    try:
        list(schema.names)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} has column names that are not UTF-8, or is damaged ({error.reason}). Write it "
            "again."
        ) from error
    return schema


def validated(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """The batch, if its buffers are consistent and its text is UTF-8; else raises DataError.

    Readers of binary files check neither: a damaged file could give wrong values or crash the
    process.
    """
    try:
        batch.validate()
        for column in batch.columns:
            if not pa.types.is_primitive(column.type):
                column.validate(full=True)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{name} holds damaged data, or text that is not UTF-8 ({error}). Write it again."
        ) from error
    return batch


def rows_between(
    batches: Iterator[pa.RecordBatch], start: int, stop: int
) -> Iterator[pa.RecordBatch]:
    """The rows from `start` to `stop` of a stream of batches, which is not read beyond them."""
    row = 0
    for batch in batches:
        part = batch.slice(max(start - row, 0), max(stop - max(start, row), 0))
        row += batch.num_rows
        if row > start and part.num_rows:
            yield part
        if row >= stop:
            return
