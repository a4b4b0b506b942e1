"""Accidents around the program: outputs, environments, senseless options.

Those with the contents of input files stand in test_bad_input.py, signals in test_signals.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.accidents.common import GOOD, HEADER, OLD, assert_one_paragraph, bash, contents
from tests.command import (
    run,
    small_predictions,
    small_votes,
    write,
)
from tests.conftest import ROOT

# Outputs that are refused: what is said, and that nothing has changed.

REFUSED = [
    ("a directory", ("-o", "d"), 2, "'d' is a directory"),
    ("a directory with a slash", ("-o", "d/", "-f", "csv"), 2, "'d' is a directory"),
    ("a directory named as a table", ("-o", "d.csv"), 2, "'d.csv' is a directory"),
    ("a directory for the summary", ("--summary", "d"), 2, "'d' is a directory"),
    ("no name at all", ("-o", "", "-f", "csv"), 2, "'.' is a directory"),
    ("no such folder", ("-o", "no/scores.csv"), 4, "no folder 'no'"),
    ("a file in a file", ("-o", "old.csv/scores.csv"), 4, "Not a directory"),
    ("a link into nowhere", ("-o", "nowhere.csv"), 4, "no folder"),
    ("a name too long", ("-o", "x" * 300 + ".csv"), 4, "File name too long"),
    ("an input", ("-o", "./p.parquet"), 2, "also an input"),
    ("an input by another way", ("-o", "d/../v.parquet"), 2, "also an input"),
    ("an input by a link", ("-o", "link.parquet"), 2, "also an input"),
    ("an input by a hard link", ("-o", "hard.parquet"), 2, "also an input"),
    ("an input for the summary", ("--summary", "link.parquet"), 2, "also an input"),
    ("the schema", ("-o", "tree.yaml", "-f", "csv"), 2, "also an input"),
    ("a full device", ("-o", "/dev/full", "-f", "csv"), 4, "'/dev/full' cannot be written: No sp"),
    ("a stream that is not open", ("-o", "/dev/fd/99"), 4, "Bad file descriptor"),
]


@pytest.mark.parametrize(
    ("options", "code", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_an_output_that_cannot_be(
    folder: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    for name in ("d", "d.csv"):
        (folder / name).mkdir()
    (folder / "nowhere.csv").symlink_to("no/such.csv")
    (folder / "link.parquet").symlink_to("p.parquet")
    os.link("p.parquet", "hard.parquet")
    before = contents(folder)
    done = run("score", *GOOD, *options)
    assert (done.code, done.out) == (code, "")
    assert_one_paragraph(done.err)
    assert said in done.err
    assert contents(folder) == before


STREAMS = [
    ("an input that is open", "$score -o /proc/self/fd/9 9<>p.parquet", 2, "also an input"),
    (
        "what standard input comes from",
        "$zoocli score - v.csv -s tree.yaml -o p.csv <p.csv",
        2,
        "also an input",
    ),
    (
        "an input that standard output appends to",
        "$zoocli score p.csv v.csv -s tree.yaml >>p.csv",
        2,
        "also an input",
    ),
    (
        "an input that a catalogue is appended to",
        "$zoocli catalog p.csv -s tree.yaml -o - >>p.csv",
        2,
        "also an input",
    ),
    ("a file for a directory", "$zoocli evaluate ${score#*score } -o old.csv", 2, "is a file"),
    ("a full standard output", "$score >/dev/full", 4, "standard output cannot be written: No sp"),
    ("no space for a file", "ulimit -f 0; $score -o scores.csv", 4, "File too large"),
    ("no space for a stream", "ulimit -f 0; $score | cat", 4, "(TMPDIR) cannot be written"),
]


@pytest.mark.parametrize(
    ("line", "code", "said"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS]
)
def test_a_stream_that_cannot_be(folder: Path, line: str, code: int, said: str) -> None:
    before = contents(folder)
    done = bash(line, folder, TMPDIR=str(folder))
    assert (done.returncode, done.stdout) == (code, "")
    assert_one_paragraph(done.stderr)
    assert said in done.stderr
    assert contents(folder) == before


# Outputs that are no ordinary new file, and what stands in `read` after that.

TAKEN = [
    ("an old file", "$score -o old.csv", "cat old.csv", HEADER),
    ("a link", "ln -s old.csv l; $score -o l -f csv; readlink l", "cat old.csv", HEADER),
    ("a dangling link", "ln -s new.csv l; $score -o l -f csv; readlink l", "cat new.csv", HEADER),
    ("standard output", "$score -o /dev/stdout -f csv >got", "cat got", HEADER),
    ("in the middle", "(echo a; $score -o /dev/stdout; echo z) >got", "cat got", "a\n" + HEADER),
    ("behind what is there", "$score -o /dev/stdout >>old.csv", "cat old.csv", OLD + HEADER),
    ("a link to it", "ln -s /dev/stdout l; $score -o l >>old.csv", "cat old.csv", OLD + HEADER),
    ("a pipe", "$score -o /dev/stdout -f csv | cat >got", "cat got", HEADER),
    ("standard error", "$score -o /dev/stderr -q 2>>old.csv", "cat old.csv", OLD + HEADER),
    ("another stream", "$score -o /dev/fd/7 -q 7>>old.csv", "cat old.csv", OLD + HEADER),
    ("a process", "$score -o >(cat >got) -f csv; sleep 0.5", "cat got", HEADER),
    ("the summary", "$score --summary /dev/stdout >>old.csv", "cat old.csv", OLD + '{\n  "sch'),
    ("nothing", "$score -o /dev/null; test -c /dev/null", "echo done", "done"),
    ("a reader that leaves", "$score | head -1", "echo done", "done"),
    ("a reader that never came", "$score | true", "echo done", "done"),
    ("no standard output", "$score >&-", "echo done", "done"),
    ("neither output nor errors", "$score -o old.csv >&- 2>&-", "cat old.csv", HEADER),
    ("nothing open at all", "$score -o old.csv <&- >&- 2>&-", "cat old.csv", HEADER),
]


@pytest.mark.parametrize(
    ("line", "look", "begin"), [row[1:] for row in TAKEN], ids=[row[0] for row in TAKEN]
)
def test_an_output_that_can_be(folder: Path, line: str, look: str, begin: str) -> None:
    (folder / "temporary").mkdir()
    done = bash(line, folder, TMPDIR=str(folder / "temporary"))
    assert done.returncode == 0, done
    assert re.fullmatch(r"(zoocli: 3 galaxies scored, mean loss .*: \w+(\.csv)?\n)?", done.stderr)
    assert bash(look, folder).stdout.startswith(begin)
    assert not list((folder / "temporary").iterdir())
    assert not [file for file in folder.iterdir() if file.name.startswith(".")]
    if "readlink" in line:
        assert done.stdout.strip() in ("old.csv", "new.csv")


@pytest.fixture
def mounted(folder: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, timeout=10)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here (that takes root)")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True, timeout=10)


@pytest.mark.parametrize("output", ["-o disk/scores.parquet", "-o disk/scores.feather", "| cat"])
def test_a_full_disk(folder: Path, mounted: Path, output: str) -> None:
    ids = [f"g{row}" for row in range(50_000)]
    write(folder / "p.parquet", small_predictions(ids))
    write(folder / "v.parquet", small_votes(ids))
    (mounted / "scores.parquet").write_text(OLD)
    done = bash(f"$score {output}", folder, TMPDIR=str(mounted))
    assert (done.returncode, done.stdout) == (4, "")
    assert_one_paragraph(done.stderr)
    assert "No space left on device" in done.stderr
    assert [file.read_text() for file in mounted.iterdir()] == [OLD]


def test_a_disk_that_may_only_be_read(folder: Path, mounted: Path) -> None:
    (mounted / "old.csv").write_text(OLD)
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True, timeout=10)
    for line in ("$score -o disk/old.csv", "$score -o disk/new.csv", "$score --summary disk/s"):
        done = bash(line, folder)
        assert done.returncode == 4
        assert_one_paragraph(done.stderr)
        assert "cannot be written" in done.stderr
    assert [file.read_text() for file in mounted.iterdir()] == [OLD]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize(("path", "mode"), [("d", 0o555), ("d/old.csv", 0o444)])
def test_without_permission(folder: Path, path: str, mode: int) -> None:
    (folder / "d").mkdir()
    (folder / "d" / "old.csv").write_text(OLD)
    (folder / path).chmod(mode)
    done = run("score", *GOOD, "-o", "d/old.csv")
    (folder / "d").chmod(0o755)
    assert done.code == 4
    assert_one_paragraph(done.err)
    assert [file.read_text() for file in (folder / "d").iterdir()] == [OLD]


def test_a_protected_file_is_not_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    for option in ("-o", "--summary"):
        done = run("score", *GOOD, option, "old.csv")
        assert done.code == 4 and "protected" in done.err
        assert_one_paragraph(done.err)
    assert (folder / "old.csv").read_text() == OLD


# The environment, and numbers of threads, rows and bytes that no machine has.


@dataclass(frozen=True)
class Surroundings:
    """Variables of the environment, None to unset one, under which all goes well."""

    what: str
    variables: dict[str, str | None]


ENVIRONMENTS = [
    Surroundings("no home", {"HOME": None}),
    Surroundings("a home that is not there", {"HOME": "/nonexistent"}),
    Surroundings("no temporary folder", {"TMPDIR": "/nonexistent"}),
    Surroundings("a plain locale", {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}),
    Surroundings("ASCII only", {"PYTHONIOENCODING": "ascii"}),
    Surroundings("one column", {"COLUMNS": "1"}),
    Surroundings("columns of nonsense", {"COLUMNS": "x", "LINES": "-1"}),
    Surroundings("no cache", {"ZOOCLI_CACHE_DIR": ""}),
    Surroundings("a cluster's nonsense", {"SLURM_CPUS_PER_TASK": "²", "SLURM_MEM_PER_NODE": "x"}),
    Surroundings("a cluster's dreams", {"SLURM_CPUS_PER_TASK": "9" * 30}),
    Surroundings("a cluster's memory", {"SLURM_MEM_PER_NODE": "9" * 30}),
]


@pytest.mark.parametrize("surroundings", ENVIRONMENTS, ids=lambda one: one.what)
def test_an_odd_environment(folder: Path, surroundings: Surroundings) -> None:
    before = {path.name for path in folder.iterdir()}
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for name, value in surroundings.variables.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    done = subprocess.run(
        [sys.executable, "-m", "zoocli", "score", *GOOD, "-q"],
        env=environment,
        capture_output=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(HEADER.encode())
    assert {path.name for path in folder.iterdir()} == before


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--memory-limit", "1e400"), 2),
        (("--memory-limit", "9" * 400 + "GB"), 2),
        (("--memory-limit", "99999999999TB"), 2),
        (("--memory-limit", "nan"), 2),
        (("--memory-limit", ""), 2),
        (("--memory-limit", "1"), 4),
        (("--memory-limit", "1KB"), 4),
        (("--threads", "100000"), 2),
        (("--threads", "9" * 30), 2),
        (("--batch-size", "9" * 30), 2),
        (("--batch-size", "9" * 30, "--on-duplicate", "drop"), 2),
        (("--null-value", "nan"), 2),
        (("--label-smoothing", "nan"), 2),
        (("--class-weights", "1e400,1", "-l", "ce"), 2),
        (("--device", "cuda:" + "9" * 30), 2),
        (("-s", "../../etc/passwd"), 2),
        (("-l", "../../x"), 2),
        (("--keep", "[bold]"), 3),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_nonsense_in_options(
    folder: Path, options: tuple[str, ...], code: int, suffix: str
) -> None:
    before = contents(folder)
    tree = () if "-s" in options or "-l" in options else ("-s", "tree.yaml")
    done = run("score", f"p.{suffix}", f"v.{suffix}", *tree, *options, "-o", "out.csv")
    assert (done.code, done.out) == (code, "")
    assert_one_paragraph(done.err)
    assert contents(folder) == before


@pytest.mark.parametrize(
    "line",
    ["$zoocli summarize -", "$zoocli merge -", "$zoocli score - v.csv", "$zoocli schema detect -"],
)
def test_standard_input_that_is_closed_or_empty(folder: Path, line: str) -> None:
    for source, said in (("<&-", "Standard input is closed"), ("</dev/null", "standard input")):
        done = bash(f"{line} {source}", folder)
        assert (done.returncode, done.stdout) == (3, "")
        assert_one_paragraph(done.stderr)
        assert said in done.stderr


def test_too_little_memory_for_the_libraries(folder: Path) -> None:
    done = bash("ulimit -v 600000; $score -o new.csv", folder)
    if done.returncode == 0:
        pytest.skip("the libraries fit into 600 MB of addresses here")
    assert done.returncode == 4 and "Traceback" not in done.stderr
    assert not (folder / "new.csv").exists()
