"""CSV, and ECSV, which is CSV after a header in YAML."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from zoocli.tables.formats.encoder import TextEncoder, numbers_and_text
from zoocli.tables.formats.json_text import is_number_list, json_lists
from zoocli.tables.numbers import is_text

QUOTED = r'^$|^#|[",\r\n]'  # beside blanks at the ends


class CsvEncoder(TextEncoder):
    """CSV: floats in the fewest digits that read back exactly, null as a blank cell.

    Text is quoted only where it must be: where it is empty, holds a comma, a quote or an end of a
    line, begins with `#`, or begins or ends in a blank. Lists of numbers are written as JSON.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.csv as pa_csv

        super().__init__(path, schema)
        self._lists = [field.name for field in schema if is_number_list(field.type)]
        self._file.write(self._header().encode())
        self._options = pa_csv.WriteOptions(
            include_header=False, batch_size=1 << 14, quoting_style="none"
        )
        self._write_csv = pa_csv.write_csv

    def write(self, table: pa.Table) -> None:
        """Appends lines."""
        for name in self._lists:
            place = table.column_names.index(name)
            table = table.set_column(place, name, json_lists(table.column(place)))
        quoted = {
            place: _needs_quotes(column.cast(pa.string()))
            for place, column in enumerate(table.columns)
            if is_text(column.type)
        }
        if any(pc.any(needs).as_py() for needs in quoted.values()):
            self._write_quoted(table, quoted)
        else:
            self._write_csv(table, self._file, self._options)

    def _write_quoted(self, table: pa.Table, quoted: Mapping[int, pa.ChunkedArray]) -> None:
        """Appends lines, of which some have cells in quotes: Arrow quotes all text or none."""
        cells = []
        for place, column in enumerate(table.columns):
            text = column.cast(pa.string())
            if place in quoted:
                doubled = pc.replace_substring(text, '"', '""')
                in_quotes = pc.binary_join_element_wise('"', doubled, '"', "")
                text = pc.if_else(quoted[place], in_quotes, text)
            cells.append(pc.fill_null(text, ""))
        lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*cells, ","), "\n", "")
        for chunk in lines.chunks:
            self._file.write("".join(chunk.to_pylist()).encode())

    def _header(self) -> str:
        line = io.StringIO()
        # Another separator in a name could be mistaken for that of the table.
        odd = any(separator in name for name in self._schema.names for separator in "\t;|")
        csv.writer(
            line, lineterminator="\n", quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL
        ).writerow(self._schema.names)
        return line.getvalue()


def _needs_quotes(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which cells another reader would not take for what they are; false for null."""
    padded = pc.not_equal(pc.utf8_trim_whitespace(text), text)
    needs = pc.or_(pc.match_substring_regex(text, QUOTED), padded)
    return pc.fill_null(needs, False)


class EcsvEncoder(CsvEncoder):
    """ECSV 1.0, with commas: null as a blank cell, and without zoocli's metadata.

    Text that begins or ends in a blank is refused: astropy would strip it when reading.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path, numbers_and_text(schema))

    def write(self, table: pa.Table) -> None:
        """Appends lines; truth values as True and False, as the format requires."""
        table = table.cast(self._schema)
        for number, field in enumerate(self._schema):
            column = table.column(number)
            if pa.types.is_boolean(field.type):
                words = pc.utf8_capitalize(column.cast(pa.string()))
                table = table.set_column(number, field.name, words)
            elif pa.types.is_string(field.type):
                _refuse_outer_blanks(column, field.name)
        super().write(table)

    def _header(self) -> str:
        import yaml

        types = [
            {"name": field.name, "datatype": ECSV_TYPES.get(field.type, str(field.type))}
            for field in self._schema
        ]
        lines = [
            "- " + yaml.safe_dump(one, default_flow_style=True, sort_keys=False, width=math.inf)
            for one in types
        ]
        head = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:", *lines, "schema: astropy-2.0"]
        return "".join(f"# {line.rstrip()}\n" for line in head) + super()._header()


ECSV_TYPES = {pa.float64(): "float64", pa.float32(): "float32", pa.float16(): "float16"}
# Arrow calls these double, float and halffloat; its other names are those of ECSV.


def _refuse_outer_blanks(column: pa.ChunkedArray, name: str) -> None:
    odd = column.filter(pc.not_equal(pc.utf8_trim_whitespace(column), column))
    if len(odd):
        raise pa.ArrowInvalid(
            f"column '{name}' holds text that begins or ends in a blank, such as {odd[0].as_py()!r}"
        )
