"""DuckDB, which reads the formats that are text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from zoocli.foundation.resources import Resources

if TYPE_CHECKING:
    import duckdb

BYTES_PER_THREAD = 1 << 26  # what DuckDB takes for each thread, with some reserve


def connect(resources: Resources) -> duckdb.DuckDBPyConnection:
    """A database in memory that obeys the limits and never uses the network."""
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
    connection.execute("SET enable_progress_bar = false")  # it would go to stdout, with the data
    return connection


def literal_path(path: str | Path) -> str:
    """The absolute path, with the characters `*?[` escaped, which DuckDB would take as a pattern.

    >>> literal_path("/data/*.csv")
    '/data/[*].csv'
    """
    return re.sub(r"([*?[])", r"[\1]", str(Path(path).absolute()))
