"""What a run may use: as asked for, else SLURM, the container, the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zoocli.errors import UsageError
from zoocli.foundation import resources
from zoocli.foundation.resources import Resources, default_memory, default_threads, parse_memory


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty stand-in for the container's own folder."""
    monkeypatch.setattr(resources, "CGROUP", tmp_path)
    return tmp_path


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> int:
    """A machine of 8 cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    return 8


@pytest.mark.parametrize(
    "text, size",
    [
        ("1", 1),
        ("4GB", 4 * 10**9),
        (" 500 mb ", 5 * 10**8),
        ("2GiB", 2**31),
        ("1.5Ki", 1536),
        (".5T", 5 * 10**11),
        ("10b", 10),
    ],
)
def test_memory_as_people_write_it(text: str, size: int) -> None:
    assert parse_memory(text) == size


@pytest.mark.parametrize(
    "text", ["", "GB", "0", "0GB", "-4GB", "4XB", "4 G B", "1e9", "nan", "four", "4GBx", "٣GB"]
)
def test_other_texts_are_no_memory(text: str) -> None:
    with pytest.raises(UsageError, match="is not an amount of memory") as caught:
        parse_memory(text)
    assert f"'{text}'" in str(caught.value)


def test_what_was_asked_for_comes_first(cgroup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "1000")
    assert Resources.available(5, "2GB") == Resources(5, 2 * 10**9)
    assert Resources.available(5, 10**9) == Resources(5, 10**9)
    assert Resources.available() == Resources(3, 1000 * 2**20)


@pytest.mark.parametrize("threads", [0, -1])
def test_too_few_threads(threads: int) -> None:
    with pytest.raises(UsageError, match="threads= must be at least 1"):
        Resources.available(threads)


@pytest.mark.parametrize("memory", [0, -1, "0.0000001k"])
def test_too_little_memory(memory: int | str) -> None:
    with pytest.raises(UsageError, match="memory_limit= must be from 1 byte"):
        Resources.available(1, memory)


def test_threads_of_slurm(cores: int, cgroup: Path) -> None:
    assert default_threads({"SLURM_CPUS_PER_TASK": "32"}) == 32
    assert default_threads({"SLURM_CPUS_PER_TASK": "0"}) == cores
    assert default_threads({"SLURM_CPUS_PER_TASK": "many"}) == cores
    assert default_threads({}) == cores


@pytest.mark.parametrize(
    "limit, threads",
    [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 8), ("9900000 100000", 8), ("", 8)],
)
def test_threads_of_a_container(cores: int, cgroup: Path, limit: str, threads: int) -> None:
    (cgroup / "cpu.max").write_text(limit + "\n")
    assert default_threads({}) == threads


def test_memory_of_slurm(cgroup: Path) -> None:
    assert default_memory({"SLURM_MEM_PER_NODE": "2048"}) == 2**31
    per_cpu = {"SLURM_MEM_PER_CPU": "1024", "SLURM_CPUS_PER_TASK": "4"}
    assert default_memory(per_cpu) == 2**32
    assert default_memory(per_cpu | {"SLURM_MEM_PER_NODE": "0"}) == 2**32


@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"])
def test_memory_of_a_container(cgroup: Path, file: str) -> None:
    (cgroup / file).parent.mkdir(exist_ok=True)
    (cgroup / file).write_text("123456789\n")
    assert default_memory({}) == 123456789


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096), None])
def test_memory_of_the_machine(cgroup: Path, limit: str | None) -> None:
    if limit is not None:
        (cgroup / "memory.max").write_text(limit)
    assert default_memory({}) == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_a_score_gives_back_the_threads_it_set():
    import pyarrow as pa
    import torch

    import zoocli

    predictions = pa.table({"id": ["a", "b"], "value": [1.0, 2.0]})
    labels = pa.table({"id": ["a", "b"], "label": [1.5, 2.0]})
    before = pa.cpu_count(), torch.get_num_threads()
    try:
        pa.set_cpu_count(3)
        torch.set_num_threads(2)
        zoocli.score(predictions, labels, loss="mse", threads=1)
        assert (pa.cpu_count(), torch.get_num_threads()) == (3, 2)
        with pytest.raises(zoocli.UsageError):
            zoocli.score(predictions, labels, loss="mse", threads=1, device="nowhere")
        assert (pa.cpu_count(), torch.get_num_threads()) == (3, 2)
    finally:
        pa.set_cpu_count(before[0])
        torch.set_num_threads(before[1])
