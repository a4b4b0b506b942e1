"""Arrow IPC: the stream, and the file, which is Feather version 2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from zoocli.tables.encoders.encoder import Encoder
from zoocli.tables.table import METADATA_KEY


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
