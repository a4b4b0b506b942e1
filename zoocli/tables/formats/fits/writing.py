"""FITS: one binary table after an empty primary array."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zoocli.foundation.columns import to_numpy
from zoocli.foundation.optional import import_optional
from zoocli.tables.formats.encoder import Encoder, numbers_and_text
from zoocli.tables.table import METADATA_KEY

BLOCK = 2880  # bytes; every part of the file is a multiple of it
MOST_COLUMNS = 999
LONGEST_NAME = 68  # characters that fit on one line of the header
TYPES = {  # Arrow's type, the letter of the format and the type of the stored bytes
    pa.string(): ("A", "S"),
    pa.bool_(): ("L", "S1"),
    pa.int16(): ("I", ">i2"),
    pa.int32(): ("J", ">i4"),
    pa.int64(): ("K", ">i8"),
    pa.uint64(): ("K", ">i8"),
    pa.float32(): ("E", ">f4"),
    pa.float64(): ("D", ">f8"),
}
# Types that the format lacks are stored as wider ones. (It can shift numbers by TZERO, but astropy
# misreads the nulls of shifted columns; so only whole numbers from 2^63 are shifted.)
WIDENED = {
    pa.int8(): pa.int16(),
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.float16(): pa.float32(),
}
SHIFT = 1 << 63


@dataclass
class Column:
    """A column of the file, and what the header says about it after all rows are known."""

    name: str
    letter: str
    stored: str
    width: int = 1
    nulls: bool = False
    lowest: int = 0
    highest: int = 0

    @property
    def dtype(self) -> str:
        """The numpy type of one cell."""
        return f"S{self.width}" if self.letter == "A" else self.stored

    @property
    def shift(self) -> int:
        """The number to be added to the stored ones."""
        return SHIFT if self.highest >= SHIFT else 0

    @property
    def null(self) -> int | None:
        """The number that means null, which is none of the values; None without nulls."""
        if not self.nulls or self.letter not in "IJK":
            return None
        bounds = np.iinfo(self.stored)
        if self.lowest > bounds.min and not self.shift:
            return int(bounds.min)
        if self.highest < bounds.max:
            return int(bounds.max)
        raise pa.ArrowInvalid(f"column '{self.name}' has nulls, and no number is left to mark them")

    def notice(self, values: pa.ChunkedArray) -> None:
        """Updates nulls, width and extremes; refuses text that the format would change."""
        self.nulls |= values.null_count > 0
        if self.letter == "A":
            _refuse_unprintable(values, f"column '{self.name}' holds")
            self.width = max(self.width, pc.max(pc.binary_length(values)).as_py() or 0)
        elif self.letter in "IJK" and values.null_count < len(values):
            extremes = pc.min_max(values).as_py()
            self.lowest = min(self.lowest, extremes["min"])
            self.highest = max(self.highest, extremes["max"])

    def cells(self, values: pa.Array) -> npt.NDArray[Any]:
        """Values as they are stored."""
        if self.letter == "A":
            return np.array(values.cast(pa.binary()).fill_null(b"").to_pylist(), self.dtype)
        if self.letter == "L":
            letters = pc.if_else(values, b"T", b"F").fill_null(b"\0")
            return np.array(letters.to_pylist(), self.dtype)
        if self.letter in "ED":
            return to_numpy(values.fill_null(math.nan))
        if self.shift:
            return (to_numpy(values) ^ np.uint64(SHIFT)).view(np.int64)
        if pa.types.is_uint64(values.type):
            values = values.cast(pa.int64())
        return to_numpy(values if self.null is None else values.fill_null(self.null))

    def cards(self, number: int) -> Iterator[tuple[str, Any]]:
        """The header's entries about this column, the `number`-th from 1."""
        yield f"TTYPE{number}", self.name
        yield f"TFORM{number}", f"{self.width}A" if self.letter == "A" else self.letter
        if self.shift:
            yield f"TZERO{number}", self.shift
        if self.null is not None:
            yield f"TNULL{number}", self.null


