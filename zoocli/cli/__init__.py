"""The command line: a thin layer over the library.

Each command has a file with its options, one call of the library, and the output of the result.
`main` is the only place where an error becomes text and an exit code. Heavy modules are imported
only when a command that needs them runs, so `zoocli --help` answers at once.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any, NoReturn, TextIO

import typer
from typer.exceptions import TyperException

from zoocli.cli import stopping
from zoocli.cli.groups import GroupedCommand
from zoocli.cli.messages import complain, say, warn
from zoocli.cli.options import Quiet
from zoocli.cli.outputs import put
from zoocli.errors import DataError, MachineError, ZoocliError, ZoocliWarning, first_line

# Imports create many objects and little garbage: collecting it takes a tenth of a short run.
ALLOCATIONS_PER_COLLECTION = 100_000

# Each has a file of its own. The order is that of the help.
COMMANDS = (
    "score",
    "check",
    "show",
    "summarize",
    "catalog",
    "merge",
    "rank",
    "compare",
    "evaluate",
    "predict",
    "fit",
    "simulate",
    "cite",
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
            app.command(cls=GroupedCommand)(getattr(module, name))
    return app


def _commands_for(args: Sequence[str]) -> Sequence[str]:
    """The command that is called, or all of them for the help, errors and completion.

    Building the options of all commands takes longer than scoring ten thousand galaxies.
    """
    first = next((word for word in args if not word.startswith("-")), None)
    return [first] if first in COMMANDS else COMMANDS


def _show_version(wanted: bool) -> None:
    if wanted:
        from zoocli.cli.versions import describe

        put(describe())
        raise typer.Exit


def _zoocli(
    quiet: Quiet = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the versions of zoocli and its parts, and what it finds of the machine.",
        ),
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
    stopping.listen()
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
    except BaseException as error:
        stopped = stopping.exit_code()
        if stopped is None:
            return _exit_code_of(error)
    # A signal between entering a context and its block leaves the context open: it is closed, and
    # cleans up, as the frames that hold it are freed.
    gc.collect()
    return stopped


def _exit_code_of(error: BaseException) -> int:
    """Says what is wrong; raises what is a defect, or a wish to exit, again."""
    match error:
        case ZoocliError():
            return complain(error.message, error.exit_code)
        case TyperException():
            return _refuse_usage(error)
        case KeyboardInterrupt():
            return stopping.INTERRUPTED
        case SystemExit(__context__=BrokenPipeError()):  # which typer turns into exit 1
            return _reader_left()
        case BrokenPipeError():
            return _reader_left()
        case MemoryError():
            advice = "Run on a machine with more memory."
            return complain(f"Out of memory. {advice}", MachineError.exit_code)
        case RuntimeError() if "start new thread" in str(error):
            advice = (
                "Raise the limit of processes or of memory (ulimit -u, -v), or use --threads 1."
            )
            return complain(f"No thread can be started. {advice}", MachineError.exit_code)
        case ImportError() if not (error.name or "").startswith("zoocli"):
            advice = (
                "Give it more memory and open files, or install zoocli and what it needs again."
            )
            reason = first_line(error).rstrip(".")
            return complain(
                f"A library cannot be loaded: {reason}. {advice}", MachineError.exit_code
            )
        case OSError():
            return _refuse_file(error)
        case _:
            raise error


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
            warn(message if isinstance(message, str) else str(message.args[0]))
        else:
            shown_by_python(message, category, filename, lineno, file, line)

    return show
