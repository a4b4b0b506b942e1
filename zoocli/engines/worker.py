"""What runs on the workers: one pure function a part, and the files that it keeps open."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoocli.engines.job import Job, Run
from zoocli.errors import DataError, MachineError
from zoocli.resources import Resources
from zoocli.tables.manifest import part_name
from zoocli.tables.sinks import FileSink, NoSink
from zoocli.tables.slices import Slice
from zoocli.version import __version__

MEMORY_SHARE = 0.8  # of what Dask grants a worker, which ends it at 0.95


@dataclass(frozen=True)
class Task:
    """A job as it is sent out; `stamp` says which files are meant, `folder` where parts are put."""

    job: Job[Any, Any]
    stamp: str
    folder: str | None
    version: str = __version__


@dataclass(frozen=True)
class Part:
    """Rows from `start` to `stop`; parts are counted from 0."""

    number: int
    start: int
    stop: int


def stamp(files: Sequence[str]) -> str:
    """Changes when any of the files does, by its size or its time."""
    digest = hashlib.blake2b(digest_size=12)
    for source in files:
        for file in _all_files(Path(source)):
            told = file.stat()
            digest.update(f"{file}\0{told.st_size}\0{told.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _all_files(source: Path) -> Iterator[Path]:
    if not source.is_dir():
        yield source
    for folder, folders, names in os.walk(source):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


class _Opened:
    """The run that this process has open, opened once for all of its parts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[str, str] | None = None
        self._run: Run[Any, Any] | None = None

    def get(self, task: Task) -> Run[Any, Any]:
        with self._lock:
            key = task.stamp, repr(task.job)
            if self._run is None or self._key != key:
                self.forget()
                _refuse_other_worlds(task)
                self._run, self._key = task.job.open(_resources()), key
            return self._run

    def forget(self) -> None:
        self._run = self._key = None


_opened = _Opened()


def compute(task: Task, part: Part) -> tuple[Any, int]:
    """Computes one part: what it adds up to, and how many rows its file has.

    The file appears whole or not at all, and replaces that of an earlier attempt.
    """
    with _resources().obeyed():
        run = _opened.get(task)
        rows = Slice(run.table, part.start, part.stop)
        if task.folder is None:
            return run.part(rows, NoSink()), 0
        file = Path(task.folder, part_name(part.number))
        with FileSink(file, "parquet") as sink:
            total = run.part(rows, sink)
            sink.commit(run.metadata())
        return total, _rows_of(file)


def finish(task: Task, total: Any) -> Any:
    """The result, from the sum over all parts."""
    with _resources().obeyed():
        return _opened.get(task).finish(total)


def forget() -> None:
    """Frees what this process holds of a run that is over."""
    _opened.forget()


def _rows_of(file: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)


def _resources() -> Resources:
    """One thread, as Dask counts them, and most of the memory that Dask grants the worker."""
    from distributed import get_worker

    granted = get_worker().memory_manager.memory_limit
    return Resources.available(1, None if not granted else int(granted * MEMORY_SHARE))


def _refuse_other_worlds(task: Task) -> None:
    if task.version != __version__:
        raise MachineError(
            f"A worker runs zoocli {__version__}, but the run was begun with {task.version}. "
            "Install the same version everywhere."
        )
    try:
        here = stamp(task.job.files)
    except OSError as error:
        raise DataError(
            f"A worker cannot read '{error.filename}': {error.strerror}. Put the inputs where "
            "every worker reaches them under the same path."
        ) from error
    if here != task.stamp:
        raise DataError(
            f"A worker does not see the same files as the run began with, among "
            f"{', '.join(task.job.files)}. Put the inputs where every worker reaches them, and do "
            "not change them during the run."
        )
