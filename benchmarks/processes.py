"""Whole processes, measured from outside and in turns."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Run:
    """One process: seconds of wall clock and of processor, and peak memory in megabytes."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Result:
    """Medians over the runs."""

    wall: float
    cpu: float
    peak: float


def run_once(command: Sequence[str]) -> Run:
    """Runs a command; its output is thrown away, and a failure ends the benchmark."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command)} failed with status {status}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def alternate(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, Result]:
    """Runs the commands one after the other, `runs` times around, after one uncounted round."""
    measured: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            result = run_once(command)
            if number:
                measured[name].append(result)
    return {
        name: Result(
            *(median(getattr(run, what) for run in done) for what in ("wall", "cpu", "peak"))
        )
        for name, done in measured.items()
    }
