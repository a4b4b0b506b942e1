"""The command line: a thin layer over the library.

Each command has a file with its options, one call of the library, and the output of the result.
`main` is the only place where an error becomes text and an exit code. Heavy modules are imported
only when a command that needs them runs, so `zoocli --help` answers at once.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FrameType
from typing import Annotated, Any, NoReturn, TextIO

import typer
from typer.exceptions import TyperException

from zoocli.cli.messages import complain, say, warn
from zoocli.cli.options import Quiet
from zoocli.errors import DataError, MachineError, ZoocliError, ZoocliWarning
from zoocli.version import __version__

INTERRUPTED, TERMINATED = 130, 143
SECONDS_TO_LEAVE = 5.0
SECONDS_OF_IMPORT = 0.01
# Imports create many objects and little garbage: collecting it takes a tenth of a short run.
ALLOCATIONS_PER_COLLECTION = 100_000

# Each has a file of its own. The order is that of the help.
COMMANDS = (
    "score",
    "check",
    "summarize",
    "catalog",
    "merge",
    "compare",
    "evaluate",
    "predict",
    "fit",
    "simulate",
    "schema",
)


def app_with(commands: Sequence[str]) -> typer.Typer:
    """The command line with these commands; imports only their files."""
    app = typer.Typer(
        name="zoocli",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        # Plain help: names in [brackets] are not markup, and rich is not imported.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_zoocli)
    for name in commands:
        module = import_module(f"zoocli.cli.{name}")
        if hasattr(module, "app"):  # it has subcommands
            app.add_typer(module.app, name=name)
        else:
            app.command()(getattr(module, name))
    return app


def _commands_for(args: Sequence[str]) -> Sequence[str]:
    """The command that is called, or all of them for the help, errors and completion.

    Building the options of all commands takes longer than scoring ten thousand galaxies.
    """
    first = next((word for word in args if not word.startswith("-")), None)
    return [first] if first in COMMANDS else COMMANDS


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zoocli {__version__}")
        raise typer.Exit


def _zoocli(
    quiet: Quiet = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Score and evaluate galaxy-morphology predictions against volunteers' votes."""


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Runs the command in `args` (by default the arguments of the process), and exits.

    Exit codes: 0 success (also when the reader of a pipe closes it early), 1 a defect of zoocli
    (the only case with a traceback), 2 wrong usage, 3 wrong data, 4 the machine lacks something,
    130 interrupted, 143 terminated.
    """
    _fill_closed_streams()
    gc.set_threshold(ALLOCATIONS_PER_COLLECTION)
    signal.signal(signal.SIGTERM, _terminate)
    with warnings.catch_warnings():
        warnings.simplefilter("always", ZoocliWarning)
        warnings.showwarning = _warning_shower()
        code = _guarded(lambda: _run(args))
        # Writing what is still buffered may fail too, on a closed pipe or a full disk.
        flushed = _guarded(_flush)
    sys.exit(code or flushed)


def _fill_closed_streams() -> None:
    """Discards output to streams that the caller closed (`>&-`)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def _run(args: Sequence[str] | None) -> int:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as in background jobs
        signal.signal(signal.SIGINT, _interrupt)
    args = sys.argv[1:] if args is None else args
    command = typer.main.get_command(app_with(_commands_for(args)))
    code = command.main(args, prog_name="zoocli", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _flush() -> int:
    sys.stdout.flush()
    return 0


def _guarded(work: Callable[[], int]) -> int:
    """The error boundary: the exit code of `work`, or of the error that it raised."""
    try:
        return work()
    except ZoocliError as error:
        return complain(str(error), error.exit_code)
    except TyperException as error:
        return _refuse_usage(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Terminated:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return TERMINATED
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # which typer turns into exit 1
            return _reader_left()
        raise
    except BrokenPipeError:
        return _reader_left()
    except MemoryError:
        return complain("Out of memory. Run on a machine with more memory.", MachineError.exit_code)
    except OSError as error:
        return _stopped_before(error) or _refuse_file(error)
    except Exception as error:
        code = _stopped_before(error)
        if code is None:
            raise
        return code


def _stopped_before(error: BaseException) -> int | None:
    """The exit code of the signal that the error followed, if any.

    For example, a lock whose acquisition was interrupted cannot be released, which is an error.
    """
    cause = error.__context__
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            return INTERRUPTED
        if isinstance(cause, Terminated):
            signal.setitimer(signal.ITIMER_REAL, 0)
            return TERMINATED
        cause = cause.__context__
    return None


def _refuse_usage(error: TyperException) -> int:
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if context is None:
        return complain(message, error.exit_code)
    if message == context.get_help():  # no command was given
        say(message)
        return error.exit_code
    sentence = " ".join(message.split()).rstrip(".")
    return complain(f"{sentence}. Try '{context.command_path} --help'.", error.exit_code)


def _refuse_file(error: OSError) -> int:
    where = "" if error.filename is None else f": '{os.fsdecode(error.filename)}'"
    if isinstance(error, FileNotFoundError):
        return complain(f"{error.strerror}{where}. Check the path.", DataError.exit_code)
    advice = "Free space or grant access, or choose another location."
    reason = error.strerror or str(error).rstrip(".")
    return complain(f"{reason}{where}. {advice}", MachineError.exit_code)


def _reader_left() -> int:
    """Points stdout to the null device, so that the last flush does not fail as well."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Exits through an exception, so that every `finally` removes its temporary files."""
    if not _put_off(_interrupt, frame):
        raise KeyboardInterrupt


def _put_off(handler: Callable[[int, FrameType | None], None], frame: FrameType | None) -> bool:
    """Handles the signal a little later if a module is being imported; whether it did.

    An exception there could leave locks of the import system held, and other threads that import
    would wait forever.
    """
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    if frame is None:
        return False
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, SECONDS_OF_IMPORT)
    return True


class Terminated(SystemExit):
    """SIGTERM was received."""


def _terminate(number: int, frame: FrameType | None) -> None:
    """Exits through an exception, so that every `finally` removes its temporary files.

    C code running at that moment (the start of an imported module) may swallow the exception, so
    it is raised again after a while, unless it is being handled.
    """
    if not isinstance(sys.exception(), Terminated) and not _put_off(_terminate, frame):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, _terminate)
        signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_LEAVE, SECONDS_TO_LEAVE)
        raise Terminated(TERMINATED)


def _warning_shower() -> Callable[..., None]:
    """Shows warnings of zoocli on one line, and others as Python does."""
    shown_by_python = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> Any:
        if issubclass(category, ZoocliWarning):
            warn(str(message))
        else:
            shown_by_python(message, category, filename, lineno, file, line)

    return show
