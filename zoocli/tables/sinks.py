"""Where a table goes: a file that appears whole or not at all, a pipe, or memory."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import re
import secrets
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pyarrow as pa

from zoocli.errors import DataError, MachineError, UsageError
from zoocli.tables.encoders import Encoder, encoder_of, format_of, plain_type, slab_rows

SLABS_WAITING = 2
MOST_LINKS = 40  # one after the other, as Linux has it
STREAMS = rf"/dev/(stdout|stderr)|/(?:dev|proc/(?:self|{os.getpid()}))/fd/([0-9]+)"
NUMBERS = {"stdout": 1, "stderr": 2}


class Sink(ABC):
    """Takes batches of one schema, in order; nobody sees any of them before `commit`."""

    @abstractmethod
    def open(self, schema: pa.Schema) -> None:
        """Called once, before the first batch."""

    @abstractmethod
    def write(self, batch: pa.RecordBatch) -> None:
        """Appends a batch."""

    @abstractmethod
    def commit(self, metadata: Mapping[str, Any]) -> None:
        """All rows were written and are right: lets the table be seen."""

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


class NoSink(Sink):
    """For when only the summary is wanted."""

    def open(self, schema: pa.Schema) -> None:
        """Nothing to do."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Nothing to do."""

    def commit(self, metadata: Mapping[str, Any]) -> None:
        """Nothing to do."""


class MemorySink(Sink):
    """Keeps the table; `table` has it after `commit`."""

    table: pa.Table

    def open(self, schema: pa.Schema) -> None:
        """Begins an empty table."""
        self._schema = schema
        self._batches: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Keeps the batch."""
        self._batches.append(batch)

    def commit(self, metadata: Mapping[str, Any]) -> None:
        """Makes the table, with the metadata in its schema."""
        import json

        from zoocli.tables.table import METADATA_KEY

        table = pa.Table.from_batches(self._batches, self._schema)
        self.table = table.replace_schema_metadata({METADATA_KEY: json.dumps(metadata)})


class EncodedSink(Sink):
    """Encodes slabs in a thread of its own, into a draft; subclasses say what becomes of that."""

    _encoder: Encoder | None = None
    _draft: Path | None = None
    _draft_mode = 0o666  # less the umask, as any new file

    def __init__(self, format: str, where: str) -> None:
        self._format = format
        self._where = where
        self._thread = ThreadPoolExecutor(1, "writer")
        self._pending: list[Future[None]] = []
        self._slab: list[pa.RecordBatch] = []
        self._rows = 0

    @abstractmethod
    def _draft_name(self) -> Path:
        """Where to write until the table is whole."""

    @abstractmethod
    def _publish(self, draft: Path) -> None:
        """Shows the finished draft under its final name."""

    def open(self, schema: pa.Schema) -> None:
        """Creates the draft."""
        self._schema = schema
        self._plain = pa.schema([field.with_type(plain_type(field.type)) for field in schema])
        self._slab_rows = slab_rows(self._plain)
        with self._problems():
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
        with self._problems():
            while len(self._pending) > left:
                self._pending.pop(0).result()

    def commit(self, metadata: Mapping[str, Any]) -> None:
        """Writes the last rows, closes the draft and publishes it."""
        assert self._encoder is not None and self._draft is not None
        if self._rows:
            self._hand_over()
        self._wait(0)
        with self._problems():
            self._encoder.close(metadata)
            self._publish(self._draft)

    def discard(self) -> None:
        """Removes the draft, if it is still there."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._encoder is not None:
            self._encoder.abandon()
        if self._draft is not None:
            for leftover in (self._draft, self._draft.with_name(self._draft.name + ".draft")):
                remove_file(leftover)

    @contextlib.contextmanager
    def _problems(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise MachineError(
                f"{self._where} cannot be written: {reason}. Nothing was left there; choose "
                "another place, or make room."
            ) from error
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"{self._where} cannot be written as {self._format}: {error}. Leave that column "
                "out of --keep, or choose another format."
            ) from error


class FileSink(EncodedSink):
    """A file: written beside the target under another name, and renamed when it is whole.

    A symbolic link stays one: the file that it points to is replaced.
    """

    def __init__(self, target: Path, format: str | None = None) -> None:
        _refuse_directory(target)
        self._target = _behind_link(target)
        super().__init__(format_of(target, format), f"'{target}'")

    def _draft_name(self) -> Path:
        return draft_beside(self._target)

    def _publish(self, draft: Path) -> None:
        os.replace(draft, self._target)


class StreamSink(EncodedSink):
    """Standard output: kept in the temporary folder until the last row is checked."""

    _draft_mode = 0o600

    def __init__(self, stream: IO[bytes], format: str) -> None:
        super().__init__(format, "The temporary folder (TMPDIR)")
        self._stream = stream
        self._stream_name = "standard output"

    def _draft_name(self) -> Path:
        return Path(tempfile.gettempdir()) / f"zoocli-{secrets.token_hex(8)}"

    def _publish(self, draft: Path) -> None:
        self._where = self._stream_name
        with draft.open("rb") as file:
            shutil.copyfileobj(file, self._stream, 1 << 20)
        self._stream.flush()


class DeviceSink(StreamSink):
    """What no rename may replace: /dev/null, /dev/stdout and their kin, or a named pipe."""

    def __init__(self, target: Path, format: str) -> None:
        super().__init__(open_device(target), format)
        self._stream_name = f"'{target}'"

    def discard(self) -> None:
        """Removes the draft and closes the device."""
        super().discard()
        with contextlib.suppress(OSError):  # of what could not be written, the user was told
            self._stream.close()


