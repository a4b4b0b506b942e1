"""Runs a job on a Dask cluster, part by part; importing this imports Dask."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import distributed
from distributed import CancelledError, Future

from zoocli.errors import DataError, MachineError, UsageError, some
from zoocli.foundation.option_checks import check_range
from zoocli.foundation.optional import import_optional
from zoocli.foundation.resources import Resources
from zoocli.runs import worker
from zoocli.runs.job import Job
from zoocli.runs.worker import Part, SentJob
from zoocli.tables.parts.slices import cuts

Result = TypeVar("Result")
# Called with the rows done, all rows, the parts done and all parts.
PartsProgress = Callable[[int, int, int, int], None]

CONNECT_SECONDS = 20.0
WORKER_SECONDS = 60.0  # without any worker, after which the run is given up
POLL_SECONDS = 2.0
CLEANUP_SECONDS = 5.0
LOOPBACK = "127.0.0.1:0"  # a free port for the status pages, which Dask always serves
PARTS_PER_WORKER = 4
MOST_ROWS, FEWEST_ROWS = 4_000_000, 50_000  # of a part, unless their number is given


MOST_PARTS = 10_000  # a scheduler takes long for more


@dataclass(frozen=True)
class ClusterOptions:
    """The scheduler's address and the number of parts; None: a local cluster, a suitable number."""

    scheduler: str | None = None
    partitions: int | None = None

    def __post_init__(self) -> None:
        if self.partitions is not None:
            check_range("partitions", self.partitions, least=1, most=MOST_PARTS)


def run_job(
    job: Job[Any, Result],
    folder: Path | None,
    options: ClusterOptions,
    resources: Resources,
    progress: PartsProgress,
) -> tuple[Result, list[int]]:
    """The result, and the rows in the file of every part; the files are in `folder`, if any.

    Raises the errors of the parts, in their order, and MachineError where the cluster fails.
    """
    job = job.sent()
    table = job.open_table(resources)
    with _client(options, resources) as client:
        workers = _wait_for_workers(client)
        count = options.partitions or _suitable_parts(table.count_rows(), workers)
        parts = [Part(number, *rows) for number, rows in enumerate(cuts(table, count))]
        name, place = f"zoocli-{uuid.uuid4()}", None if folder is None else str(folder)
        task = SentJob(job, name, worker.stamp(job.files), place)
        try:
            done = _ClusterRun(client, task, parts, table.name).run(progress)
        finally:
            _best_effort(client, lambda: client.run(worker.forget, name, on_error="ignore"))
    if worker.stamp(job.files) != task.stamp:
        raise DataError(
            f"Some of the inputs were changed during the run: {some(job.files)}. Nothing was "
            "written; run again when they no longer change."
        )
    return done


def _best_effort(client: distributed.Client, call: Callable[[], object]) -> None:
    """Makes a call to clean up the cluster, if it responds soon; errors are ignored."""

    def attempt() -> None:
        with contextlib.suppress(Exception):
            call()

    if client.status == "running":
        cleanup = threading.Thread(target=attempt, daemon=True)
        cleanup.start()
        cleanup.join(CLEANUP_SECONDS)


