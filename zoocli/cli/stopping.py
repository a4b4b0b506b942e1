"""How SIGINT and SIGTERM end a run: by an exception, so that every `finally` cleans up."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from zoocli.foundation.cleaning import is_cleaning

INTERRUPTED, TERMINATED = 130, 143
EXIT_CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}
SECONDS_TO_LEAVE = 5.0
SECONDS_TO_WAIT = 0.01

Hook = Callable[[Any], object]

_received: int | None = None


class Stopped(SystemExit):
    """A signal was received; its `code` is the exit code."""


def listen() -> None:
    """Handles both signals, except those that the caller ignores, as for jobs in the background."""
    global _received
    _received = None
    sys.unraisablehook = _without_own(sys.unraisablehook)
    for number, code in EXIT_CODES.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, partial(_stop, code))


def _without_own(hook: Hook) -> Hook:
    """C code that swallows the exception reports it there; `_stop_again` raises it once more."""

    def report(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, Stopped):
            hook(unraisable)

    return report


def exit_code() -> int | None:
    """That of the signal that was received, if any; whatever error came after it is its result.

    For example, DuckDB turns the exception into an error of its own, and a lock whose acquisition
    was interrupted cannot be released.
    """
    if _received is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return _received


def _stop(code: int, number: int, frame: FrameType | None) -> None:
    global _received
    if _must_wait(frame):
        signal.signal(signal.SIGALRM, partial(_stop, code))
        signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_WAIT)
        return
    _received = code
    for other in EXIT_CODES:  # a second one would end the cleaning up
        signal.signal(other, _pass)  # SIG_IGN would complain of one that is on its way
    signal.signal(signal.SIGALRM, partial(_stop_again, code))
    signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_LEAVE, SECONDS_TO_LEAVE)
    raise Stopped(code)


def _stop_again(code: int, number: int, frame: FrameType | None) -> None:
    """C code that runs at the moment of a signal may swallow the exception.

    Nothing is raised while an exception is being handled: that is the cleaning up.
    """
    if sys.exception() is None and not _must_wait(frame):
        raise Stopped(code)


def _pass(number: int, frame: FrameType | None) -> None:
    pass


def _must_wait(frame: FrameType | None) -> bool:
    """Whether an exception would do harm: while a module is imported, or a draft is removed."""
    return _is_importing(frame) or is_cleaning(frame)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported.

    An exception there could leave locks of the import system held, and other threads that import
    would wait forever.
    """
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None
