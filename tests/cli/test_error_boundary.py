"""Every way out of the command line: its exit code, and one short paragraph instead of a trace."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pyarrow as pa
import pytest

from tests.command import handlers_restored
from tests.conftest import ROOT
from zoocli import cli
from zoocli.errors import DataError, MachineError, UsageError, ZoocliError, ZoocliWarning
from zoocli.foundation.version import __version__

RUN = [sys.executable, "-m", "zoocli"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def leave(monkeypatch, capsys):
    """Runs `main` with a command that raises `error`; gives the exit code and what was said."""

    def run(error):
        def fail(_):
            raise error

        monkeypatch.setattr(cli, "_run", fail)
        with handlers_restored(), pytest.raises(SystemExit) as stop:
            cli.main([])
        captured = capsys.readouterr()
        assert captured.out == ""
        return stop.value.code, captured.err

    return run


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ZoocliError("a"), 1, "a"),
        (UsageError("b"), 2, "b"),
        (DataError("c"), 3, "c"),
        (MachineError("d"), 4, "d"),
        (DataError("two\nlines \x1b[2J"), 3, r"two\nlines \x1b[2J"),
        (
            RuntimeError("can't start new thread"),
            4,
            "No thread can be started. Raise the limit of processes or of memory (ulimit -u, -v), "
            "or use --threads 1.",
        ),
        (
            ImportError("libx.so: failed to map segment from shared object", name="pyarrow.lib"),
            4,
            "A library cannot be loaded: libx.so: failed to map segment from shared object. Give "
            "it more memory and open files, or install zoocli and what it needs again.",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "x\x1b"),
            4,
            r"No space left on device: 'x\x1b'. Free space or grant access, or choose another "
            "location.",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", b"x"),
            3,
            "No such file or directory: 'x'. Check the path.",
        ),
        (MemoryError(), 4, "Out of memory. Run on a machine with more memory."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_become_a_line_and_an_exit_code(leave, error, code, said):
    assert leave(error) == (code, f"zoocli: error: {said}\n")


def test_an_interruption_is_silent(leave):
    assert leave(KeyboardInterrupt()) == (130, "")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
@pytest.mark.parametrize("error", [RuntimeError("Query interrupted"), DataError("x"), OSError(9)])
def test_what_follows_a_signal_is_its_exit_code(monkeypatch, capsys, number, code, error):
    """Even without the signal's exception as its context, which C code loses."""

    def run(_):
        with contextlib.suppress(SystemExit):
            signal.raise_signal(number)
        raise error

    monkeypatch.setattr(cli, "_run", run)
    with handlers_restored(), pytest.raises(SystemExit) as stop:
        cli.main([])
    assert (stop.value.code, capsys.readouterr().err) == (code, "")


