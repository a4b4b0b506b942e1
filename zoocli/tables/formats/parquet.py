"""Parquet: files are read and written row group by row group."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zoocli.errors import DataError, first_line
from zoocli.foundation.resources import Resources
from zoocli.tables.formats.encoder import Encoder
from zoocli.tables.numbers import Types
from zoocli.tables.table import METADATA_KEY, Table, readable, rows_between, unreadable, validated


class ParquetTable(Table):
    """One Parquet file; pages are read as they are needed, not whole columns ahead."""

    format = "Parquet"

    def __init__(self, path: Path, resources: Resources, name: str | None = None) -> None:
        self.name = name or str(path)
        self._path = path
        self._threads = resources.threads
        with self._reading() as file:
            self.schema = readable(file.schema_arrow, self.name)
            written = file.metadata.metadata or {}  # may have been added after the schema
            if METADATA_KEY in written:
                metadata = {**(self.schema.metadata or {}), METADATA_KEY: written[METADATA_KEY]}
                self.schema = self.schema.with_metadata(metadata)
            self.rows = file.metadata.num_rows
            groups = range(file.metadata.num_row_groups)
            self._group_rows = [file.metadata.row_group(number).num_rows for number in groups]

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        return self._read(columns, batch_rows, None)

    def _between(
        self, start: int, stop: int, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Row groups outside the range are not read."""
        begins = [0, *accumulate(self._group_rows)]
        groups = [
            number
            for number, (first, end) in enumerate(pairwise(begins))
            if first < stop and start < end
        ]
        skipped = begins[groups[0]]
        batches = self._read(columns, batch_rows, groups)
        return rows_between(batches, start - skipped, stop - skipped)

    def _read(
        self, columns: list[str], batch_rows: int, groups: list[int] | None
    ) -> Iterator[pa.RecordBatch]:
        with self._reading() as file:
            for batch in file.iter_batches(
                batch_rows, groups, columns=columns, use_threads=self._threads > 1
            ):
                yield validated(batch.select(columns), self.name)

    def breaks(self) -> list[int]:
        """Where row groups end."""
        return list(accumulate(self._group_rows))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[pq.ParquetFile]:
        """The open file; errors in reading it become a DataError."""
        try:
            with pq.ParquetFile(self._path, buffer_size=1 << 20, pre_buffer=False) as file:
                yield file
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DataError:
        reason = first_line(error)
        if "encrypted" in reason or "decrypt" in reason:
            return DataError(
                f"{self.name} is encrypted Parquet, and zoocli has no key to it. Write it again "
                "without encryption."
            )
        return unreadable(self.name, self.format, reason)


class ParquetEncoder(Encoder):
    """Parquet: counts delta-encoded, floats uncompressed, everything else compressed with zstd.

    Compressing floats would make the file a fifth smaller and take half of the writer's time;
    delta-encoded counts do not become smaller.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path, schema)
        counts = [field.name for field in schema if pa.types.is_int32(field.type)]
        floats = [field.name for field in schema if pa.types.is_floating(field.type)]
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression=dict.fromkeys(schema.names, "zstd")
            | dict.fromkeys([*counts, *floats], "none"),
            use_dictionary=False,
            column_encoding=dict.fromkeys(counts, "DELTA_BINARY_PACKED"),
        )

    def write(self, table: pa.Table) -> None:
        """Writes one row group per slab."""
        self._writer.write_table(table.combine_chunks(), row_group_size=max(1, table.num_rows))

    def close(self, metadata: Mapping[str, Any]) -> None:
        """Writes the footer, with the metadata."""
        self._writer.add_key_value_metadata({METADATA_KEY: json.dumps(metadata)})
        self._writer.close()
