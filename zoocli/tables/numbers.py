"""Numbers written as text: single ones, and JSON lists of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.foundation.missing import Missing

Types = Mapping[str, pa.DataType]
LIST_START, LIST_END = "[", "]"
WRITTEN = (
    (re.compile(r"[-+]?\d{1,3}([,' ]\d{3})+(\.\d+)?"), "thousands separators"),
    (re.compile(r"[-+]?(\d{1,3}(\.\d{3})*|\d+),\d+"), "decimal commas"),
)


class TextParser:
    """Parses those text columns of a table that should hold numbers, batch by batch.

    The first non-blank cell of a column decides: if it begins with `[`, every cell must be a list
    of numbers (`[45.1, 46.2]`), and the column becomes one of lists of the wanted type; otherwise
    every cell must be a number. Blank cells, and those that are `missing`, are null; so are the
    numbers that are missing, in all columns with a type in `types`.
    """

    def __init__(self, types: Types, name: str, missing: Missing | None = None) -> None:
        self._types = types
        self._name = name
        self._missing = missing or Missing()
        self._of_lists: dict[str, bool] = {}

    def parse(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Replaces the text columns that have a type in `types`; the others stay unchanged."""
        for position, field in enumerate(batch.schema):
            wanted = self._types.get(field.name)
            if wanted is not None and is_text(field.type):
                parsed = self._parse_column(batch.column(position), wanted, field.name)
                batch = batch.set_column(position, pa.field(field.name, parsed.type), parsed)
        return self._without_numbers(batch) if self._missing.numbers else batch

    def _without_numbers(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Null instead of the numbers that are missing."""
        import pyarrow.compute as pc

        for position, field in enumerate(batch.schema):
            kind = field.type
            numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
            if field.name in self._types and numeric:
                column = batch.column(position)
                exact = column.cast(pa.float64(), safe=False)
                gone = pc.is_in(exact, pa.array(self._missing.numbers, pa.float64()))
                kept = pc.if_else(gone, pa.scalar(None, kind), column)
                batch = batch.set_column(position, field, kept)
        return batch

    def _parse_column(self, column: pa.Array, wanted: pa.DataType, name: str) -> pa.Array:
        cells = _blank_as_null(column.cast(pa.string()))
        if name not in self._of_lists and cells.null_count < len(cells):
            self._of_lists[name] = cells.drop_null()[0].as_py().startswith(LIST_START)
        of_lists = self._of_lists.get(name, False)
        parse = _lists if of_lists else pa.StringArray.cast
        try:
            return parse(cells, wanted)
        except pa.ArrowInvalid:
            cells = self._without_words(cells)
        try:
            return parse(cells, wanted)
        except pa.ArrowInvalid:
            cells = cells.drop_null()
        single = (cells.slice(row, 1) for row in range(len(cells)))
        bad = [cell[0].as_py() for cell in single if not _parses(parse, cell, wanted)]
        raise text_error(self._name, name, bad, len(bad), of_lists) from None

    def _without_words(self, cells: pa.StringArray) -> pa.StringArray:
        import pyarrow.compute as pc

        words = pa.array(sorted(self._missing.words))
        return pc.if_else(
            pc.is_in(pc.utf8_lower(cells), words), pa.scalar(None, pa.string()), cells
        )


def _blank_as_null(cells: pa.StringArray) -> pa.StringArray:
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _lists(cells: pa.StringArray, wanted: pa.DataType) -> pa.ListArray:
    """The cells as lists; ArrowInvalid where one is not."""
    import pyarrow.compute as pc

    closed = pc.and_(pc.starts_with(cells, LIST_START), pc.ends_with(cells, LIST_END))
    if closed.false_count:
        raise pa.ArrowInvalid("not a list")
    texts = pc.split_pattern(pc.utf8_slice_codeunits(cells, 1, -1), ",")
    numbers = pc.utf8_trim_whitespace(texts.values).cast(wanted)
    return pa.ListArray.from_arrays(texts.offsets, numbers, mask=cells.is_null())


def _parses(parse: Callable[..., pa.Array], cell: pa.StringArray, wanted: pa.DataType) -> bool:
    try:
        parse(cell, wanted)
    except pa.ArrowInvalid:
        return False
    return True


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text, a dictionary of texts included."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def text_error(
    name: str, column: str, values: Collection[str], count: int, of_lists: bool = False
) -> DataError:
    """The error for text where numbers are expected: the first few cells, and their number."""
    expected = "lists of numbers, as its first cell does" if of_lists else "numbers"
    return DataError(
        f"{name}: column '{column}' should hold {expected}, but {count:,} of its cells do not: "
        f"{some(list(values)[:5])}. {_advice(values)}"
    )


def _advice(cells: Collection[str]) -> str:
    for written, what in WRITTEN:
        if all(written.fullmatch(cell.strip()) for cell in cells):
            return f"They have {what}; write them with a decimal point alone, as 1234.5."
    return "Correct them, leave cells without a value blank, or name a word with «null_value»."
