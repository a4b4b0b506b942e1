"""JSON lines: one object per line; DuckDB reads them in parallel and in file order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zoocli.errors import DataError, first_line
from zoocli.foundation.kernels.json_text import FOUND, STATES, find_lenient
from zoocli.foundation.resources import Resources
from zoocli.tables.formats.duck import connect, literal_path
from zoocli.tables.formats.encoder import TextEncoder
from zoocli.tables.formats.json_text import json_values
from zoocli.tables.numbers import Types
from zoocli.tables.table import Table

if TYPE_CHECKING:
    import duckdb

LINES = "read_json_objects($path, format = 'newline_delimited', compression = 'uncompressed')"
ADVICE = "Write one object per line, without repeated keys."
# Where DuckDB may let pass what is not JSON: commas before a closing bracket, zero bytes in keys.
DOUBTFUL = re.compile(rb",\s*[}\]]|\\u0000")
PIECE = 1 << 20


class JsonLinesTable(Table):
    """A column for every key that any line has; values are text, so that no digits are lost.

    Null, and a key that a line lacks, are null. Lists stay JSON.
    """

    format = "JSON lines"

    def __init__(self, path: Path, resources: Resources, name: str | None = None) -> None:
        self.name = name or str(path)
        self._resources = resources
        self._path = path
        self.schema = pa.schema([(key, pa.string()) for key in self._read_keys()])

    def _read_keys(self) -> list[str]:
        """The keys of the first line in their order, then the others by name; counts the rows."""
        keys = "CASE WHEN json_type(json) = 'OBJECT' THEN json_keys(json) END"
        first = f"SELECT {keys} FROM {LINES} LIMIT 1"
        everything = (
            "SELECT count(*), count_if(keys IS NULL), count_if(len(list_distinct(keys)) < "
            f"len(keys)), flatten(list(DISTINCT keys)) FROM (SELECT {keys} AS keys FROM {LINES})"
        )
        with self._queries() as query_lines:
            rows, others, repeating, known = query_lines(everything).fetchall()[0]
            if others or repeating:
                raise DataError(
                    f"{self.name} has {others:,} lines that are not objects, and {repeating:,} "
                    f"objects with a repeated key. {ADVICE}"
                )
            if not rows:
                raise DataError(f"{self.name} has no objects in it. {ADVICE}")
            leading = query_lines(first).fetchall()[0][0]
        if self._is_doubtful():
            self._require_json()
        self.rows = rows
        return [*leading, *sorted(set(known) - set(leading))]

    def _is_doubtful(self) -> bool:
        """Whether a line may hold what DuckDB lets pass."""
        state = np.full(STATES, -1, np.int64)
        with self._path.open("rb") as file:
            while state[FOUND] < 0 and (piece := file.read(PIECE)):
                find_lenient(np.frombuffer(piece, np.uint8), state)
        return bool(state[FOUND] > 0)

    def _require_json(self) -> None:
        """Raises DataError for the first line that only a lenient parser takes."""
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not DOUBTFUL.search(line):
                    continue
                try:
                    keys = "".join(json.loads(line))
                except (ValueError, RecursionError) as error:
                    raise self._not_json(number, first_line(error)) from error
                if "\0" in keys:
                    raise self._not_json(number, "a key holds a zero byte")

    def _not_json(self, line: int, why: str) -> DataError:
        return DataError(
            f"{self.name} cannot be read as JSON lines at line {line:,}: {why}. {ADVICE}"
        )

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
        with self._queries() as query_lines:
            for batch in query_lines(query, pointers=pointers).to_arrow_reader(batch_rows):
                if batch.num_rows:
                    yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)

    @contextmanager
    def _queries(self) -> Iterator[Callable[..., duckdb.DuckDBPyRelation]]:
        """A function that runs a query on the lines; DuckDB's errors become DataError."""
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
        return DataError(f"{self.name} cannot be read as JSON lines{where}: {why}. {ADVICE}")


class JsonLinesEncoder(TextEncoder):
    """JSON lines: one object per row; NaN and infinity, which JSON lacks, become null."""

    def write(self, table: pa.Table) -> None:
        """Appends lines, built column by column."""
        pieces: list[Any] = []
        for number, (name, column) in enumerate(
            zip(table.column_names, table.combine_chunks().columns, strict=True)
        ):
            pieces += [("," if number else "{") + json.dumps(name) + ":", json_values(column)]
        lines = pc.binary_join_element_wise(*pieces, "}\n", "")
        for chunk in lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]:
            self._file.write("".join(chunk.to_pylist()).encode())


def _pointer(key: str) -> str:
    """The JSON pointer to the value of a key."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
