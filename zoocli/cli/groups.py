"""The options of commands, from dataclasses with one field per option.

A dataclass of `zoocli.runs.options` has all that Typer needs in its fields. Options of the command
line alone stand in dataclasses whose fields are annotated for Typer:

    @dataclass(frozen=True)
    class Size:
        width: Annotated[int, typer.Option(help="How wide.", rich_help_panel=OUTPUT)] = 1

    @with_groups
    def score(*, tables: Tables, options: ScoreOptions, size: Size, quiet: Quiet = False) -> None:

The help of `score` shows all of their options, in groups, and `score` is called with a
`ScoreOptions` and a `Size`. A command that cannot use some options of a dataclass says so:
`Annotated[EvaluateOptions, Without("link")]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand

from zoocli.cli.completion import completer_of
from zoocli.errors import UsageError
from zoocli.runs.options.option import GROUPS, Declared, Options, declared


class Without(tuple[str, ...]):
    """The options of a dataclass that a command does not have."""

    def __new__(cls, *names: str) -> Without:
        """Of these names."""
        return super().__new__(cls, names)


class GroupedCommand(TyperCommand):
    """A command whose help shows its options in groups, those of none last."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes the arguments and each group as a section."""
        sections: dict[str, list[tuple[str, str]]] = {
            name: [] for name in ("Arguments", *GROUPS, "Options")
        }
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                option = parameter.param_type_name == "option"
                group = getattr(parameter, "rich_help_panel", None) or "Options"
                sections[group if option else "Arguments"].append(record)
        for name, records in sections.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the signature that Typer needs: each group is replaced by its options.

    All parameters of the command are keyword-only, so their order is free.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, tuple[Any, Without]] = {
        name: (group, without)
        for name, (group, without) in ((name, _group(hint)) for name, hint in hints.items())
        if is_dataclass(group)
    }
    parameters: list[Parameter] = []
    for name, parameter in signature(command).parameters.items():
        if name in groups:
            parameters += _parameters(*groups[name])
        else:
            parameters.append(parameter.replace(annotation=hints[name]))

    @wraps(command)
    def run(**values: Any) -> None:
        for name, (group, without) in groups.items():
            values[name] = _made(group, values, without)
        names = signature(command).parameters
        command(**{name: values[name] for name in names})

    run.__dict__["__signature__"] = Signature(parameters)
    return run


def _group(hint: Any) -> tuple[Any, Without]:
    """The type of a parameter, and which of its options the command does not have."""
    without = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Without)]
    return (hint.__origin__, without[0]) if without else (hint, Without())


def _parameters(group: type[Any], without: tuple[str, ...] = ()) -> Iterator[Parameter]:
    if not issubclass(group, Options):
        hints = get_type_hints(group, include_extras=True)
        for field in fields(group):
            default = Parameter.empty if field.default is MISSING else field.default
            yield _keyword(field.name, hints[field.name], default)
        return
    known = {one.name: one for one in declared(group)}
    for field in fields(group):
        if field.name in known and field.name not in without:
            yield _of_option(known[field.name])
    for field in _nested(group):
        yield from _parameters(field.metadata["options"], field.metadata["without"])


def _of_option(one: Declared) -> Parameter:
    """An option of the library as Typer takes it."""
    option, flag = one.option, f"--{one.name.rstrip('_').replace('_', '-')}"
    listed = one.several and not option.commas
    hint: Any = str if one.several and option.commas else one.kind
    hint = list[hint] if listed else hint
    default = None if one.several else one.default
    info = typer.Option(
        *(flag, option.short) if option.short else (flag,),
        metavar=option.metavar,
        help=option.help,
        rich_help_panel=option.group,
        autocompletion=completer_of(one.name, option.metavar),
    )
    return _keyword(one.name, Annotated[hint | None if default is None else hint, info], default)


def _keyword(name: str, annotation: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _nested(group: type[Any]) -> list[Field[Any]]:
    """The fields that are options of another command."""
    return [field for field in fields(group) if "options" in field.metadata]


def _made(group: type[Any], values: Mapping[str, Any], without: tuple[str, ...] = ()) -> Any:
    """The group with the values of its options.

    Those without are left to the library, which has defaults of its own.
    """
    if not issubclass(group, Options):
        return group(**{field.name: values[field.name] for field in fields(group)})
    given: dict[str, Any] = {
        one.name: _value(one, values[one.name])
        for one in declared(group)
        if one.name not in without and values[one.name] is not None
    }
    for field in _nested(group):
        given[field.name] = _made(field.metadata["options"], values, field.metadata["without"])
    return group(**given)


def _value(one: Declared, value: Any) -> Any:
    if not (one.several and one.option.commas):
        return value
    try:
        return tuple(map(one.kind, value.split(","))) if value else ()
    except ValueError:
        raise UsageError(
            f"--{one.name.replace('_', '-')} takes numbers separated by commas, such as 1,2.5,1; "
            f"not '{value}'."
        ) from None