def _suitable_parts(rows: int, workers: int) -> int:
    wanted = max(PARTS_PER_WORKER * workers, -(-rows // MOST_ROWS))
    return max(1, min(wanted, -(-rows // FEWEST_ROWS)))


@contextlib.contextmanager
def _client(options: ClusterOptions, resources: Resources) -> Iterator[distributed.Client]:
    """A client of the scheduler, or of a cluster of processes that ends with it."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        if options.scheduler is None:
            place = stack.enter_context(_local_cluster(resources))
        else:
            place = options.scheduler
        try:
            client = distributed.Client(place, timeout=CONNECT_SECONDS)
        except (OSError, TimeoutError) as error:
            raise MachineError(
                f"There is no Dask scheduler at '{place}', or it cannot be reached. Check the "
                "address, and that `dask scheduler` runs."
            ) from error
        except ValueError as error:
            raise UsageError(
                f"--scheduler '{place}' is not an address like tcp://10.0.0.1:8786."
            ) from error
        yield stack.enter_context(client)


@contextlib.contextmanager
def _local_cluster(resources: Resources) -> Iterator[distributed.LocalCluster]:
    import_optional("cryptography", "A local cluster", "dask")
    with (
        tempfile.TemporaryDirectory(prefix="zoocli-dask-", ignore_cleanup_errors=True) as scratch,
        distributed.LocalCluster(
            n_workers=resources.threads,
            threads_per_worker=1,
            memory_limit=resources.memory // resources.threads,
            host="127.0.0.1",
            protocol="tls",  # with keys of its own, or any local process could run code in it
            security=distributed.Security.temporary(),
            dashboard_address=LOOPBACK,
            worker_dashboard_address=LOOPBACK,
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
        ) as cluster,
    ):
        yield cluster


def _wait_for_workers(client: distributed.Client) -> int:
    with _explained("the first part"):
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError:
            _no_workers("the first part")
        return len(client.nthreads())


def _no_workers(what: str) -> NoReturn:
    raise MachineError(
        f"The Dask cluster has had no running worker for {WORKER_SECONDS:.0f} seconds, and {what} "
        "is not done. Start some with `dask worker`, with more memory if they were paused or ended "
        "for lack of it, as their logs say."
    )


class _ClusterRun:
    """One run: parts are submitted a few ahead, and added up in their order."""

    def __init__(
        self, client: distributed.Client, task: SentJob, parts: Sequence[Part], name: str
    ) -> None:
        self._client = client
        self._task = task
        self._parts = parts
        self._name = name
        self._idle_since: float | None = None

    def run(self, progress: PartsProgress) -> tuple[Any, list[int]]:
        """Adds up all parts, then finishes."""
        total: Any = None
        rows: list[int] = []
        waiting: deque[Future] = deque()
        left = deque(self._parts)
        try:
            for part in self._parts:
                with _explained(self._label(part)):
                    while left and len(waiting) < self._ahead():
                        waiting.append(self._submit(left.popleft()))
                    added, written = self._result(waiting[0], self._label(part))
                waiting.popleft()
                total = added if total is None else total + added
                rows.append(written)
                progress(part.stop, self._parts[-1].stop, part.number + 1, len(self._parts))
            what = "the sum of all parts"
            with _explained(what):
                sent = self._client.scatter(total, hash=False)
                last = self._client.submit(
                    worker.finish, self._task, sent, key=f"{self._task.run}-end"
                )
                return self._result(last, what), rows
        finally:
            _best_effort(self._client, lambda: self._client.cancel(list(waiting), force=True))

    def _ahead(self) -> int:
        threads: int = sum(self._client.nthreads().values())
        return PARTS_PER_WORKER * max(1, threads)

    def _submit(self, part: Part) -> Future:
        key = f"{self._task.run}-part-{part.number}"
        return self._client.submit(worker.compute, self._task, part, key=key, pure=False)

    def _label(self, part: Part) -> str:
        return (
            f"part {part.number + 1:,} of {len(self._parts):,} (rows {part.start + 1:,} to "
            f"{part.stop:,} of {self._name})"
        )

    def _result(self, future: Future, what: str) -> Any:
        """The result of a future, which may have to be computed again, even while it is fetched."""
        while True:
            try:
                distributed.wait(future, timeout=POLL_SECONDS)
                return future.result(timeout=POLL_SECONDS)
            except TimeoutError:
                if future.status == "error":
                    raise
            self._watch(what)

    def _watch(self, what: str) -> None:
        """Gives up where there has been no running worker for a while."""
        known = self._client.scheduler_info(n_workers=-1)["workers"].values()
        if any(one["status"] == "running" for one in known):
            self._idle_since = None
            return
        now = time.monotonic()
        self._idle_since = now if self._idle_since is None else self._idle_since
        if now - self._idle_since > WORKER_SECONDS:
            _no_workers(what)


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Reports errors of the cluster with the part concerned; the part's own are unchanged."""
    try:
        yield
    except distributed.KilledWorker as error:
        raise MachineError(
            f"{what[0].upper()}{what[1:]} ended every worker that computed it (or another part "
            "running there did), most likely for lack of memory. Give the workers more memory, or "
            "divide the table into more parts with --partitions."
        ) from error
    except MemoryError as error:
        raise MachineError(
            f"There was not enough memory for {what}. Give the workers more of it, or divide "
            "the table into more parts with --partitions."
        ) from error
    except ImportError as error:
        raise MachineError(
            f"A worker cannot run zoocli ({error}). Install the same version in the environment of "
            "the workers."
        ) from error
    except RuntimeError as error:
        if "deserialization" not in str(error):
            raise
        raise MachineError(
            "The Dask scheduler cannot read what zoocli sends it. Install the same version of "
            "zoocli in the environment of the scheduler."
        ) from error
    except (OSError, CancelledError) as error:  # including lost connections and time-outs
        raise MachineError(
            f"The Dask scheduler went away, or another program cancelled the work, before {what} "
            "was done. Nothing was written; run again."
        ) from error
