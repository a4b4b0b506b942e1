"""A Dask cluster on loopback: one worker against two, beside the local engine.

And beside two processes that know nothing of each other: what the machine's cores gain together, at
most.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.processes import run_once

ZOOCLI = [sys.executable, "-m", "zoocli"]
PARTS = 16


@dataclass(frozen=True)
class Measured:
    """Medians of seconds, and the highest peak of a worker (or of the process) in megabytes."""

    seconds: float
    peak: float


@contextlib.contextmanager
def started(folder: Path, workers: int) -> Iterator[tuple[str, list[int]]]:
    """The address of a cluster, and the process ids of its workers, of one thread each."""
    file = folder / "scheduler.json"
    common = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    processes = [_start("dask_scheduler", "--port", "0", *common)]
    try:
        while not file.exists() or not file.read_text().endswith("}"):
            time.sleep(0.1)
        options = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
        processes += [_start("dask_worker", *options, *common) for _ in range(workers)]
        yield (
            json.loads(file.read_text())["address"],
            [process.pid for process in processes[1:]],
        )
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()
        file.unlink(missing_ok=True)


def _start(program: str, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{program}", *options],
        env=os.environ | {"DASK_LOGGING__DISTRIBUTED": "critical"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def measure(folder: Path, galaxies: int, voted: int, runs: int) -> dict[str, Measured]:
    """Scores made-up data, in turns: here with one thread and with two, and on two clusters."""
    inputs = folder / "cluster"
    simulate = ["simulate", str(inputs), "-n", str(galaxies), "--voted", str(voted), "--seed", "1"]
    run_once([*ZOOCLI, *simulate])
    tables = [str(inputs / "predictions.parquet"), str(inputs / "votes.parquet")]
    with contextlib.ExitStack() as stack:
        clusters = {}
        for workers in (1, 2):
            own = folder / f"dask-{workers}"
            own.mkdir()
            clusters[workers] = stack.enter_context(started(own, workers))
        found: dict[str, list[Measured]] = {}
        for number in range(runs + 1):  # the first round is not counted
            for name, once in _commands(tables, inputs, clusters):
                result = once()
                if number:
                    found.setdefault(name, []).append(result)
    shutil.rmtree(inputs)
    return {
        name: Measured(median(one.seconds for one in all), max(one.peak for one in all))
        for name, all in found.items()
    }


def _commands(tables: list[str], folder: Path, clusters: dict[int, tuple[str, list[int]]]):
    score = [*ZOOCLI, "score", *tables, "-q", "-o"]

    def here(threads: int) -> Measured:
        done = run_once([*score, str(folder / "here.parquet"), "--threads", str(threads)])
        return Measured(done.wall, done.peak)

    def twice() -> Measured:
        start = time.perf_counter()
        threads = ["--threads", "1"]
        outputs = [str(folder / f"{number}.parquet") for number in range(2)]
        both = [subprocess.Popen([*score, output, *threads]) for output in outputs]
        if any(process.wait() for process in both):
            sys.exit("one of two runs at once failed")
        return Measured(time.perf_counter() - start, math.nan)

    def there(address: str, pids: list[int]) -> Measured:
        options = ["--engine", "dask", "--scheduler", address, "--partitions", str(PARTS)]
        done = run_once([*score, str(folder / "there"), *options])
        return Measured(done.wall, max(map(_peak, pids)))

    yield "local, 1 thread", lambda: here(1)
    yield "local, 2 threads", lambda: here(2)
    yield "local, 1 thread, twice at once", twice
    for workers, (address, pids) in clusters.items():
        plural = "s" if workers > 1 else ""
        yield f"dask, {workers} worker{plural}", lambda a=address, p=pids: there(a, p)


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))


def show_cluster(folder: Path, runs: int, show, galaxies=4_000_000, voted=1_000_000) -> None:
    measured = measure(folder, galaxies, voted, runs)
    show(f"\n## Cluster on loopback, {galaxies:,} predictions, {voted:,} votes, {PARTS} parts\n")
    show("| | wall | peak memory of a process |\n| --- | --- | --- |")
    for name, one in measured.items():
        peak = "" if math.isnan(one.peak) else f"{one.peak:,.0f} MB"
        show(f"| {name} | {one.seconds:.2f} s | {peak} |")
    alone, together = (
        measured[name].seconds for name in ("local, 1 thread", "local, 1 thread, twice at once")
    )
    show(f"\nTwo processes at once do {2 * alone / together:.2f} times the work of one.")
    gain = measured["dask, 1 worker"].seconds / measured["dask, 2 workers"].seconds
    show(f"Two workers are {gain:.2f} times as fast as one.")
