"""How ids become the exact text by which they are compared.

Plain ids do not need pyarrow.compute, which is slow to load: so it is imported late.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from copy import copy

import numpy as np
import pyarrow as pa

from zoocli.errors import DataError, UsageError, some
from zoocli.foundation.columns import text_buffers
from zoocli.tables import Table
from zoocli.tables.numbers import is_text

WHOLE_FLOAT = r"^-?[0-9]+\.0+$"
LOST_DIGITS = r"^-?[0-9]+(\.[0-9]+[eE][+-]?|[eE][+-])[0-9]+$"
NEEDED_BYTES = (b"e", b"E"), (b".", b"+", b"-")
LONGEST_FLOAT = 30  # characters; 64 bits need 24 at most
# Powers of 2 below which a float of so many bits represents every whole number.
EXACT_BITS = {16: 11, 32: 24, 64: 53}


class IdColumn:
    """Turns the id column of one table into text, batch by batch.

    Text and whole numbers are kept exactly. A column of floats (or of text whose first cell is one,
    like 311581.0) loses its `.0`, and `rewritten` says so. Raises DataError where such an id is not
    a whole number below 2^53 (of 32-bit floats, 2^24), where an id is missing or empty, for types
    that are not ids, and for text such as 1.2376487201425326e+18, a float that has lost digits of
    an id. (The point before the e or the sign after it distinguishes it from 12e45, which is kept.)

    With `pattern`, a regular expression with one group, the id is what that group matches; a text
    without a match is an id unchanged.
    """

    def __init__(self, table: Table, column: str, pattern: str | None = None) -> None:
        self._around = None if pattern is None else _around_group(pattern)
        self.table = table
        self.column = column
        self.type = table.schema.field(column).type
        self.rewritten = False
        self._seen = 0
        kind = self.type.value_type if pa.types.is_dictionary(self.type) else self.type
        self._kind = kind
        self._is_float = pa.types.is_floating(kind)
        if not (
            self._is_float
            or pa.types.is_integer(kind)
            or is_text(kind)
            or pa.types.is_binary(kind)
            or pa.types.is_large_binary(kind)
            or pa.types.is_fixed_size_binary(kind)
            or (pa.types.is_decimal(kind) and kind.scale == 0)
        ):
            raise self._error(f"is of type {self.type}", "Ids are text or whole numbers.")

    @property
    def output_type(self) -> pa.DataType:
        """The type of the ids in the scores: as in the table, but whole numbers for floats."""
        # An id without its .0, or extracted from a text, is shorter.
        if self._around is not None or pa.types.is_fixed_size_binary(self._kind):
            return pa.string()
        return pa.int64() if self._is_float else self._kind

    def learn(self) -> None:
        """Reads the first row of the table, which decides how all ids are written."""
        for batch in self.table.between(0, 1, [self.column], batch_rows=1):
            self.text(batch.column(0))

    def from_row(self, row: int) -> IdColumn:
        """The same column, read from that row on; what was learnt so far is kept."""
        column = copy(self)
        column._seen = row
        return column

    def text(self, ids: pa.Array) -> pa.StringArray:
        """The ids as text."""
        if pa.types.is_dictionary(ids.type):
            ids = ids.dictionary_decode()
        if self._is_float:
            self._refuse_missing(ids.is_null())
            text = self._from_float(ids)
        else:
            text = self._from_exact(ids)
        if self._around is not None:
            import pyarrow.compute as pc

            text = pc.replace_substring_regex(text, self._around, r"\1", max_replacements=1)
            self._refuse_missing(pc.equal(text, ""))
        self._seen += len(ids)
        return text

    def output(self, text: pa.StringArray, ids: pa.Array) -> pa.Array:
        """The ids for the scores table, of `output_type`."""
        if ids.type == self.output_type and not self.rewritten and self._around is None:
            return ids
        return text.cast(self.output_type)

    def _from_exact(self, ids: pa.Array) -> pa.StringArray:
        try:
            text = ids if pa.types.is_string(ids.type) else ids.cast(pa.string())
        except pa.ArrowInvalid:
            raise self._error("holds bytes that are not text", "Write it as text.") from None
        _, offsets = text_buffers(text, np.int32)
        if text.null_count or not np.diff(offsets).all():  # rare, and the exact test is slow
            import pyarrow.compute as pc

            self._refuse_missing(pc.fill_null(pc.equal(text, ""), True))
        self._refuse_lost_digits(text)
        if self._seen == 0 and len(text):  # the first row decides, whatever the batch size
            self.rewritten = re.fullmatch(WHOLE_FLOAT, text[0].as_py()) is not None
        if not self.rewritten:
            return text
        import pyarrow.compute as pc

        odd = _not_float(text)
        if len(odd):
            raise self._error(
                f"begins with a float such as 311581.0, but also holds {some(odd.to_pylist())}",
                "Write every id in the same way.",
            )
        self._check_floats(text.cast(pa.float64()), bits=64)
        return pc.replace_substring_regex(text, r"\.0+$", "")

    def _refuse_missing(self, missing: pa.BooleanArray) -> None:
        if missing.true_count:
            import pyarrow.compute as pc

            first = pc.index(missing, True).as_py() + self._seen + 1
            raise self._error(
                f"has no id in {missing.true_count:,} of its rows, the first in row {first:,}",
                "Every galaxy needs an id; add them or drop these rows.",
            )

    def _refuse_lost_digits(self, text: pa.StringArray) -> None:
        text = _may_have_exponents(text)
        if not len(text):
            return
        import pyarrow.compute as pc

        odd = text.filter(pc.match_substring_regex(text, LOST_DIGITS))
        if len(odd):
            raise self._error(
                f"holds floats that have lost digits: {some(odd.to_pylist())}",
                "Write the ids as text or whole numbers from the start.",
            )

    def _from_float(self, ids: pa.Array) -> pa.StringArray:
        exact = ids.cast(pa.float64())
        self._check_floats(exact, self._kind.bit_width)
        self.rewritten = True
        return exact.cast(pa.int64()).cast(pa.string())

    def _check_floats(self, ids: pa.Array, bits: int) -> None:
        import pyarrow.compute as pc

        whole = pc.equal(pc.floor(ids), ids)
        odd = ids.filter(pc.invert(pc.and_(whole, pc.less(pc.abs(ids), 2 ** EXACT_BITS[bits]))))
        if len(odd):
            raise self._error(
                f"holds {bits}-bit floats, and {len(odd):,} of them are not whole numbers below "
                f"2^{EXACT_BITS[bits]}: {some(odd.to_pylist())}",
                "Such ids have lost digits; write them as text or whole numbers.",
            )

    def _error(self, what: str, advice: str) -> DataError:
        return DataError(f"{self.table.name}: the id column '{self.column}' {what}. {advice}")


def ids_at(text: pa.StringArray, rows: Iterable[int]) -> list[str]:
    """The ids in some rows."""
    return [text[int(row)].as_py() for row in rows]


def _around_group(pattern: str) -> str:
    """The regular expression that matches a whole text around the pattern's first match."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise UsageError(f"«id_from={pattern}» is not a regular expression ({error}).") from None
    import pyarrow.compute as pc

    around = f"^(?s:.*?)(?:{pattern})(?s:.*)$"
    try:
        pc.replace_substring_regex(pa.array([""], pa.string()), around, r"\1")
    except pa.ArrowInvalid as error:
        if groups == 1:
            raise UsageError(
                f"«id_from={pattern}» is not a regular expression that RE2 knows ({error})."
            ) from None
    if groups != 1:
        raise UsageError(
            f"«id_from={pattern}» must have one group, in parentheses, which is the id; it has "
            f"{groups}. Write (?:...) for parentheses that are not the id."
        )
    return around


