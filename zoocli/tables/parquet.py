"""Parquet files, read row group by row group."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zoocli.errors import DataError
from zoocli.resources import Resources
from zoocli.tables.numbers import Types
from zoocli.tables.table import METADATA_KEY, Table, readable, sound

MAGIC = b"PAR1"
ENCRYPTED_MAGIC = b"PARE"


class ParquetTable(Table):
    """One Parquet file; a column's pages are read as they are needed, not a whole file ahead."""

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

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        with self._reading() as file:
            for batch in file.iter_batches(
                batch_rows, columns=columns, use_threads=self._threads > 1
            ):
                yield sound(batch.select(columns), self.name)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[pq.ParquetFile]:
        """The open file; whatever is wrong with it becomes a DataError."""
        try:
            with pq.ParquetFile(self._path, buffer_size=1 << 20, pre_buffer=False) as file:
                yield file
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DataError:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else "damaged"
        if "encrypted" in reason or "decrypt" in reason:
            return DataError(
                f"{self.name} is encrypted Parquet, and zoocli has no key to it. Write it again "
                "without encryption."
            )
        return DataError(
            f"{self.name} cannot be read as Parquet ({reason}). "
            "Is it whole, and is it really a Parquet file?"
        )
