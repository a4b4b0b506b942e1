"""How many threads and how much memory this process may use."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from zoocli.errors import MachineError, UsageError
from zoocli.foundation.option_checks import check_range

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
BINARY_UNITS = {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
CGROUP = Path("/sys/fs/cgroup")
MOST_THREADS = 1024
MOST_MEMORY = 10**16
PROGRAM_BYTES = 300_000_000  # the interpreter, its libraries and the compiled kernels
TORCH_BYTES = 300_000_000  # what torch adds to that


@dataclass(frozen=True)
class Resources:
    """The bounds that all parts of a run obey together; memory in bytes, of the whole process."""

    threads: int
    memory: int

    @classmethod
    def available(cls, threads: int | None = None, memory: str | int | None = None) -> Resources:
        """What was asked for, or else what SLURM, the container or the machine gives."""
        if threads is not None:
            check_range("threads", threads, least=1, most=MOST_THREADS)
        if isinstance(memory, str):
            memory = parse_memory(memory)
        if memory is not None and not 1 <= memory <= MOST_MEMORY:
            raise UsageError(
                f"«memory_limit» must be from 1 byte to {MOST_MEMORY / 1e15:.0f} PB, not {memory}."
            )
        return cls(threads or default_threads(), memory or default_memory())

    def rows_at_once(self, row_bytes: int, fewest: int, taken: Mapping[str, int]) -> int:
        """The rows of a batch such that all that are under way at once fit into the memory.

        `taken`: bytes that are not free, by what takes them. MachineError where not even the fewest
        rows fit.
        """
        under_way = 2 * self.threads + 4
        rows = (self.memory - sum(taken.values())) // (row_bytes * under_way)
        if rows < fewest:
            beside = " and ".join(f"{what} ({size / 1e9:.2f} GB)" for what, size in taken.items())
            raise MachineError(
                f"The memory limit of {self.memory / 1e9:.2f} GB leaves no room beside {beside}. "
                "Raise «memory_limit» or lower «threads»."
            )
        return rows

    def require(self, name: str, what: str, held: float, program: float, advice: str) -> None:
        """Raises MachineError where `held` bytes do not fit beside those that the program takes.

        `name` is the file, `what` is held of it, `advice` what else to do than to give more memory.
        """
        if held + program > self.memory:
            raise MachineError(
                f"{name} does not fit into memory: {what} need about {held / 1e9:.2f} GB, the "
                f"program {program / 1e9:.2f} GB, and the limit is {self.memory / 1e9:.2f} GB. "
                f"Raise «memory_limit», use a larger machine, or {advice}."
            )

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Sets the threads of pyarrow and torch, and restores them at the end.

        Code that imports torch inside calls `use_one_torch_thread` itself.
        """
        import pyarrow as pa

        arrow_threads, torch_threads = pa.cpu_count(), _torch_threads()
        pa.set_cpu_count(self.threads)
        if torch_threads is not None:
            use_one_torch_thread()
        try:
            yield
        finally:
            pa.set_cpu_count(arrow_threads)
            if "torch" in sys.modules:
                sys.modules["torch"].set_num_threads(torch_threads or default_threads())


def expected_bytes(used: int, rows_read: int, rows: int | None) -> float:
    """What all rows of a file will take, if they are like those that were read so far."""
    return used * max(1.0, rows / rows_read) if rows and rows_read else float(used)


def use_one_torch_thread() -> None:
    """Makes torch use one thread, since batches are computed in parallel; imports torch.

    `Resources.applied` restores torch's threads.
    """
    import torch

    torch.set_num_threads(1)


def _torch_threads() -> int | None:
    """None where torch is not imported, and need not be."""
    return sys.modules["torch"].get_num_threads() if "torch" in sys.modules else None


def parse_memory(text: str) -> int:
    """Bytes from a size as people write it: 4GB, 500M, 2GiB.

    >>> parse_memory("4GB"), parse_memory("2 GiB"), parse_memory("1.5g")
    (4000000000, 2147483648, 1500000000)
    """
    found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([kmgt]i?)?b?\s*", text.lower())
    if not found or not 0 < float(found[1]) < MOST_MEMORY:
        raise UsageError(f"'{text}' is not an amount of memory. Write it like 4GB or 500MB.")
    return int(float(found[1]) * (UNITS | BINARY_UNITS)[found[2] or ""])


def default_threads(environment: Mapping[str, str] = os.environ) -> int:
    """SLURM's CPUs per task, else the cores that this process may run on, cut by its container."""
    slurm = _whole(environment.get("SLURM_CPUS_PER_TASK", ""))
    if slurm and slurm <= MOST_THREADS:
        return slurm
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _container_cores() or 10**6))


def default_memory(environment: Mapping[str, str] = os.environ) -> int:
    """SLURM's memory, else the container's limit, else the machine's memory."""
    for name, factor in (("SLURM_MEM_PER_NODE", 1), ("SLURM_MEM_PER_CPU", None)):
        memory = (_whole(environment.get(name, "")) or 0) * 2**20
        if 0 < memory <= MOST_MEMORY:
            return memory * (factor or default_threads(environment))
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(machine, _container_memory() or machine)


def _container_cores() -> int | None:
    quota, period = map(_whole, _read(CGROUP / "cpu.max").partition(" ")[::2])
    return max(1, round(quota / period)) if quota and period else None


def _container_memory() -> int | None:
    for file in (CGROUP / "memory.max", CGROUP / "memory/memory.limit_in_bytes"):
        limit = _whole(_read(file))
        if limit is not None:
            return limit
    return None


def _whole(text: str) -> int | None:
    """A whole number, or None for anything else: what the environment says is not the user's."""
    return int(text) if re.fullmatch("[0-9]{1,19}", text) else None


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
