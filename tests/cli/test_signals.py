"""Runs that are interrupted, terminated or killed at random moments, of the real command."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT

GALAXIES = 100_000
RUNS = 50
OLD = b"the output of yesterday"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


class Place:
    """A folder with inputs, one for outputs and a temporary one."""

    def __init__(self, folder: Path) -> None:
        self.outputs, self.temporary = folder / "outputs", folder / "temporary"
        self.outputs.mkdir()
        self.temporary.mkdir()
        inputs = folder / "inputs"
        self._run("simulate", inputs, "-n", GALAXIES)
        self.score = [
            *("score", inputs / "predictions.parquet", inputs / "votes.parquet"),
            *("-o", self.outputs / "scores.parquet", "--summary", self.outputs / "summary.json"),
        ]
        self._run(*self.score)  # so that the loops are compiled
        self.seconds = min(self._seconds() for _ in range(3))  # the machine may be busy
        self.whole = self.contents()

    def _seconds(self) -> float:
        start = time.perf_counter()
        self._run(*self.score)
        return time.perf_counter() - start

    def _run(self, *arguments: object) -> None:
        subprocess.run(self._command(*arguments), env=self._environment(), check=True, timeout=120)

    def _command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "zoocli", *map(str, arguments), "-q"]

    def _environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary)}

    def contents(self) -> dict[str, bytes]:
        """The outputs that have been published."""
        return {
            file.name: file.read_bytes()
            for file in self.outputs.iterdir()
            if not file.name.startswith(".")
        }

    def hidden(self) -> list[str]:
        """What else lies in the folders."""
        drafts = [file.name for file in self.outputs.iterdir() if file.name.startswith(".")]
        return drafts + [file.name for file in self.temporary.iterdir()]

    def clear(self, there: bool) -> dict[str, bytes]:
        """Removes everything; then the old outputs are there, or not."""
        for folder in (self.outputs, self.temporary):
            for file in folder.iterdir():
                file.unlink()
        for name in self.whole if there else ():
            (self.outputs / name).write_bytes(OLD)
        return self.contents()

    def stop(
        self, number: signal.Signals, seconds: float, again: bool = False, *options: object
    ) -> tuple[int, bytes]:
        """Starts a run, sends the signal after so many seconds, and gives exit code and stderr.

        With `again`, it is sent three more times, as by somebody without patience.
        """
        process = subprocess.Popen(
            self._command(*self.score, *options),
            env=self._environment(),
            stderr=subprocess.PIPE,
            # A shell's background jobs ignore interrupts, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            wait_for_zoocli(process)
            time.sleep(seconds)
            process.send_signal(number)
            for _ in range(3 * again):
                time.sleep(0.005)
                process.send_signal(number)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        return process.returncode, said


def wait_for_zoocli(process: subprocess.Popen[bytes]) -> None:
    """Until the process hears SIGTERM, as it does from the first lines of zoocli on."""
    status = Path(f"/proc/{process.pid}/status")
    deadline = time.monotonic() + 30
    while not _catches(status.read_text(), signal.SIGTERM):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.001)


def _catches(status: str, number: signal.Signals) -> bool:
    [mask] = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells when a process begins to hear signals")
    return Place(tmp_path_factory.mktemp("place"))


def test_whatever_the_moment_outputs_are_whole_or_untouched(place: Place) -> None:
    """Absent or old where the run was stopped, new where it had done; nothing else remains."""
    chance = random.Random(20)
    stopped = 0
    for turn in range(RUNS):
        number = chance.choice(list(CODES))
        before = place.clear(there=chance.random() < 0.5)
        seconds = chance.uniform(0.0, place.seconds)
        code, said = place.stop(number, seconds)
        where = f"turn {turn}: {number.name} after {seconds:.3f} s, exit {code}: {said.decode()}"
        assert (code, said) in [(CODES[number], b""), (0, b"")], where
        after = place.contents()
        assert all(after.get(name) in (before.get(name), place.whole[name]) for name in after), (
            where
        )
        assert after.keys() in (before.keys(), place.whole.keys()), where
        if code == 0:
            assert after == place.whole, where
        else:
            stopped += 1
        if number is signal.SIGKILL:
            assert all(name.endswith(".zoocli") for name in place.hidden()), where
        else:
            assert not place.hidden(), where
    assert stopped > RUNS / 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_text_that_is_read_in_the_main_thread(place: Place, number: signal.Signals) -> None:
    """DuckDB, which reads it, turns the exception of a signal into an error of its own."""
    table = pq.read_table(place.score[1])
    text = place.outputs.parent / "predictions.csv"
    pyarrow.csv.write_csv(table, text)
    score, chance = place.score, random.Random(21)
    place.score = [score[0], text, *score[2:]]
    try:
        for _ in range(8):
            before = place.clear(there=True)
            seconds = chance.uniform(0.3, 0.9) * place.seconds
            code, said = place.stop(number, seconds, True, "--threads", 1)
            assert (code, said) in [(CODES[number], b""), (0, b"")]
            assert code == 0 or place.contents() == before
            assert not place.hidden()
    finally:
        place.score = score


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_before_anything_was_imported(place: Place, number: signal.Signals) -> None:
    before = place.clear(there=True)
    assert place.stop(number, 0.0) == (CODES[number], b"")
    assert place.contents() == before and not place.hidden()


def test_a_signal_when_all_is_done_does_not_change_the_exit_code() -> None:
    script = """
import atexit, os, signal
import zoocli.cli
from zoocli.__main__ import command

atexit.register(lambda: os.kill(os.getpid(), signal.SIGTERM))
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
zoocli.cli._run = lambda arguments: 0
command()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("remove", ["", "del atexit._run_exitfuncs"], ids=["with", "without"])
def test_exit_functions_run_with_or_without_the_private_function(remove: str, code: int) -> None:
    script = f"""
import atexit
import zoocli.cli
from zoocli.__main__ import command

atexit.register(print, "at the end")
{remove}
zoocli.cli._run = lambda arguments: {code}
command()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, b"at the end\n", b"")


REMOVING = """
import os, pathlib, signal
from zoocli.cli import main, stopping
unlink = pathlib.Path.unlink
def interrupted(self, *rest):
    if self.name.endswith(".zoocli"):
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(1000))  # the handler runs here
    unlink(self, *rest)
pathlib.Path.unlink = interrupted
main({arguments})
"""


def test_a_signal_while_a_draft_is_removed(place: Place) -> None:
    """The first draft is that of a test whether the summary can be written."""
    before = place.clear(there=True)
    arguments = [str(word) for word in place.score]
    done = subprocess.run(
        [sys.executable, "-c", REMOVING.replace("{arguments}", repr(arguments))],
        env=place._environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 143 and "Traceback" not in done.stderr
    assert not place.hidden()
    assert place.contents() == before
