"""What runs on the workers: a pure function for each part, and the runs that they keep open."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoocli.errors import DataError, MachineError
from zoocli.foundation.resources import Resources
from zoocli.foundation.version import __version__
from zoocli.runs.job import Job, OpenJob
from zoocli.tables.parts.directories import files_of_directory, files_of_pattern, is_pattern
from zoocli.tables.parts.manifest import part_name
from zoocli.tables.parts.slices import Slice
from zoocli.tables.writing.sinks import FileSink, NullSink

# Of the memory limit of a worker: Dask pauses it at 0.8 of that, and ends it at 0.95.
MEMORY_SHARE = 0.65
IDLE_SECONDS = 600.0  # after which a run is closed, if its client has not ended it
RUNS_OVER = 1000  # of which a worker remembers that they have ended


@dataclass(frozen=True)
class SentJob:
    """A job as it is sent to the workers.

    `run` is a unique name; `stamp` identifies the versions of the files, `folder` is where the
    parts are written.
    """

    job: Job[Any, Any]
    run: str
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
    """A digest of the sizes and times of all files that are read, which shows any change.

    Raises OSError or DataError for missing files.
    """
    digest = hashlib.blake2b(digest_size=12)
    for source in files:
        for file in _files_of(source):
            status = file.stat()
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _files_of(source: str) -> list[Path]:
    if is_pattern(source):
        return [part.path for part in files_of_pattern(source)]
    if os.path.isdir(source):
        return [part.path for part in files_of_directory(Path(source))]
    return [Path(source)]


class _Opened:
    """The open runs of this process, each opened once for all of its parts."""

    def __init__(self) -> None:
        self._opening = threading.Lock()
        self._lock = threading.Lock()  # held only briefly
        self._runs: dict[str, OpenJob[Any, Any]] = {}
        self._used: dict[str, float] = {}
        self._over: deque[str] = deque(maxlen=RUNS_OVER)

    def get(self, task: SentJob) -> OpenJob[Any, Any]:
        """The run of a task, which is opened if necessary."""
        with self._opening:
            run = self._find(task.run)
            if run is None:
                self._forget_idle()
                _require_same_environment(task)
                run = task.job.open(_resources()).divided()
            with self._lock:
                if task.run not in self._over:
                    self._runs[task.run] = run
                    self._used[task.run] = time.monotonic()
            return run

    def _find(self, name: str) -> OpenJob[Any, Any] | None:
        with self._lock:
            return self._runs.get(name)

    def _forget_idle(self) -> None:
        with self._lock:
            late = time.monotonic() - IDLE_SECONDS
            for name in [name for name, used in self._used.items() if used < late]:
                del self._runs[name], self._used[name]

    def forget(self, name: str) -> None:
        """Closes a run, even one that is just being opened."""
        with self._lock:
            self._over.append(name)
            self._runs.pop(name, None)
            self._used.pop(name, None)


_opened = _Opened()


def compute(task: SentJob, part: Part) -> tuple[Any, int]:
    """Computes one part: its sums, and the number of rows in its file.

    The file appears complete or not at all, and replaces that of an earlier attempt.
    """
    with _resources().applied(), _files_explained():
        run = _opened.get(task)
        part_job = run.of_part(Slice(run.table, part.start, part.stop))
        if task.folder is None:
            return part_job.compute(NullSink()), 0
        file = Path(task.folder, part_name(part.number))
        with FileSink(file, "parquet") as sink:
            total = part_job.compute(sink)
            sink.commit(run.metadata() | {"part": True})
        return total, _rows_of(file)


def finish(task: SentJob, total: Any) -> Any:
    """The result, from the sum over all parts."""
    with _resources().applied():
        return _opened.get(task).finish(total)


def forget(run: str) -> None:
    """Frees the memory of a run that has ended."""
    _opened.forget(run)


@contextlib.contextmanager
def _files_explained() -> Iterator[None]:
    """Reports errors of the file system, which would otherwise look like those of the cluster."""
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"A worker cannot access '{error.filename or 'a file'}': {error.strerror or error}. "
            "Check the file system that it is on."
        ) from error


def _rows_of(file: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)


def _resources() -> Resources:
    """One thread, and its share of the memory that Dask allows the worker's threads."""
    from distributed import get_worker

    worker = get_worker()
    granted, threads = worker.memory_manager.memory_limit, worker.state.nthreads
    share = int(granted * MEMORY_SHARE) // threads if granted else None
    return Resources.available(1, share)


def _require_same_environment(task: SentJob) -> None:
    if task.version != __version__:
        raise MachineError(
            f"A worker has zoocli {__version__}, but the run was started with {task.version}. "
            "Install the same version everywhere."
        )
    try:
        here = stamp(task.job.files)
    except OSError as error:
        raise DataError(
            f"A worker cannot read '{error.filename}': {error.strerror}. Put the inputs where "
            "every worker can read them under the same path."
        ) from error
    if here != task.stamp:
        raise DataError(
            f"A worker does not see the same files as those that the run started with, among "
            f"{', '.join(task.job.files)}. Put the inputs where every worker can read them, and do "
            "not change them during the run."
        )
