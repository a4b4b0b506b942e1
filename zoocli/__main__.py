"""`python -m zoocli`, and what the command `zoocli` runs."""

from __future__ import annotations

import os
import signal


def command() -> None:
    """Runs the command line; exits with 130 or 143 however early it is interrupted or terminated.

    Once all is done, and perhaps the output written, signals no longer change the exit code.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    from zoocli.cli import main

    try:
        main()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        # CPython holds an interruption that came through an exec (as in making a dataclass) for
        # unhandled until the next exec, and `python -m` would then die of it instead of exiting.
        exec("")


def _leave(number: int, frame: object) -> None:
    """Stops at once: while the program is being loaded there is nothing to clean up."""
    del frame
    os._exit(128 + number)


if __name__ == "__main__":
    command()
