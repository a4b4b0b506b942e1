"""Accidents that happen to users: the exit code, one paragraph that helps, nothing written."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.accidents.bad_input import (
    ACCIDENTS,
    OLD,
    Accident,
    assert_refused,
    contents,
    folder,
)
from tests.command import (
    done_well,
    run,
    small_predictions,
    small_votes,
    write,
)
from tests.conftest import ROOT, Run

__all__ = ["folder"]


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda accident: accident.what)
def test_an_accident(folder: Path, accident: Accident) -> None:
    accident.prepare(folder)
    before = contents(folder.parent)
    for output in ("old.parquet", "-"):
        done = run("score", *accident.command.split(), "-o", output)
        assert_refused(done, accident.code, accident.words)
    done = run("score", *accident.command.split(), "--summary", "summary.json", "-q")
    assert_refused(done, accident.code, accident.words)
    assert contents(folder.parent) == before


def test_the_files_without_an_accident(folder: Path) -> None:
    done_well("score", "p.parquet", "v.parquet", "-s", "tree.yaml", "-o", "old.parquet")
    assert contents(folder)["old.parquet"] != OLD
    assert not list((folder.parent / "temporary").iterdir())


GOOD = ("p.parquet", "v.parquet", "-s", "tree.yaml")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("-o", "p.parquet"), 2, ("'p.parquet'", "also an input")),
        (("-o", "./v.parquet"), 2, ("also an input",)),
        (("-o", "link.parquet"), 2, ("also an input",)),
        (("--summary", "v.parquet"), 2, ("also an input",)),
        (("-o", "parts/v.parquet", "--only", "parts"), 2, ("also an input",)),
        (("-o", "ids.csv", "--only", "ids.csv"), 2, ("also an input",)),
        (("--summary", "tree.yaml"), 2, ("also an input",)),
        (("-o", "new.csv", "--summary", "new.csv"), 2, ("new.csv",)),
        (("-o", "old.parquet", "--summary", "./old.parquet"), 2, ("old.parquet",)),
        (("-o", "scores.xyz"), 2, ("'scores.xyz'", "--format")),
        (("-o", "-", "-f", "xlsx"), 2, ("'xlsx'", "parquet")),
        (("-o", "nowhere/scores.csv"), 4, ("'nowhere'",)),
        (("-o", "p.parquet/scores.csv"), 4, ("p.parquet",)),
        (("-o", "old.parquet", "--summary", "nowhere/summary.json"), 4, ("'nowhere'",)),
        (("-o", "-", "--summary", "nowhere/summary.json"), 4, ("'nowhere'",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_outputs_that_cannot_be(
    folder: Path, options: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    (folder / "link.parquet").symlink_to("p.parquet")
    (folder / "ids.csv").write_text("a\nb\n")
    (folder / "parts").mkdir()
    write(folder / "parts" / "v.parquet", small_votes())
    before = contents(folder.parent)
    assert_refused(run("score", *GOOD, *options), code, words)
    assert contents(folder.parent) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_device_that_is_not_there(folder: Path, device: str) -> None:
    before = contents(folder.parent)
    done = run("score", *GOOD, "--device", device, "-o", "old.parquet")
    assert_refused(done, 4, (f"'{device}'", "--device cpu"))
    assert contents(folder.parent) == before


def test_a_folder_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("zoocli.tables.writing.sinks.create_file", refuse)
    before = contents(folder.parent)
    assert_refused(run("score", *GOOD, "-o", "scores.csv"), 4, ("'scores.csv'", "Permission"))
    assert contents(folder.parent) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_that_is_full(folder: Path, zoocli: Run) -> None:
    before = contents(folder.parent)
    table = ["-o", "scores.parquet"]
    for options in (["--summary", "/dev/full", *table], ["-o", "/dev/full", "-f", "csv"]):
        done = zoocli("score", *GOOD, *options, "-q", cwd=folder)
        assert (done.returncode, done.stdout) == (4, "") and done.stderr.count("\n") == 1
        assert "'/dev/full' cannot be written: No space left on device" in done.stderr
    assert contents(folder.parent) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_summary_that_standard_output_cannot_take(folder: Path) -> None:
    before = contents(folder.parent)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "zoocli", "score", *GOOD, "-o", "s.csv", "--summary", "-", "-q"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert done.returncode == 4 and done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr
    assert contents(folder.parent) == before


@pytest.mark.parametrize("output", ["scores.csv", "/dev/null"])
def test_a_summary_without_room_leaves_no_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    def refuse(target: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    before = contents(folder.parent)
    done = run("score", *GOOD, "-o", output, "--summary", "summary.json")
    assert_refused(done, 4, ("'summary.json' cannot be written: No space left on device",))
    assert contents(folder.parent) == before


@pytest.mark.parametrize("name", ["old.parquet", "new.csv", "new.feather", "-"])
def test_a_disk_that_fills_up(folder: Path, zoocli: Run, name: str) -> None:
    ids = [f"g{row}" for row in range(5_000)]
    write(folder / "p.parquet", small_predictions(ids))
    write(folder / "v.parquet", small_votes(ids))
    done_well("score", *GOOD)  # so that the loops are compiled
    before = contents(folder.parent)
    done = zoocli(
        *("score", *GOOD, "-o", name),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder.parent / "temporary")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16)),
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert "File too large" in done.stderr and done.stderr.count("\n") == 1
    assert contents(folder.parent) == before


def test_a_few_of_many_ids_are_named(folder: Path) -> None:
    ids = [f"g{row}" for row in range(1000)]
    write(folder / "p.parquet", small_predictions(ids) | {"bar_yes": [-1.0] * 1000})
    write(folder / "v.parquet", small_votes(ids))
    done = run("score", *GOOD, "--batch-size", "64")
    words = ("1,000 galaxies with concentrations", "'g0', 'g1', 'g2', 'g3', 'g4'")
    assert_refused(done, 3, words)
    assert "'g5'" not in done.err


def test_several_problems_are_counted(folder: Path) -> None:
    write(folder / "v.parquet", small_votes() | {"bar_yes": [-1.0, 0.5, -3.0]})
    done = run("score", *GOOD)
    assert_refused(done, 3, ("2 galaxies with votes below", "1 galaxy with votes that"))