def draft_beside(target: Path) -> Path:
    """A name in the target's folder, for a file that a rename turns into the target.

    Only a name, so that whoever removes the file knows it before it is there: a signal may come
    at any moment.
    """
    _refuse_directory(target)
    if not target.parent.exists():
        raise MachineError(
            f"There is no folder '{target.parent}' to write '{target.name}' in. Create it first."
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is there and is protected from being written")
    return target.parent / f".{target.name[:40]}.{secrets.token_hex(8)}.zoocli"


def _refuse_directory(target: Path) -> None:
    if target.is_dir():
        raise UsageError(f"'{target}' is a directory. Give the name of a file in it.")


def create_file(path: Path, mode: int = 0o666) -> None:
    """Makes an empty file where there was none."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))


def remove_file(path: Path) -> None:
    """Removes a file that may never have come into being, as on a disk that is only read."""
    with contextlib.suppress(OSError):
        path.unlink()


def refuse_inputs(target: Path, inputs: list[str]) -> None:
    """Raises UsageError where the output is one of the inputs, or a part in a directory of them.

    An input `-` is the file that standard input was redirected from, and one may be a pattern such
    as `preds/*.parquet`. Devices cannot be damaged.
    """
    if not target.is_file():
        return
    for source in ("/dev/stdin" if name == "-" else name for name in inputs):
        if any(_same_file(target, part) for part in _files_of(source)):
            raise UsageError(
                f"The output '{target}' is also an input. Give it another name; inputs are never "
                "overwritten."
            )


def refuse_inputs_of_folder(target: Path, inputs: list[str]) -> None:
    """Raises UsageError where a directory that is to be replaced is, holds or is in an input."""
    folder = Path(os.path.realpath(target))
    for source in inputs:
        for name in {source, *glob.glob(source, recursive=True)}:
            place = Path(os.path.realpath(name))
            if place.exists() and (folder in (place, *place.parents) or place in folder.parents):
                raise UsageError(
                    f"The output '{target}' is also an input, is in one or holds one: '{name}'. "
                    "Give it another name; inputs are never overwritten."
                )


def _files_of(source: str) -> Iterator[Path]:
    """The input itself, and all files in it; what cannot be listed is passed over."""
    for place in {source, *glob.glob(source, recursive=True)}:
        yield Path(place)
        for folder, _, names in os.walk(place):
            yield from (Path(folder, name) for name in names)


def _same_file(one: Path, other: Path) -> bool:
    """False where one of them is not there, such as what a dangling link points to."""
    with contextlib.suppress(OSError):
        return one.samefile(other)
    return False


@contextlib.contextmanager
def drafted_bytes(target: Path, content: bytes) -> Iterator[Callable[[], None]]:
    """Writes a small file, whole, under another name; calling what this gives shows it.

    A device or a pipe has no other name: it gets the content itself, at once.
    """
    if is_device(target):
        with _explaining(target), open_device(target) as device:
            device.write(content)
        yield lambda: None
        return
    target = _behind_link(target)
    with _explaining(target):
        draft = draft_beside(target)
    try:
        with _explaining(target):
            draft.write_bytes(content)
        yield lambda: _show(draft, target)
    finally:
        remove_file(draft)


def drafted_text(target: Path, text: str) -> contextlib.AbstractContextManager[Callable[[], None]]:
    """The same for a text, in UTF-8."""
    return drafted_bytes(target, text.encode())


def _show(draft: Path, target: Path) -> None:
    with _explaining(target):
        os.replace(draft, target)


def publish_all(*outputs: Callable[[], None]) -> None:
    """Calls each in turn; where a reader has left (BrokenPipeError), the others still follow.

    That error is raised at the end, any other one at once.
    """
    left: BrokenPipeError | None = None
    for publish in outputs:
        try:
            publish()
        except BrokenPipeError as error:
            left = error
    if left is not None:
        raise left


def try_writing(target: Path) -> None:
    """Raises now, rather than after all the work, where a file cannot be written."""
    with _explaining(target):
        if not is_device(target):
            draft = draft_beside(_behind_link(target))
            try:
                create_file(draft)
            finally:
                remove_file(draft)


def is_device(target: Path) -> bool:
    """Whether this is /dev/null, /dev/stdout or their kin, or a pipe, which no rename may replace.

    A stream that was redirected to a file counts: what else is written there must stay.
    """
    if _stream_number(target) is not None:
        return True
    return target.exists() and not target.is_file() and not target.is_dir()


def open_device(target: Path) -> IO[bytes]:
    """Opens a device; a stream of this process where it stands, and so that others may go on."""
    number = _stream_number(target)
    with _explaining(target):
        return target.open("wb") if number is None else os.fdopen(os.dup(number), "wb")


def _stream_number(target: Path) -> int | None:
    """The number of the open stream that /dev/stdout, /dev/fd/3 or a link to them names."""
    path = os.path.abspath(target)
    for _ in range(MOST_LINKS):
        found = re.fullmatch(STREAMS, path)
        if found:
            return NUMBERS.get(found[1]) or int(found[2])
        if not os.path.islink(path):
            break
        path = os.path.abspath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return None


def _behind_link(target: Path) -> Path:
    return Path(os.path.realpath(target)) if target.is_symlink() else target


@contextlib.contextmanager
def _explaining(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"'{target}' cannot be written: {error.strerror or error}. Choose another place, or "
            "make room."
        ) from error