def _may_have_exponents(text: pa.StringArray) -> pa.StringArray:
    """The ids (none of them empty) that may have exponents; a fast test before the slow regex."""
    if not len(text):
        return text
    characters, starts = text_buffers(text, np.int32)
    written = characters[starts[0] : starts[-1]].tobytes()
    if not all(any(one in written for one in some_of) for some_of in NEEDED_BYTES):
        return text[:0]
    first, last = characters[starts[:-1]], characters[starts[1:] - 1]
    short = np.diff(starts) <= LONGEST_FLOAT
    return text.filter(pa.array(short & (first <= ord("9")) & (last <= ord("9"))))


def _not_float(text: pa.StringArray) -> pa.StringArray:
    import pyarrow.compute as pc

    return text.filter(pc.invert(pc.match_substring_regex(text, WHOLE_FLOAT)))


def rewritten_note(columns: Sequence[IdColumn]) -> str | None:
    """The warning about ids that were read from floats."""
    floats = [column for column in columns if column.rewritten]
    if not floats:
        return None
    names = " and ".join(f"'{column.column}' of {column.table.name}" for column in floats)
    return f"The ids in {names} are written as floats; 311581.0 was read as 311581."


def differing_note(columns: Sequence[IdColumn], given: Sequence[str | None]) -> str | None:
    """The note about id columns of different names, unless both were given."""
    if columns[0].column == columns[1].column or None not in given:
        return None
    names = " with ".join(f"'{one.column}' of {one.table.name}" for one in columns)
    return f"Galaxies were matched by {names}."
