"""Arrow IPC: the file format (Feather version 2) and the stream format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from zoocli.errors import DataError
from zoocli.foundation.resources import Resources
from zoocli.tables.formats.encoder import Encoder
from zoocli.tables.numbers import Types
from zoocli.tables.table import METADATA_KEY, Table, readable, validated

FILE_MAGIC = b"ARROW1"
UNREADABLE = (pa.ArrowException, OSError, ValueError)


class ArrowTable(Table):
    """An Arrow file or stream, recognized by its first bytes, read through a memory map."""

    format = "Arrow"

    def __init__(self, path: Path, resources: Resources, name: str | None = None) -> None:
        self.name = name or str(path)
        self._path = path
        del resources  # not needed: batches are stored as they are read
        with path.open("rb") as file:
            self._is_file = file.read(len(FILE_MAGIC)) == FILE_MAGIC
        with pa.memory_map(str(path)) as source:
            try:
                reader = self._reader(source)
                self.schema = readable(reader.schema, self.name)
            except UNREADABLE as error:
                raise self._unreadable() from error

    def _reader(self, source: pa.NativeFile) -> pa.RecordBatchFileReader | pa.RecordBatchReader:
        return pa.ipc.open_file(source) if self._is_file else pa.ipc.open_stream(source)

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        with pa.memory_map(str(self._path)) as source:
            try:
                for whole in self._record_batches(source):
                    chosen = validated(whole.select(columns), self.name)
                    for start in range(0, chosen.num_rows, batch_rows):
                        yield chosen.slice(start, batch_rows)
            except UNREADABLE as error:
                raise self._unreadable() from error

    def _record_batches(self, source: pa.NativeFile) -> Iterator[pa.RecordBatch]:
        reader = self._reader(source)
        if self._is_file:
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)
        else:
            yield from reader

    def _unreadable(self) -> DataError:
        return DataError(
            f"{self.name} cannot be read as an Arrow file or stream: it is truncated or damaged. "
            "Write it again."
        )


class ArrowEncoder(Encoder):
    """An Arrow IPC stream, or file; it begins with the metadata, so it is written twice."""

    stream = True

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path, schema)
        self._draft = path.with_name(path.name + ".draft")
        self._writer = pa.ipc.new_stream(str(self._draft), schema)

    def write(self, table: pa.Table) -> None:
        """Writes one record batch per slab."""
        # Joining two pieces makes buffers of exact length; else their excess is written, too.
        exact = pa.concat_tables([table[:1], table[1:]]).combine_chunks()
        self._writer.write_table(exact)

    def close(self, metadata: Mapping[str, Any]) -> None:
        """Copies the draft after a schema that contains the metadata."""
        self._writer.close()
        schema = self._schema.with_metadata({METADATA_KEY: json.dumps(metadata)})
        new = pa.ipc.new_stream if self.stream else pa.ipc.new_file
        with (
            pa.memory_map(str(self._draft)) as source,
            pa.ipc.open_stream(source) as batches,
            new(str(self._path), schema) as writer,
        ):
            for batch in batches:
                writer.write_batch(batch.replace_schema_metadata(schema.metadata))
        self._draft.unlink()


class ArrowFileEncoder(ArrowEncoder):
    """The Arrow IPC file format, which is Feather version 2."""

    stream = False