class FitsEncoder(Encoder):
    """A binary table: null text is blank, null numbers are TNULL or NaN, null truths zero bytes.

    The header comes first and has the width of text and the number that means null, so rows are
    kept in an Arrow file beside the draft until all are known. The header contains the metadata, as
    JSON under ZOOCLI. Text is ASCII without trailing blanks, which the format would lose.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        plain = numbers_and_text(schema)
        super().__init__(
            path,
            pa.schema([field.with_type(WIDENED.get(field.type, field.type)) for field in plain]),
        )
        self._fits = import_optional("astropy.io.fits", "Writing FITS")
        if len(schema) > MOST_COLUMNS:
            raise pa.ArrowInvalid(f"{len(schema):,} columns; FITS has at most {MOST_COLUMNS}")
        self._columns = [_column(field) for field in self._schema]
        self._spool = path.with_name(path.name + ".draft")
        self._writer = pa.ipc.new_stream(str(self._spool), self._schema)
        self._count = 0

    def write(self, table: pa.Table) -> None:
        """Stores the rows for later, and notes the widths and extremes of their columns."""
        table = table.cast(self._schema)
        for column, values in zip(self._columns, table.columns, strict=True):
            column.notice(values)
        self._writer.write_table(table.combine_chunks())
        self._count += table.num_rows

    def close(self, metadata: Mapping[str, Any]) -> None:
        """Writes the header and then the rows."""
        self._writer.close()
        cells = [(f"c{number}", column.dtype) for number, column in enumerate(self._columns)]
        row = np.dtype(cells)
        with (  # not a memory map, whose pages would count as memory
            pa.OSFile(str(self._spool)) as source,
            pa.ipc.open_stream(source) as batches,
            self._path.open("wb") as file,
        ):
            file.write(self._header(row.itemsize, metadata))
            for batch in batches:
                file.write(self._rows(batch, row).data)
            file.write(bytes(-self._count * row.itemsize % BLOCK))
        self._spool.unlink()

    def abandon(self) -> None:
        """Closes the file of rows, which is removed with the draft."""
        with contextlib.suppress(OSError):  # on a full disk it cannot even be closed
            self._writer.close()

    def _header(self, row_bytes: int, metadata: Mapping[str, Any]) -> bytes:
        head = [("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)]
        table = [
            ("XTENSION", "BINTABLE"),
            ("BITPIX", 8),
            ("NAXIS", 2),
            ("NAXIS1", row_bytes),
            ("NAXIS2", self._count),
            ("PCOUNT", 0),
            ("GCOUNT", 1),
            ("TFIELDS", len(self._columns)),
        ]
        for number, column in enumerate(self._columns, start=1):
            table += column.cards(number)
        table.append((METADATA_KEY.decode().upper(), json.dumps(metadata)))
        text = "".join(self._fits.Header(cards).tostring() for cards in (head, table))
        return text.encode("ascii")

    def _rows(self, batch: pa.RecordBatch, row: np.dtype[Any]) -> npt.NDArray[Any]:
        rows = np.zeros(batch.num_rows, row)
        for number, (column, values) in enumerate(zip(self._columns, batch.columns, strict=True)):
            rows[f"c{number}"] = column.cells(values)
        return rows


def _column(field: pa.Field) -> Column:
    _refuse_unprintable(pa.chunked_array([[field.name]]), "a column is called")
    if len(field.name.replace("'", "''")) > LONGEST_NAME:
        raise pa.ArrowInvalid(f"the name '{field.name}' has more than {LONGEST_NAME} characters")
    return Column(field.name, *TYPES[field.type])


def _refuse_unprintable(texts: pa.ChunkedArray, where: str) -> None:
    odd = texts.filter(pc.match_substring_regex(texts, r"[^\x20-\x7e]| $"))
    if len(odd):
        raise pa.ArrowInvalid(
            f"{where} {odd[0].as_py()!r}, but text in FITS is ASCII without a trailing blank"
        )
