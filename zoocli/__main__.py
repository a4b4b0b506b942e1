"""`python -m zoocli`, and what the command `zoocli` runs."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys


def command() -> None:
    """Runs the command line; exits with 130 or 143 however early it is interrupted or terminated.

    Once all is done, and perhaps the output written, signals no longer change the exit code.
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


def _end(code: int) -> None:
    """Exits without taking the interpreter apart first, which takes a tenth of a short run.

    What was registered for the end still runs, and nothing of zoocli's is left to be done.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _leave(number: int, frame: object) -> None:
    """Stops at once: while the program is being loaded there is nothing to clean up."""
    del frame
    os._exit(128 + number)


if __name__ == "__main__":
    command()
