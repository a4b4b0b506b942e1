"""Where a table goes: a file that appears complete or not at all, a pipe, or memory."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pyarrow as pa

from zoocli.errors import DataError
from zoocli.tables.formats import encoder_of, written_format
from zoocli.tables.formats.encoder import Encoder, plain_type, slab_rows
from zoocli.tables.writing.drafts import (
    behind_link,
    create_file,
    draft_beside,
    mode_for,
    open_device,
    refuse_directory,
    remove_file,
    replace_file,
    write_errors,
)

SLABS_WAITING = 2


class Sink(ABC):
    """Receives batches of one schema, in order; none of them is visible before `commit`."""

    @abstractmethod
    def open(self, schema: pa.Schema) -> None:
        """Called once, before the first batch."""

    @abstractmethod
    def write(self, batch: pa.RecordBatch) -> None:
        """Appends a batch."""

    @abstractmethod
    def commit(self, metadata: Mapping[str, Any]) -> None:
        """Publishes the table, after all rows have been written and checked."""

    def discard(self) -> None:
        """Removes every trace; does nothing after `commit`."""
        return

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()


class NullSink(Sink):
    """Discards the table, where only the summary is wanted."""

    def open(self, schema: pa.Schema) -> None:
        """Nothing to do."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Nothing to do."""

    def commit(self, metadata: Mapping[str, Any]) -> None:
        """Nothing to do."""


class MemorySink(Sink):
    """Keeps the table in memory: in `table`, after `commit`."""

    table: pa.Table

    def open(self, schema: pa.Schema) -> None:
        """Begins an empty table."""
        self._schema = schema
        self._batches: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Keeps the batch."""
        self._batches.append(batch)

    def commit(self, metadata: Mapping[str, Any]) -> None:
        """Builds the table, with the metadata in its schema."""
        import json

        from zoocli.tables.table import METADATA_KEY

        table = pa.Table.from_batches(self._batches, self._schema)
        self.table = table.replace_schema_metadata({METADATA_KEY: json.dumps(metadata)})


class EncodedSink(Sink):
    """Encodes slabs into a draft, in a separate thread; subclasses publish the draft."""

    _encoder: Encoder | None = None
    _draft: Path | None = None
    _draft_mode = 0o666  # less the umask, as any new file

    def __init__(self, format: str, drafted_in: str, published_as: str) -> None:
        """Both places are named in messages."""
        self._format = format
        self._drafted_in = drafted_in
        self._published_as = published_as
        self._thread = ThreadPoolExecutor(1, "writer")
        self._pending: list[Future[None]] = []
        self._slab: list[pa.RecordBatch] = []
        self._rows = 0

    @abstractmethod
    def _draft_name(self) -> Path:
        """Where to write until the table is complete."""

    @abstractmethod
    def _publish(self, draft: Path) -> None:
        """Moves or copies the finished draft to the target."""

    def open(self, schema: pa.Schema) -> None:
        """Creates the draft."""
        self._schema = schema
        self._plain = pa.schema([field.with_type(plain_type(field.type)) for field in schema])
        self._slab_rows = slab_rows(self._plain)
        with self._write_errors(self._drafted_in):
            self._draft = self._draft_name()
            create_file(self._draft, self._draft_mode)
            self._encoder = encoder_of(self._format)(self._draft, self._plain)

    def write(self, batch: pa.RecordBatch) -> None:
        """Collects whole slabs and hands them to the thread."""
        while batch.num_rows:
            part = batch.slice(0, self._slab_rows - self._rows)
            self._slab.append(part)
            self._rows += part.num_rows
            batch = batch.slice(part.num_rows)
            if self._rows == self._slab_rows:
                self._hand_over()

    def _hand_over(self) -> None:
        assert self._encoder is not None
        slab = pa.Table.from_batches(self._slab, self._schema)
        if self._plain != self._schema:
            slab = slab.cast(self._plain)
        self._slab, self._rows = [], 0
        self._pending.append(self._thread.submit(self._encoder.write, slab))
        self._wait(SLABS_WAITING)

    def _wait(self, left: int) -> None:
        with self._write_errors(self._drafted_in):
            while len(self._pending) > left:
                self._pending.pop(0).result()

    def commit(self, metadata: Mapping[str, Any]) -> None:
        """Writes the last rows, closes the draft and publishes it."""
        assert self._encoder is not None and self._draft is not None
        if self._rows:
            self._hand_over()
        self._wait(0)
        with self._write_errors(self._drafted_in):
            self._encoder.close(metadata)
        with self._write_errors(self._published_as):
            self._publish(self._draft)

    def discard(self) -> None:
        """Removes the draft, if it is still there."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._encoder is not None:
            self._encoder.abandon()
        if self._draft is not None:
            remove_file(self._draft, self._draft.with_name(self._draft.name + ".draft"))

    @contextlib.contextmanager
    def _write_errors(self, where: str) -> Iterator[None]:
        try:
            with write_errors(where, passing=BrokenPipeError):
                yield
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"{where} cannot be written as {self._format}: {error}. Leave that column "
                "out of «keep», or choose another format."
            ) from error


class FileSink(EncodedSink):
    """A file: written beside the target under a temporary name, and renamed when complete.

    A symbolic link is kept: the file that it points to is replaced.
    """

    def __init__(self, target: Path, format: str | None = None) -> None:
        refuse_directory(target)
        self._target = behind_link(target)
        self._draft_mode = mode_for(self._target)
        super().__init__(written_format(target, format), f"'{target}'", f"'{target}'")

    def _draft_name(self) -> Path:
        return draft_beside(self._target)

    def _publish(self, draft: Path) -> None:
        replace_file(draft, self._target)


class StreamSink(EncodedSink):
    """Standard output; the table is held in the temporary folder until all rows are checked."""

    _draft_mode = 0o600

    def __init__(self, stream: IO[bytes], format: str, name: str = "standard output") -> None:
        super().__init__(format, "The temporary folder (TMPDIR)", name)
        self._stream = stream

    def _draft_name(self) -> Path:
        return Path(tempfile.gettempdir()) / f"zoocli-{secrets.token_hex(8)}"

    def _publish(self, draft: Path) -> None:
        with draft.open("rb") as file:
            shutil.copyfileobj(file, self._stream, 1 << 20)
        self._stream.flush()


class DeviceSink(StreamSink):
    """A device such as /dev/null or /dev/stdout, or a named pipe: not to be replaced."""

    def __init__(self, target: Path, format: str) -> None:
        super().__init__(open_device(target), format, f"'{target}'")

    def discard(self) -> None:
        """Removes the draft and closes the device."""
        super().discard()
        with contextlib.suppress(OSError):  # failed writes have been reported already
            self._stream.close()
