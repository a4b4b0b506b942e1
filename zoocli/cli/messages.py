"""Messages on stderr; data goes to stdout, through `zoocli.cli.outputs`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable

from zoocli.errors import harmless, in_command, shortened

MOST_CHARACTERS = 2_000  # of a message: names and ids may be long


def say(text: str) -> None:
    """Writes one line to stderr; a closed stderr is no error."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def complain(message: str, exit_code: int) -> int:
    """Writes the error and returns the exit code given with it."""
    say(f"zoocli: error: {_readable(message)}")
    return exit_code


def inform(message: str) -> None:
    """Writes what was done."""
    say(f"zoocli: {_readable(message)}")


def warn(message: str) -> None:
    """Writes a warning."""
    say(f"zoocli: warning: {_readable(message)}")


def say_notes(notes: Iterable[str], quiet: bool) -> None:
    """Writes each note on a line of its own, unless the user wants to see only errors."""
    if not quiet:
        for note in notes:
            say(f"zoocli: note: {_readable(note)}")


def _readable(message: str) -> str:
    return shortened(harmless(in_command(message)), MOST_CHARACTERS)
