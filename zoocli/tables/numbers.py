"""Numbers written as text: single ones, and JSON lists of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pyarrow as pa

from zoocli.errors import DataError, some

Types = Mapping[str, pa.DataType]
LIST_START, LIST_END = "[", "]"


class TextParser:
    """Parses those text columns of a table that should hold numbers, batch by batch.

    The first non-blank cell of a column decides: if it begins with `[`, every cell must be a list
    of numbers (`[45.1, 46.2]`), and the column becomes one of lists of the wanted type; otherwise
    every cell must be a number. Blank cells are null.
    """

    def __init__(self, types: Types, name: str) -> None:
        self._types = types
        self._name = name
        self._of_lists: dict[str, bool] = {}

    def parse(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Replaces the text columns that have a type in `types`; the others stay unchanged."""
        for position, field in enumerate(batch.schema):
            wanted = self._types.get(field.name)
            if wanted is not None and is_text(field.type):
                parsed = self._parse_column(batch.column(position), wanted, field.name)
                batch = batch.set_column(position, pa.field(field.name, parsed.type), parsed)
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
            cells = cells.drop_null()
        single = (cells.slice(row, 1) for row in range(len(cells)))
        bad = [cell[0].as_py() for cell in single if not _parses(parse, cell, wanted)]
        raise text_error(self._name, name, bad, len(bad), of_lists) from None


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
        f"{some(list(values)[:5])}. Correct them, or leave cells without a value blank."
    )
