"""Delimited text such as CSV and TSV, read in parallel and in file order by DuckDB.

The header is read here (see `zoocli.tables.formats.delimited.header`), and the columns' types are
those that are asked for (except for lists: see `TextParser`). DuckDB is given all of this, and the
columns by number, so that no column name becomes part of a query.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zoocli.errors import DataError, MachineError, first_line
from zoocli.foundation.resources import Resources
from zoocli.tables.compression import Watch, codec_of, decompressed, plain_path, read_start
from zoocli.tables.formats.delimited.header import BLANKS, Header, read_header
from zoocli.tables.formats.delimited.screening import Screen
from zoocli.tables.formats.duck import connect, literal_path
from zoocli.tables.numbers import LIST_START, Types, text_error
from zoocli.tables.spool import Spool
from zoocli.tables.table import Table

if TYPE_CHECKING:
    import duckdb

SQL_TYPES = {pa.float64(): "DOUBLE"}
SAMPLE_BYTES = 1 << 20
MOST_LINES = 1000  # of comments before the names
HEADER_BYTES = 1 << 22
CLASSIFICATIONS = {"annotations", "subject_data"}  # columns of an export of Zooniverse
MERGE_MARKERS = ("<<<<<<< ", ">>>>>>> ")
# The lines of DuckDB's messages that say what is wrong.
TELLING = ("Expected Number.*", "Invalid unicode.*", "Value with unt.*", "Maximum line size.*")


@dataclass(frozen=True)
class Mode:
    """How DuckDB reads: numbers at once or (`tolerant`) as text first; in all threads or in one."""

    tolerant: bool = False
    parallel: bool = True


class DelimitedTable(Table):
    """A text file with the names of its columns, plain or compressed. Blank cells are null.

    Where cells are padded with blanks, those at their ends are removed. DuckDB reads numbers at
    once where every cell is one; where some are words for missing values, it reads them as text
    first, and where it cannot divide the file among threads, with one of them.
    """

    format = "text"
    text = True

    def __init__(self, path: Path, resources: Resources, name: str | None = None) -> None:
        self.name = name or str(path)
        self._path = path
        self._resources = resources
        self._codec = codec_of(path)
        start = self._read_start()
        header = self._read_header(start)
        self._separator, self._skipped = header.separator, header.lines
        self._check_header(header.names)
        self.schema = pa.schema([(column, pa.string()) for column in header.names])
        sample = b"\n".join(start.split(b"\n")[header.lines :])
        self._lists = _columns_of_lists(sample, self._separator)
        if self._separator == BLANKS:
            self._separate_by_tabs()
        self._padded = _is_padded(sample, self._separator)
        self._mode = Mode(tolerant=self._padded)

    def _read_start(self) -> bytes:
        """The first lines; a copy of the file is read where its lines or cells end otherwise."""
        start = read_start(self._path, self._codec, SAMPLE_BYTES, self.name)
        if b"\n" not in start:
            start = read_start(self._path, self._codec, HEADER_BYTES, self.name)
        if b"\r" in start and b"\n" not in start:  # as old Macintosh programs end lines
            self._rewrite(lambda content: content.replace(b"\r", b"\n"))
            start = start.replace(b"\r", b"\n")
        return start

    def _rewrite(self, change: Callable[[bytes], bytes]) -> None:
        """Reads a copy from here on, in which every piece of the content is changed."""
        pieces = decompressed(self._path, self._codec, self.name)
        self._copy = Spool(map(change, pieces), self.name)
        self._path, self._codec = self._copy.path, None

    def _read_header(self, start: bytes) -> Header:
        first = start.split(b"\n", MOST_LINES)[:MOST_LINES]
        lines = []
        for number, line in enumerate(first):
            try:
                lines.append(line.decode("utf-8-sig").rstrip("\r"))
            except UnicodeDecodeError as error:
                if number:
                    break  # a row of cells, which is refused when it is read
                raise DataError(
                    f"{self.name} is not a text table in UTF-8: its first line cannot be read. "
                    "Save it as UTF-8, or give the file the ending of its actual format."
                ) from error
        if lines[0].startswith(MERGE_MARKERS):
            raise self._unresolved(1)
        try:
            return read_header(lines)
        except csv.Error as error:  # such as a carriage return in it, or an unclosed quote
            raise DataError(
                f"{self.name} is not a text table: its first line is not a header ({error}). "
                "Write the file again, with lines that end in a line feed."
            ) from error

    def _separate_by_tabs(self) -> None:
        """Reads a copy with tabs for any number of blanks, which is what DuckDB understands."""
        lines = _lines(decompressed(self._path, self._codec, self.name))
        self._copy = Spool((b"\t".join(line.split()) + b"\n" for line in lines), self.name)
        self._path, self._codec, self._separator = self._copy.path, None, "\t"

    def _check_header(self, names: list[str]) -> None:
        if not any(name.strip() for name in names):
            raise DataError(f"{self.name} is empty: there is no header line with column names.")
        if {*names} >= CLASSIFICATIONS:
            raise DataError(
                f"{self.name} is a raw export of classifications, with one row for each, and not a "
                "table of votes. Aggregate it first, such as with panoptes_aggregation, to one row "
                "per galaxy with the number of votes for each answer."
            )
        if "\x00" in "".join(names):
            raise DataError(f"{self.name} is not a text table: its first line holds zero bytes.")

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        import duckdb

        positions = [self.schema.get_field_index(column) for column in columns]
        kinds = {
            position: SQL_TYPES[types[column]]
            for position, column in zip(positions, columns, strict=True)
            if types.get(column) in SQL_TYPES and position not in self._lists
        }
        rows = 0
        while True:
            try:
                for batch in self._read(positions, kinds, batch_rows, rows):
                    rows += batch.num_rows
                    yield batch.rename_columns(columns)
                return
            except (duckdb.Error, OSError) as error:
                if not self._mend(error, kinds):
                    raise self._explain(error, kinds) from error

    def _read(
        self, positions: list[int], kinds: Mapping[int, str], batch_rows: int, done: int
    ) -> Iterator[pa.RecordBatch]:
        """The batches after the first `done` rows."""
        chosen = ", ".join(self._cell(position, kinds) for position in positions)
        row = 0
        numbers = np.isin(np.arange(len(self.schema)), list(kinds))
        screen = Screen(self._separator, self._skipped, numbers)
        with self._connected(screen.look) as (connection, path):
            reader = self._query(connection, path, chosen, kinds).to_arrow_reader(batch_rows)
            for batch in reader:
                left = batch.slice(max(0, done - row))
                row += batch.num_rows
                if left.num_rows:
                    self._refuse_markers(left, row - left.num_rows)
                    yield left
        screen.require(row, self.name, self.column_names)

    def _cell(self, position: int, kinds: Mapping[int, str]) -> str:
        """The SQL of one cell, as text or as its type."""
        if not self._mode.tolerant:
            return f"c{position}"
        text = _text_of(position)
        if position not in kinds:
            return f"{text if self._padded else f'c{position}'} AS c{position}"
        there = f"CASE WHEN list_contains($words, lower({text})) THEN NULL ELSE {text} END"
        return f"CAST({there} AS {kinds[position]}) AS c{position}"

    def _mend(self, error: Exception, kinds: Mapping[int, str]) -> bool:
        """Whether reading in another mode may help, which is then used from here on."""
        mode = self._mode
        if mode.parallel and "Parallel CSV Reader" in str(error):
            self._mode = replace(mode, parallel=False)
        elif not mode.tolerant and kinds and "Error when converting" in str(error):
            self._mode = replace(mode, tolerant=True)
        return self._mode != mode

    def may_hold_lists(self, columns: Collection[str]) -> bool:
        """According to their first cells, which were read when the file was opened."""
        return any(self.schema.get_field_index(column) in self._lists for column in columns)

    @contextlib.contextmanager
    def _connected(
        self, watch: Watch | None = None
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        """A connection, and the path from which it can read the file, once."""
        with (
            plain_path(self._path, self._codec, self.name, watch) as path,
            connect(self._resources) as connection,
        ):
            yield connection, path

    def _query(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: str,
        chosen: str,
        kinds: Mapping[int, str],
        rest: str = "",
    ) -> duckdb.DuckDBPyRelation:
        typed = {} if self._mode.tolerant else kinds
        columns = {f"c{number}": typed.get(number, "VARCHAR") for number in range(len(self.schema))}
        # Lines before the names are counted; the line with the names alone is a header.
        begins = (
            "header = true" if self._skipped == 1 else f"header = false, skip = {self._skipped}"
        )
        parameters = {
            "path": literal_path(path),
            "separator": self._separator,
            "columns": columns,
        }
        if "$words" in chosen + rest:
            parameters["words"] = sorted(self.missing.words)
        return connection.sql(
            f"SELECT {chosen} FROM read_csv($path, {begins}, auto_detect = false, "
            f"columns = $columns, delim = $separator, quote = '\"', escape = '\"', "
            f"compression = 'uncompressed', strict_mode = true, hive_partitioning = false, "
            f"parallel = {str(self._mode.parallel).lower()}) {rest}",
            params=parameters,
        )

    def _refuse_markers(self, batch: pa.RecordBatch, rows_before: int) -> None:
        """In a table of several columns DuckDB finds such lines; in a single column they fit."""
        if len(self.schema) > 1:
            return
        first = pc.index(pc.starts_with(batch.column(0), MERGE_MARKERS[0]), True).as_py()
        if first >= 0:
            raise self._unresolved(rows_before + first + 2)

    def _explain(self, error: Exception, kinds: Mapping[int, str]) -> DataError | MachineError:
        """Finds the cells that are not numbers; otherwise reports the line that failed."""
        import duckdb

        if "Out of Memory" in str(error):
            return MachineError(
                f"There is not enough memory to read {self.name}. Raise «memory_limit», or write "
                "the file as Parquet."
            )
        try:
            return self._bad_cells(kinds) or self._unreadable(str(error))
        except (duckdb.Error, OSError) as other:
            return self._unreadable(str(other))

    def _bad_cells(self, kinds: Mapping[int, str]) -> DataError | None:
        """The error about the first column with cells that are not of its type."""
        tests = {
            position: f"{_text_of(position)} IS NOT NULL AND NOT list_contains($words, "
            f"lower({_text_of(position)})) AND TRY_CAST({_text_of(position)} AS {kind}) IS NULL"
            for position, kind in kinds.items()
        }
        if not tests:
            return None
        (counts,) = self._fetch(", ".join(f"count_if({test})" for test in tests.values()))
        for (position, test), count in zip(tests.items(), counts, strict=True):
            if count:
                cells = [cell for (cell,) in self._fetch(f"c{position}", f"WHERE {test} LIMIT 5")]
                return text_error(self.name, self.column_names[position], cells, count)
        return None

    def _fetch(self, chosen: str, rest: str = "") -> list[tuple[Any, ...]]:
        with self._connected() as (connection, path):
            rows: list[tuple[Any, ...]] = self._query(connection, path, chosen, {}, rest).fetchall()
        return rows

    def _unreadable(self, reason: str) -> DataError:
        line = re.search(r"Line: (\d+)", reason)
        if re.search(rf"^Original Line: ({'|'.join(MERGE_MARKERS)})", reason, re.M):
            return self._unresolved(int(line[1]) if line else None)
        said = re.search(rf"^({'|'.join(TELLING)})", reason, re.M)
        where = f" at line {int(line[1]):,}" if line else ""
        why = first_line(said[1] if said else reason)
        if "invalid state" in why:
            why = (
                r"a carriage return without a line feed, or some lines end in \r\n and others in \n"
            )
        return DataError(
            f"{self.name} cannot be read as a table of {len(self.schema)} columns separated by "
            f"{self._separator!r}{where}: {why}. Correct that line, or write the file again."
        )

    def _unresolved(self, line: int | None) -> DataError:
        where = f" at line {line:,}" if line else ""
        return DataError(
            f"{self.name} contains the markers of an unresolved merge{where} (<<<<<<< and >>>>>>>, "
            "from git). Resolve it, or take the file from one of the two sides."
        )


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a content that comes in pieces."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _text_of(position: int) -> str:
    """The SQL of a cell's text without blanks at its ends, null where there is nothing else."""
    return f"nullif(trim(c{position}), '')"


def _is_padded(sample: bytes, separator: str) -> bool:
    """Whether cells have blanks at their ends, outside of quotes."""
    plain = re.sub(b'"[^"]*"', b'""', sample)
    between = re.escape(separator).encode()
    return re.search(rb" (%b|\r?\n)|(%b|\n) " % (between, between), plain) is not None


def _columns_of_lists(sample: bytes, separator: str) -> frozenset[int]:
    """The positions of the columns whose first non-blank cell begins a list."""
    if LIST_START.encode() not in sample:
        return frozenset()
    first: dict[int, str] = {}
    text = io.StringIO(sample.decode("utf-8", errors="replace"), newline="")
    with contextlib.suppress(csv.Error):  # reported when the whole file is read
        for cells in csv.reader(text, delimiter=separator):
            for position, cell in enumerate(cells):
                if position not in first and cell.strip():
                    first[position] = cell.strip()
    return frozenset(place for place, cell in first.items() if cell.startswith(LIST_START))
