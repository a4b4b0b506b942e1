"""Groups of options: what Typer shows, what commands get, and that defaults are the library's."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Annotated, Any, Literal

import pytest
import typer
from typer.testing import CliRunner

from tests.command import done_well
from zoocli.cli import COMMANDS
from zoocli.cli.groups import GroupedCommand, with_groups
from zoocli.errors import UsageError
from zoocli.runs.options.option import COLUMNS, LOSS, MACHINE, Options, option


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option("--width", "-w", help="How wide.")]
    height: Annotated[int | None, typer.Option(help="How high.")] = None
    names: Annotated[list[str] | None, typer.Option(help="Its names.")] = None


got: list[Any] = []


@with_groups
def draw(
    *,
    file: Annotated[str, typer.Argument()],
    colour: Annotated[str, typer.Option(help="Which colour.")] = "red",
    size: Size,
) -> None:
    """Draw something."""
    got.append((file, colour, size))


def run(*arguments: str) -> Any:
    app = typer.Typer(rich_markup_mode=None)
    app.command()(draw)
    got.clear()
    return CliRunner().invoke(app, arguments)


def test_the_options_stand_where_the_group_stood():
    assert list(signature(draw).parameters) == ["file", "colour", "width", "height", "names"]
    shown = run("--help").output
    assert "Draw something." in shown and "[required]" in shown
    places = [shown.index(text) for text in ("Which colour", "How wide", "How high", "Its names")]
    assert places == sorted(places)


def test_the_command_gets_the_group():
    assert run("f", "-w", "3", "--names", "a", "--names", "b").exit_code == 0
    assert got == [("f", "red", Size(3, None, ["a", "b"]))]
    assert run("f", "--colour", "blue", "--width", "3", "--height", "4").exit_code == 0
    assert got == [("f", "blue", Size(3, 4))]


def test_an_option_without_a_default_is_required():
    assert run("f").exit_code == 2


def test_options_of_the_same_name_are_refused():
    with pytest.raises(ValueError, match="width"):

        @with_groups
        def twice(*, width: Annotated[int, typer.Option()], size: Size) -> None: ...


@dataclass(frozen=True)
class Inner(Options):
    tint: str = option("none", "Which tint.", LOSS)
    odd: int = option(1, "Left out.", LOSS)


@dataclass(frozen=True)
class Outer(Options):
    inner: Inner = field(default_factory=Inner, metadata={"options": Inner, "without": ("odd",)})
    weights: Sequence[float] = option((), "Weights.", LOSS, commas=True, above=0)
    names: Sequence[str] = option((), "Names.", COLUMNS, short="-n", metavar="NAME")
    most: int | None = option(None, "At most.", MACHINE, least=1, most=9)
    kind: Literal["a", "b"] = option("a", "The kind.", MACHINE)


taken: list[Outer] = []


@with_groups
def take(*, options: Outer, loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
    """Take something."""
    taken.append(options)


def invoke(*arguments: str) -> Any:
    app = typer.Typer(rich_markup_mode=None)
    app.command(cls=GroupedCommand)(take)
    taken.clear()
    return CliRunner().invoke(app, arguments)


def test_options_of_the_library_are_made_of_their_declarations():
    assert invoke().exit_code == 0 and taken == [Outer()]
    given = ("-n", "x", "-n", "y", "--weights", "1,2.5", "--most", "3", "--kind", "b")
    assert invoke(*given, "--tint", "red").exit_code == 0
    assert taken == [Outer(Inner("red"), (1.0, 2.5), ("x", "y"), 3, "b")]
    assert invoke("--odd", "2").exit_code == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"most": 10}, "most= must be at least 1 and at most 9, not 10"),
        ({"weights": (1.0, 0.0)}, "weights= must be above 0"),
        ({"kind": "c"}, "kind= is one of a, b"),
        ({"names": ["x", "x"]}, "names= names 'x' more than once"),
    ],
)
def test_values_are_checked_by_their_declarations(wrong: dict[str, Any], message: str):
    with pytest.raises(UsageError, match=message):
        Outer(**wrong)


def test_one_value_stands_for_several():
    assert Outer(names="x").names == ("x",) and Outer(weights=2.0).weights == (2.0,)


def test_the_help_has_a_section_for_each_group():
    lines = invoke("--help").output.splitlines()
    headings = [line for line in lines if re.fullmatch(r"\w[\w ]*:", line)]
    assert headings == ["Columns:", "Loss:", "Machine:", "Options:"]
    assert not any("--odd" in line for line in lines)


@pytest.mark.parametrize(
    ("command", "groups"),
    [
        ("score", "Output, Columns, Galaxies, Loss, Invalid data, Machine, Cluster"),
        ("evaluate", "Columns, Galaxies, Loss, Galaxies that count, Intervals, Report"),
        ("catalog", "Catalogue, Columns, Invalid data, Machine, Cluster"),
        ("predict", "Head, Columns, Passes, Machine, Cluster"),
        ("fit", "Columns, Loss, Training, Invalid data, Machine"),
    ],
)
def test_the_options_of_commands_are_in_groups(command: str, groups: str):
    shown = done_well(command, "--help").out
    places = [shown.index(f"\n{group}:\n") for group in groups.split(", ")]
    assert places == sorted(places)
    rest = shown.split("\nOptions:\n")[1]
    assert set(re.findall(r"--[\w-]+", rest)) <= {"--quiet", "--help"}


def test_no_command_is_cut_off_in_the_help():
    shown = done_well("--help").out
    commands = shown.split("Commands:\n")[1].splitlines()
    assert [line.split()[0] for line in commands] == list(COMMANDS)
    assert not any("..." in line or len(line) > 80 for line in commands)


@pytest.mark.parametrize("command", [(), ("score",), ("evaluate",), ("summarize",), ("fit",)])
def test_help_loads_nothing_heavy(command: tuple[str, ...]) -> None:
    """A terminal that completes or explains a command must answer at once."""
    code = (
        "import sys\nfrom zoocli.cli import main\n"
        f"try: main([*{command}, '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pyarrow', 'pandas', 'torch', 'rich', 'duckdb', 'numba'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
