"""`python -m zoocli`, and what the command `zoocli` runs."""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # What lies in the current folder, such as somebody's numpy.py, is no part of this program.
    sys.path[:1] = []

import atexit
import contextlib
import os
import signal
from typing import NoReturn


def command() -> None:
    """Runs the command line; exits with 130 or 143 however early it is interrupted or terminated.

    Once the work is done, and the output perhaps written, signals no longer change the exit code.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    from zoocli.cli import main

    code: object = None
    try:
        main()
    except SystemExit as stop:
        code = stop.code
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    _end(code if isinstance(code, int) else 0)


def _end(code: int) -> NoReturn:
    """Exits without taking the interpreter apart first, which takes a tenth of a short run."""
    if not _run_exit_functions():
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _run_exit_functions() -> bool:
    """Runs what was registered with `atexit`, which `os._exit` would skip; whether it could.

    Python has only a private function for this. Where it is missing, the caller has to exit in the
    ordinary way, which runs them.
    """
    run = getattr(atexit, "_run_exitfuncs", None)
    if run is None:
        return False
    run()
    return True


def _leave(number: int, frame: object) -> None:
    """Exits at once: while the program is still being loaded there is nothing to clean up."""
    del frame
    os._exit(128 + number)


if __name__ == "__main__":
    command()
