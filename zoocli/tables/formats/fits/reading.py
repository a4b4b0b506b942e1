"""FITS tables, binary and ASCII, read in slices of rows."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from zoocli.errors import DataError, first_line
from zoocli.foundation.optional import import_optional
from zoocli.foundation.resources import Resources
from zoocli.tables.compression import codec_of, open_seekable
from zoocli.tables.formats.arrays import ArraysTable
from zoocli.tables.formats.choosing import Described, choose_table
from zoocli.tables.formats.fits.columns import Column, read_columns
from zoocli.tables.numbers import Types
from zoocli.tables.table import METADATA_KEY, unreadable

SLICE_BYTES = 1 << 24
Part = tuple[Any, int, bool]


class FitsTable(ArraysTable):
    """A table of a FITS file, plain or gzipped: the first with a usual id column, or the first.

    `chosen` names another one, by its EXTNAME or the number of its HDU, as astropy counts them.
    Trailing blanks of text are removed, TNULL is null, NaN stays NaN, and whole numbers are never
    converted to floats unless the header scales them. A column of vectors is one of lists. Images,
    units and further tables are ignored. A gzipped file is decompressed as it is read, each time
    from the beginning: slices come in order, so no decompressed copy is needed.
    """

    format = "FITS"

    def __init__(
        self, path: Path, resources: Resources, name: str | None = None, chosen: str | None = None
    ) -> None:
        del resources  # read in one thread, slice by slice
        self.name = name or str(path)
        self._path = path
        header, self._start, binary = self._choose(self._find_tables(), chosen)
        try:
            columns = list(read_columns(header, binary))
            self.rows, self._row_bytes = int(header["NAXIS2"]), int(header["NAXIS1"])
            if self.rows < 0 or self._row_bytes < max((_end(one) for one in columns), default=0):
                raise ValueError("its columns are wider than its rows")
        except (KeyError, ValueError, TypeError) as error:
            reason = f"its header is invalid: {first_line(error)}"
            raise unreadable(self.name, self.format, reason) from error
        self._columns = {column.name: column for column in columns}
        self.refused = {one.name: one.refused for one in columns if one.refused}
        metadata = header.get(METADATA_KEY.decode().upper())
        self.schema = pa.schema(
            [(column.name, column.kind) for column in columns],
            metadata=None if metadata is None else {METADATA_KEY: str(metadata)},
        )

    def _choose(self, tables: Mapping[int, Part], chosen: str | None) -> Part:
        if not tables:
            raise DataError(
                f"{self.name} is a FITS file without a table: it holds only images. Give the file "
                "with the table."
            )
        described = [
            Described(str(number), header.get("EXTNAME"), _names(header))
            for number, (header, _, _) in tables.items()
        ]
        place = choose_table(described, chosen, self.name)
        if len(tables) > 1:
            self.name = f"{self.name}[{described[place].key}]"
        return list(tables.values())[place]

    def _find_tables(self) -> dict[int, Part]:
        """Of each table, by its HDU: the header, where its rows begin, whether it is binary."""
        found: dict[int, Part] = {}
        fits = import_optional("astropy.io.fits", f"Reading {self.name}")
        try:
            with (
                warnings.catch_warnings(action="ignore"),
                open_seekable(self._path) as file,  # astropy leaves its own open where it fails
                fits.open(file, memmap=False, disable_image_compression=True) as parts,
            ):
                for number, part in enumerate(parts):
                    if isinstance(part, fits.BinTableHDU | fits.TableHDU):
                        header = dict(part.header)
                        if not header.get("ZIMAGE"):
                            start = part.fileinfo()["datLoc"]
                            found[number] = header, start, isinstance(part, fits.BinTableHDU)
        except Exception as error:  # of any kind, depending on the damage
            raise unreadable(self.name, self.format, first_line(error)) from error
        return found

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        chosen = [self._columns[name] for name in columns]
        schema = pa.schema([(column.name, column.kind) for column in chosen])
        for rows in self._slices(max(1, min(batch_rows, SLICE_BYTES // max(1, self._row_bytes)))):
            arrays = [self._values(column, rows) for column in chosen]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _values(self, column: Column, rows: bytes) -> pa.Array:
        try:
            return column.values(rows, self._row_bytes)
        except ValueError as error:
            raise DataError(
                f"{self.name}: column '{column.name}' cannot be read: {error}. Write it again."
            ) from error

    def _slices(self, slice_rows: int) -> Iterator[bytes]:
        assert self.rows is not None
        left = self.rows
        with open_seekable(self._path) as file:
            try:
                file.seek(self._start)
                while left:
                    wanted = min(left, slice_rows)
                    rows = file.read(wanted * self._row_bytes)
                    if len(rows) < wanted * self._row_bytes:
                        raise EOFError("it ends before its last row")
                    yield rows
                    left -= wanted
                if codec_of(self._path) is not None:
                    while file.read(SLICE_BYTES):
                        pass  # the checksum is at the very end
            except (OSError, EOFError, zlib.error) as error:
                raise unreadable(self.name, self.format, first_line(error)) from error


def _names(header: Any) -> list[str]:
    return [str(value) for key, value in header.items() if key.startswith("TTYPE")]


def _end(column: Column) -> int:
    size = column.dtype.itemsize
    for length in column.shape:
        size *= length
    return column.offset + (0 if column.refused else size)
