"""Delimited text such as CSV and TSV, read in parallel and in file order by DuckDB.

The header is read here, so that nothing about the file is guessed from a sample: not whether there
is a header, nor how many lines to skip, nor the columns' types (except for lists: see
`TextParser`). DuckDB is given all of this, and the columns by number, so that no column name
becomes part of a query.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from zoocli.errors import DataError, MachineError, first_line
from zoocli.foundation.resources import Resources
from zoocli.tables.compression import codec_of, plain_path, read_start
from zoocli.tables.formats.duck import connect, literal_path
from zoocli.tables.numbers import LIST_START, Types, text_error
from zoocli.tables.table import Table

if TYPE_CHECKING:
    import duckdb

SEPARATORS = ",\t;|"
SQL_TYPES = {pa.float64(): "DOUBLE"}
SAMPLE_BYTES = 1 << 20
HEADER_BYTES = 1 << 22
MERGE_MARKERS = ("<<<<<<< ", ">>>>>>> ")
# The lines of DuckDB's messages that say what is wrong.
TELLING = ("Expected Number.*", "Invalid unicode.*", "Value with unt.*", "Maximum line size.*")


class DelimitedTable(Table):
    """A text file with a header line, plain or compressed. Blank cells are null."""

    format = "text"
    text = True

    def __init__(self, path: Path, resources: Resources, name: str | None = None) -> None:
        self.name = name or str(path)
        self._path = path
        self._resources = resources
        self._codec = codec_of(path)
        header, sample = self._read_start()
        self._separator = max(SEPARATORS, key=re.sub('"[^"]*"', "", header).count)
        names = self._split_header(header)
        self._check_header(names)
        self.schema = pa.schema([(column, pa.string()) for column in names])
        self._lists = _columns_of_lists(sample, self._separator)

    def _read_start(self) -> tuple[str, bytes]:
        """The header line, and some of what follows it."""
        start = read_start(self._path, self._codec, SAMPLE_BYTES, self.name)
        if b"\n" not in start:
            start = read_start(self._path, self._codec, HEADER_BYTES, self.name)
        line, _, sample = start.partition(b"\n")
        try:
            return line.decode("utf-8-sig").rstrip("\r"), sample
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self.name} is not a text table in UTF-8: its first line cannot be read. Save it "
                "as UTF-8, or give the file the ending of its actual format."
            ) from error

    def _split_header(self, header: str) -> list[str]:
        if header.startswith(MERGE_MARKERS):
            raise self._unresolved(1)
        try:
            return next(csv.reader([header], delimiter=self._separator), [])
        except csv.Error as error:  # such as a carriage return in it, or an unclosed quote
            raise DataError(
                f"{self.name} is not a text table: its first line is not a header ({error}). "
                "Write the file again, with lines that end in a line feed."
            ) from error

    def _check_header(self, names: list[str]) -> None:
        if not any(name.strip() for name in names):
            raise DataError(f"{self.name} is empty: there is no header line with column names.")
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
        chosen = ", ".join(f"c{position}" for position in positions)
        rows = 0
        try:
            with self._connected() as (connection, path):
                reader = self._query(connection, path, chosen, kinds).to_arrow_reader(batch_rows)
                for batch in reader:
                    if batch.num_rows:
                        self._refuse_markers(batch, rows)
                        yield batch.rename_columns(columns)
                        rows += batch.num_rows
        except (duckdb.Error, OSError) as error:
            raise self._explain(error, kinds) from error

    def may_hold_lists(self, columns: Collection[str]) -> bool:
        """According to their first cells, which were read when the file was opened."""
        return any(self.schema.get_field_index(column) in self._lists for column in columns)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        """A connection, and the path from which it can read the file, once."""
        with (
            plain_path(self._path, self._codec, self.name) as path,
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
        columns = {f"c{number}": kinds.get(number, "VARCHAR") for number in range(len(self.schema))}
        return connection.sql(
            f"SELECT {chosen} FROM read_csv($path, header = true, auto_detect = false, "
            f"columns = $columns, delim = $separator, quote = '\"', escape = '\"', "
            f"compression = 'none', strict_mode = true, hive_partitioning = false) {rest}",
            params={
                "path": literal_path(path),
                "separator": self._separator,
                "columns": columns,
            },
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
            position: f"c{position} IS NOT NULL AND TRY_CAST(c{position} AS {kind}) IS NULL"
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
