"""CSV, and ECSV, which is CSV after a header in YAML."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from zoocli.tables.formats.encoder import TextEncoder, numbers_and_text
from zoocli.tables.formats.json_text import is_number_list, json_lists


class CsvEncoder(TextEncoder):
    """CSV: floats in the fewest digits that read back exactly, null as a blank cell.

    Lists of numbers are written as JSON.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.csv as pa_csv

        super().__init__(path, schema)
        self._lists = [field.name for field in schema if is_number_list(field.type)]
        self._file.write(self._header().encode())
        self._options = pa_csv.WriteOptions(include_header=False, batch_size=1 << 14)
        self._write_csv = pa_csv.write_csv

    def write(self, table: pa.Table) -> None:
        """Appends lines."""
        for name in self._lists:
            place = table.column_names.index(name)
            table = table.set_column(place, name, json_lists(table.column(place)))
        self._write_csv(table, self._file, self._options)

    def _header(self) -> str:
        line = io.StringIO()
        # Another separator in a name could be mistaken for that of the table.
        odd = any(separator in name for name in self._schema.names for separator in "\t;|")
        csv.writer(
            line, lineterminator="\n", quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL
        ).writerow(self._schema.names)
        return line.getvalue()


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
