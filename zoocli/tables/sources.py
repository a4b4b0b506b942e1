"""What can be given as a table, for type checkers; nothing here checks anything at run time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias


class DataFrame(Protocol):
    """A pandas DataFrame.

    The tables are protocols since pandas, pyarrow and astropy come without types: to a type checker
    their own classes are Any, which would let any argument through.
    """

    @property
    def iloc(self) -> Any:
        """The rows by position."""

    @property
    def columns(self) -> Any:
        """The names of the columns."""


class ArrowData(Protocol):
    """What offers an Arrow stream: pyarrow, polars, DuckDB and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The stream."""


class AstropyTable(Protocol):
    """An astropy Table or QTable."""

    @property
    def colnames(self) -> Any:
        """The names of the columns."""


FilePath: TypeAlias = str | os.PathLike[str]
TableLike: TypeAlias = FilePath | DataFrame | ArrowData | AstropyTable
TablesLike: TypeAlias = TableLike | Sequence[TableLike]  # one table, or its parts
