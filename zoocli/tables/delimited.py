"""CSV and its kin, read in parallel and in file order by DuckDB.

The header is read here, so that nothing about the file is guessed from a sample: not whether there
is a header, not how many lines to skip, not the columns' types. DuckDB is told all of it, and
knows the columns by number only, so that no name of theirs ever stands in a query.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from zoocli.errors import DataError, MachineError
from zoocli.resources import Resources
from zoocli.tables.table import Table, Types, text_error

if TYPE_CHECKING:
    import duckdb

SEPARATORS = ",\t;|"
SQL_TYPES = {pa.float64(): "DOUBLE"}
GZIP_MAGIC = b"\x1f\x8b"
HEADER_BYTES = 1 << 22
BYTES_PER_THREAD = 1 << 26  # what DuckDB takes for each, with some to spare
# The lines of DuckDB's errors that say what is wrong.
TELLING = ("Expected Number.*", "Invalid unicode.*", "Value with unt.*", "Maximum line size.*")


class DelimitedTable(Table):
    """A text file with a header line, plain or gzipped. Blank cells are null."""

    format = "text"
    text = True

    def __init__(self, path: Path, resources: Resources, name: str | None = None) -> None:
        self.name = name or str(path)
        self._path = path
        self._resources = resources
        header = self._read_header_line()
        self._separator = max(SEPARATORS, key=re.sub('"[^"]*"', "", header).count)
        names = self._split_header(header)
        self._check_header(names)
        self.schema = pa.schema([(column, pa.string()) for column in names])

    def _read_header_line(self) -> str:
        with _open_bytes(self._path) as file:
            try:
                line = file.readline(HEADER_BYTES)
            except (OSError, EOFError, zlib.error) as error:
                raise self._unreadable(str(error)) from error
        try:
            return line.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self.name} is not a text table in UTF-8: its first line cannot be read. Save it "
                "as UTF-8, or give the file the ending of its true format."
            ) from error

    def _split_header(self, header: str) -> list[str]:
        try:
            return next(csv.reader([header], delimiter=self._separator), [])
        except csv.Error as error:  # such as a carriage return in it, or a name without end
            raise DataError(
                f"{self.name} is not a text table: its first line is no header ({error}). Write "
                "the file again, with lines that end in a line feed."
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

        schema = pa.schema([(column, types.get(column, pa.string())) for column in columns])
        positions = [self.schema.get_field_index(column) for column in columns]
        kinds = {
            position: SQL_TYPES[field.type]
            for position, field in zip(positions, schema, strict=True)
            if field.type in SQL_TYPES
        }
        with connect(self._resources) as connection:
            try:
                chosen = ", ".join(f"c{position}" for position in positions)
                reader = self._query(connection, chosen, kinds).to_arrow_reader(batch_rows)
                for batch in reader:
                    if batch.num_rows:
                        yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
            except (duckdb.Error, OSError) as error:
                raise self._explain(connection, error, kinds) from error

    def _query(
        self,
        connection: duckdb.DuckDBPyConnection,
        chosen: str,
        kinds: dict[int, str],
        where: str = "",
    ) -> duckdb.DuckDBPyRelation:
        columns = ", ".join(
            f"'c{number}': '{kinds.get(number, 'VARCHAR')}'" for number in range(len(self.schema))
        )
        compression = "gzip" if _is_gzip(self._path) else "none"
        return connection.sql(
            f"SELECT {chosen} FROM read_csv($path, header = true, auto_detect = false, "
            f"columns = {{{columns}}}, delim = $separator, quote = '\"', escape = '\"', "
            f"compression = '{compression}', strict_mode = true, hive_partitioning = false) "
            f"{where}",
            params={"path": _without_wildcards(self._path), "separator": self._separator},
        )

    def _explain(
        self, connection: duckdb.DuckDBPyConnection, error: Exception, kinds: dict[int, str]
    ) -> DataError | MachineError:
        """Finds the cells that are not numbers; otherwise passes on the line that failed."""
        import duckdb

        if "Out of Memory" in str(error):
            return MachineError(
                f"There is not enough memory to read {self.name}. Raise --memory-limit, or write "
                "the file as Parquet."
            )
        try:
            for position, kind in kinds.items():
                bad = f"c{position} IS NOT NULL AND TRY_CAST(c{position} AS {kind}) IS NULL"
                query = self._query(connection, f"c{position}", {}, f"WHERE {bad}")
                ((count,),) = query.aggregate("count(*)").fetchall()
                if count:
                    cells = [row[0] for row in query.limit(5).fetchall()]
                    return text_error(self.name, self.column_names[position], cells, count)
        except (duckdb.Error, OSError) as other:
            error = other
        return self._unreadable(str(error))

    def _unreadable(self, reason: str) -> DataError:
        line = re.search(r"Line: (\d+)", reason)
        said = re.search(rf"^({'|'.join(TELLING)})", reason, re.M)
        where = f" at line {int(line[1]):,}" if line else ""
        why = (said[1] if said else reason.strip().splitlines()[0])[:200].rstrip(". ")
        if "invalid state" in why:
            why = r"a carriage return stands alone, or some lines end in \r\n and others in \n"
        return DataError(
            f"{self.name} cannot be read as a table of {len(self.schema)} columns separated by "
            f"{self._separator!r}{where}: {why}. Mend that line, or write the file again."
            if hasattr(self, "schema")
            else f"{self.name} cannot be read: {why}. Write the file again."
        )


def connect(resources: Resources) -> duckdb.DuckDBPyConnection:
    """A database in memory that obeys the bounds and never touches the network."""
    import duckdb

    memory = resources.memory // 2
    connection = duckdb.connect(
        config={
            "threads": max(1, min(resources.threads, memory // BYTES_PER_THREAD)),
            "memory_limit": f"{memory}B",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("SET enable_progress_bar = false")  # it would stand among the data on stdout
    return connection


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def _open_bytes(path: Path) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(path, "rb") if _is_gzip(path) else path.open("rb")


def _without_wildcards(path: Path) -> str:
    """The path for DuckDB, which would take * ? [ for a pattern."""
    return re.sub(r"([*?[])", r"[\1]", str(path.absolute()))
