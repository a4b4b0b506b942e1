"""What the commands say on stderr; data goes to stdout and never passes through here."""

from __future__ import annotations

import contextlib
import sys

from zoocli.errors import harmless, shortened

MOST_CHARACTERS = 2_000  # of a message; names and ids may be of any length


def say(text: str) -> None:
    """Writes one line to stderr; where nobody can read it any more, nothing happens."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def complain(message: str, exit_code: int) -> int:
    """Writes the error and hands back the exit code that goes with it."""
    say(f"zoocli: error: {_readable(message)}")
    return exit_code


def warn(message: str) -> None:
    """Writes a warning."""
    say(f"zoocli: warning: {_readable(message)}")


def note(message: str) -> None:
    """Writes what is good to know."""
    say(f"zoocli: note: {_readable(message)}")


def _readable(message: str) -> str:
    return shortened(harmless(message), MOST_CHARACTERS)
