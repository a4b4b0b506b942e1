"""Groups of options: what Typer shows, what commands get, and that defaults are the library's."""

from __future__ import annotations

from dataclasses import dataclass, fields
from inspect import signature
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from zoocli.cli.catalog import Cataloguing
from zoocli.cli.evaluate import Evaluating
from zoocli.cli.fit import Fitting
from zoocli.cli.groups import given, with_groups
from zoocli.cli.inputs import Scoring
from zoocli.cli.options import Limits
from zoocli.cli.predict import Predicting
from zoocli.heads.fitting import FitOptions
from zoocli.runs.options.catalog import CatalogOptions
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.options.predict import PredictOptions
from zoocli.runs.options.score import ScoreOptions

LIBRARY = {
    Scoring: ScoreOptions,
    Limits: ScoreOptions,
    Evaluating: EvaluateOptions,
    Cataloguing: CatalogOptions,
    Predicting: PredictOptions,
    Fitting: FitOptions,
}


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


def test_only_what_has_a_value_is_given():
    assert given(Size(0), Limits(memory_limit="1GB")) == {"width": 0, "memory_limit": "1GB"}


@pytest.mark.parametrize("group", LIBRARY, ids=lambda group: group.__name__)
def test_names_and_defaults_are_those_of_the_library(group):
    defaults = {field.name: field.default for field in fields(LIBRARY[group])}
    for field in fields(group):
        assert field.name in defaults
        if field.default is not None:
            assert field.default == defaults[field.name], field.name
        else:
            assert defaults[field.name] in (None, ()), field.name