def test_a_defect_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(cli, "_run", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        cli.main([])


def test_zoocli_warnings_are_one_line(monkeypatch, capsys):
    def run(_):
        warnings.warn("3 galaxies\x1b", ZoocliWarning, stacklevel=1)
        return 0

    monkeypatch.setattr(cli, "_run", run)
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 0
    assert capsys.readouterr().err == "zoocli: warning: 3 galaxies\\x1b\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], ["No such command 'nothing'", "zoocli --help"]),
        (["--nothing"], ["--nothing", "zoocli --help"]),
        (["simulate"], ["DIR", "zoocli simulate --help"]),
        (["simulate", "a", "--nothing"], ["--nothing", "zoocli simulate --help"]),
        (["simulate", "a", "--galaxies", "many"], ["--galaxies", "many"]),
        (["simulate", "a", "--format", "fits"], ["fits", "parquet", "csv"]),
        (["simulate", "a", "--schema", "decals-dr6"], ["decals-dr6"]),
        (["simulate", "a", "--galaxies", "0"], ["galaxies", "at least 1"]),
    ],
    ids=" ".join,
)
def test_wrong_usage(zoocli, tmp_path, arguments, words):
    done = zoocli(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("zoocli: error: ") and done.stderr.count("\n") == 1
    assert any(word in done.stderr for word in words)
    assert list(tmp_path.iterdir()) == []


def test_no_command_shows_the_help(zoocli):
    done = zoocli()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: zoocli ")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command(zoocli, flag):
    done = zoocli(flag)
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("score", "summarize", "merge", "compare", "simulate", "schema"):
        assert f"\n  {command} " in done.stdout
        assert zoocli(command, flag).returncode == 0


def test_version(zoocli):
    done = zoocli("--version")
    assert (done.returncode, done.stderr) == (0, "")
    first, python, parts, machine, loops = done.stdout.splitlines()
    assert first == f"zoocli {__version__}"
    assert python.startswith(f"Python {platform.python_version()}, ")
    assert f"pyarrow {pa.__version__}" in parts and "torch " in parts
    assert re.fullmatch(r"threads \d+, memory \d+\.\d GB", machine)
    assert loops.startswith("compiled loops in /")


def test_shell_completion(zoocli):
    done = zoocli(
        env=ENVIRONMENT
        | {"_ZOOCLI_COMPLETE": "complete_bash", "COMP_WORDS": "zoocli sim", "COMP_CWORD": "1"}
    )
    assert done.stdout.split() == ["simulate"]


@pytest.mark.parametrize("arguments", [["--help"], ["schema", "list"]], ids=" ".join)
def test_a_reader_that_leaves_early_is_no_error(tmp_path, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*RUN, *arguments], stdout=writing, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*RUN, "schema", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            timeout=60,
        )
    assert done.returncode == 4
    assert done.stderr.startswith("zoocli: error: No space left on device")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams(closed, tmp_path):
    line = f'"$@" simulate made -n 5 {closed} && "$@" schema list {closed}'
    done = subprocess.run(
        ["bash", "-c", line, "bash", *RUN],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=ENVIRONMENT,
        timeout=60,
    )
    assert done.returncode == 0
    assert "wrote" not in done.stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_leaves_no_file(tmp_path, number, code):
    process = subprocess.Popen(
        [*RUN, "simulate", "made", "-n", "100000000"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        # A shell's background jobs ignore interrupts, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        wait_for(lambda: (tmp_path / "made").exists() and any((tmp_path / "made").iterdir()))
        time.sleep(0.5)  # past the imports
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, said) == (code, b"")
    assert list((tmp_path / "made").iterdir()) == []


def test_a_termination_that_is_swallowed_comes_again(tmp_path):
    """As it is where it meets the start of a C extension that is being imported."""
    script = """
import os, signal, time
from zoocli import cli

def run(_):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    except SystemExit:
        pass
    os.kill(os.getpid(), signal.SIGINT)  # a second signal changes nothing
    try:
        time.sleep(30)
    finally:
        time.sleep(0.5)  # the cleaning up is left in peace
        print("cleaned", flush=True)

cli._run, cli.stopping.SECONDS_TO_LEAVE = run, 0.1
cli.main([])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "cleaned\n", "")


@pytest.mark.parametrize(
    ("number", "code"), [("SIGINT", 130), ("SIGTERM", 143)], ids=["interrupted", "terminated"]
)
def test_a_signal_waits_for_the_end_of_an_import(number, code, tmp_path):
    """It could leave the locks of the import system held, and other threads waiting for ever."""
    (tmp_path / "slow.py").write_text(
        f"import os, signal, time\nos.kill(os.getpid(), signal.{number})\ntime.sleep(0.1)\n"
    )
    script = """
import sys, time
from zoocli import cli

def run(_):
    try:
        import slow
        time.sleep(30)
    finally:
        print("slow" in sys.modules, flush=True)

cli._run = run
cli.main([])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=ENVIRONMENT | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "True\n", "")


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.02)


@pytest.mark.parametrize("module", ["numpy", "signal", "typer"])
def test_modules_in_the_current_folder_are_not_run(tmp_path, module):
    (tmp_path / f"{module}.py").write_text("raise SystemExit('run')")
    done = subprocess.run(
        [*RUN, "schema", "list"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0 and "decals-dr5" in done.stdout


def test_a_defect_in_an_import_of_our_own_is_one(leave):
    with pytest.raises(ImportError):
        leave(ImportError("cannot import name 'x'", name="zoocli.cli"))
