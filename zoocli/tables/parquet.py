"""Parquet files, read row group by row group."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zoocli.errors import DataError
from zoocli.resources import Resources
from zoocli.tables.table import METADATA_KEY, Table, Types, parse_text


class ParquetTable(Table):
    """One Parquet file; a column's pages are read as they are needed, not a whole file ahead."""

    format = "Parquet"

    def __init__(self, path: Path, resources: Resources) -> None:
        self.name = str(path)
        self._path = path
        self._threads = resources.threads
        with self._open() as file:
            self.schema = file.schema_arrow
            written = file.metadata.metadata or {}  # may have been added after the schema
            if METADATA_KEY in written:
                metadata = {**(self.schema.metadata or {}), METADATA_KEY: written[METADATA_KEY]}
                self.schema = self.schema.with_metadata(metadata)
            self.rows = file.metadata.num_rows

    def _open(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self._path, buffer_size=1 << 20, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        with self._open() as file:
            try:
                for batch in file.iter_batches(
                    batch_rows, columns=columns, use_threads=self._threads > 1
                ):
                    yield parse_text(batch.select(columns), types, self.name)
            except (pa.ArrowException, OSError) as error:
                raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DataError:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else "damaged"
        return DataError(
            f"{self.name} cannot be read as Parquet ({reason}). "
            "Is it whole, and is it really a Parquet file?"
        )
