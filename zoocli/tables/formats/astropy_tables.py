"""Tables of astropy: in memory already, or VOTable and ECSV files, which it reads entirely."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
import pyarrow as pa

from zoocli.errors import DataError, first_line
from zoocli.foundation.optional import import_optional
from zoocli.foundation.resources import Resources
from zoocli.tables.compression import codec_of, decompressed
from zoocli.tables.formats.arrays import ArraysTable, arrow_type, to_arrow
from zoocli.tables.formats.choosing import Described, choose_table
from zoocli.tables.numbers import Types
from zoocli.tables.table import unreadable

# What astropy only warns of: a column renamed, a text cut off, a number clipped.
CHANGED_VALUES = ("W33", "W46", "W51")


class AstropyTable(ArraysTable):
    """A Table or QTable: masked is null, units are ignored, bytes lose trailing blanks.

    A column of vectors is one of lists. Columns of times, coordinates and other objects are refused
    when they are used.
    """

    format = "astropy Table"

    def __init__(self, content: Any, name: str) -> None:
        self.name = name
        self.rows = len(content)
        self._columns = {column: content[column] for column in content.colnames}
        kinds = {column: _type(cells) for column, cells in self._columns.items()}
        self.refused = {
            column: f"holds {_described(self._columns[column])}"
            for column, kind in kinds.items()
            if kind is None
        }
        self.schema = pa.schema([(column, kind or pa.null()) for column, kind in kinds.items()])

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        assert self.rows is not None
        schema = pa.schema([self.schema.field(name) for name in columns])
        for start in range(0, self.rows, batch_rows):
            rows = slice(start, start + batch_rows)
            arrays = [self._values(name, rows) for name in columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _values(self, name: str, rows: slice) -> pa.Array:
        cells = self._columns[name][rows]
        missing = getattr(cells, "mask", None)
        try:
            return to_arrow(_plain(cells), None if missing is None else np.asarray(missing))
        except ValueError as error:
            raise DataError(
                f"{self.name}: column '{name}' cannot be read: {error}. Make it text or numbers."
            ) from error


def read_votable(
    path: Path, resources: Resources, name: str | None = None, chosen: str | None = None
) -> AstropyTable:
    """A table of a VOTable file, plain or compressed, in any of its encodings.

    Of several the one that is `chosen`, by its name or its number from 1, else the first with a
    usual id column, else the first.

    Astropy reads it entirely. Rows stored at another address are refused: nothing is fetched. So
    are values that their declared type does not hold, and repeated names of columns.
    """
    del resources
    name = name or str(path)
    votable = import_optional("astropy.io.votable", f"Reading {name}")
    with _reading(name, "VOTable"):
        content = _content(path, name)
        _refuse_elsewhere(content, name)
        for fault in CHANGED_VALUES:
            warnings.simplefilter("error", getattr(votable.exceptions, fault))
        every = list(votable.parse(io.BytesIO(content), verify="warn").iter_tables())
        if not every:
            raise ValueError("there is no table in it")
        described = [
            Described(str(number), one.name or one.ID, [field.name for field in one.fields])
            for number, one in enumerate(every, start=1)
        ]
        place = choose_table(described, chosen, name)
        table = every[place].to_table(use_names_over_ids=True)
    shown = name if len(every) == 1 else f"{name}[{described[place].key}]"
    return _named(table, shown, "VOTable")


def _refuse_elsewhere(content: bytes, name: str) -> None:
    """Raises DataError where a VOTable has rows at another address, or could hide such a reference.

    The document is parsed as astropy's own parser does, so that its encoding, its prefixes and its
    quotes are understood alike. Definitions of entities and of default attributes are refused.
    """
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise DataError(
            f"{name} refers to rows stored elsewhere, or defines entities or attributes; neither "
            "is supported. Write it as one file."
        )

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.endswith("STREAM") and any(key.endswith("href") for key in attributes):
            refuse()

    parser.StartElementHandler = start
    parser.EntityDeclHandler = parser.AttlistDeclHandler = refuse
    parser.Parse(content, True)


def read_ecsv(path: Path, resources: Resources, name: str | None = None) -> AstropyTable:
    """An ECSV file, plain or compressed; astropy reads it entirely.

    It strips the blanks at both ends of text, and empty text is null.
    """
    del resources
    return _read_ascii(path, name, "ECSV", "ascii.ecsv")


def read_ipac(path: Path, resources: Resources, name: str | None = None) -> AstropyTable:
    """A table of IPAC, plain or compressed; astropy reads it entirely."""
    del resources
    return _read_ascii(path, name, "IPAC", "ascii.ipac")


def read_mrt(path: Path, resources: Resources, name: str | None = None) -> AstropyTable:
    """A machine-readable table of the AAS, plain or compressed; astropy reads it entirely."""
    del resources
    return _read_ascii(path, name, "MRT", "ascii.mrt")


def _read_ascii(path: Path, name: str | None, format: str, reader: str) -> AstropyTable:
    name = name or str(path)
    tables = import_optional("astropy.table", f"Reading {name}")
    with _reading(name, format):
        text = _content(path, name).decode("utf-8-sig")
        table = tables.Table.read(text.splitlines(), format=reader)
    return _named(table, name, format)


def _named(table: Any, name: str, format: str) -> AstropyTable:
    result = AstropyTable(table, name)
    result.format = format
    return result


def _content(path: Path, name: str) -> bytes:
    return b"".join(decompressed(path, codec_of(path), name))


@contextmanager
def _reading(name: str, format: str) -> Iterator[None]:
    """Denies astropy the network and silences its warnings; its errors become a DataError."""
    data = import_optional("astropy.utils.data", f"Reading {name}")
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        stack.enter_context(data.conf.set_temp("allow_internet", False))
        try:
            yield
        except (DataError, MemoryError):
            raise
        except Exception as error:  # of any kind, depending on the damage
            raise unreadable(name, format, first_line(error)) from error


def _type(cells: Any) -> pa.DataType | None:
    if not isinstance(cells, np.ndarray):
        return None
    return arrow_type(cells.dtype, cells.shape[1:])


def _plain(cells: Any) -> Any:
    """The numbers or texts without mask or unit, in the same memory."""
    return np.asarray(getattr(cells, "unmasked", cells))


def _described(cells: Any) -> str:
    if not isinstance(cells, np.ndarray):
        return f"objects of the type {type(cells).__name__}"
    shape = f" in arrays of the shape {cells.shape[1:]}" if cells.ndim > 1 else ""
    return f"{cells.dtype.name} values{shape}"
