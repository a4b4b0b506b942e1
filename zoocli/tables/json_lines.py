"""JSON lines: one object a line, read in parallel and in file order by DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from zoocli.errors import DataError, first_line
from zoocli.resources import Resources
from zoocli.tables.duck import connect, literal_path
from zoocli.tables.numbers import Types
from zoocli.tables.table import Table

if TYPE_CHECKING:
    import duckdb

LINES = "read_json_objects($path, format = 'newline_delimited', compression = 'none')"
SEPARATELY = "Write one object a line, each with its keys once."


class JsonLinesTable(Table):
    """A column for every key that any line has; the values as text, so that digits stay.

    Null, and a key that a line lacks, are null. Lists stay JSON.
    """

    format = "JSON lines"

    def __init__(self, path: Path, resources: Resources, name: str | None = None) -> None:
        self.name = name or str(path)
        self._resources = resources
        self._path = path
        self.schema = pa.schema([(key, pa.string()) for key in self._read_keys()])

    def _read_keys(self) -> list[str]:
        """Those of the first line in their order, then the others by name; counts the rows."""
        keys = "CASE WHEN json_type(json) = 'OBJECT' THEN json_keys(json) END"
        first = f"SELECT {keys} FROM {LINES} LIMIT 1"
        everything = (
            "SELECT count(*), count_if(keys IS NULL), count_if(len(list_distinct(keys)) < "
            f"len(keys)), flatten(list(DISTINCT keys)) FROM (SELECT {keys} AS keys FROM {LINES})"
        )
        with self._asking() as ask:
            rows, others, repeating, known = ask(everything).fetchall()[0]
            if others or repeating:
                raise DataError(
                    f"{self.name} has {others:,} lines that are no objects, and {repeating:,} "
                    f"objects in which a key stands twice. {SEPARATELY}"
                )
            if not rows:
                raise DataError(f"{self.name} has no objects in it. {SEPARATELY}")
            leading = ask(first).fetchall()[0][0]
        self.rows = rows
        return [*leading, *sorted(set(known) - set(leading))]

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([(column, pa.string()) for column in columns])
        pointers = [_pointer(column) for column in columns]
        chosen = ", ".join(f"cells[{number}]" for number in range(1, len(columns) + 1))
        query = (
            f"SELECT {chosen} FROM "
            f"(SELECT json_extract_string(json, $pointers) AS cells FROM {LINES})"
        )
        with self._asking() as ask:
            for batch in ask(query, pointers=pointers).to_arrow_reader(batch_rows):
                if batch.num_rows:
                    yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)

    @contextmanager
    def _asking(self) -> Iterator[Callable[..., duckdb.DuckDBPyRelation]]:
        """What runs a query on the lines; DataError for what DuckDB says about them."""
        import duckdb

        path = literal_path(self._path)
        try:
            with connect(self._resources) as connection:
                yield lambda query, **more: connection.sql(query, params={"path": path, **more})
        except (duckdb.Error, OSError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DataError:
        reason = first_line(error, most=1000)
        line = re.search(r"in line (\d+)", reason)
        where = f" near line {int(line[1]):,}" if line else ""
        why = reason.rpartition(": ")[2][:200]
        return DataError(f"{self.name} cannot be read as JSON lines{where}: {why}. {SEPARATELY}")


def _pointer(key: str) -> str:
    """The JSON pointer to the value of a key."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
