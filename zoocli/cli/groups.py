"""Groups of options: dataclasses with one field per option, for commands to share.

    @dataclass(frozen=True)
    class Limits:
        threads: Annotated[int | None, typer.Option(help="Number of threads.")] = None
        memory_limit: Annotated[str | None, typer.Option(help="Memory limit.")] = None

    @with_groups
    def score(*, tables: Tables, limits: Limits, quiet: Quiet = False) -> None: ...

The help of `score` shows --threads and --memory-limit, and `score` is called with a `Limits`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the signature that Typer needs: each group is replaced by its options.

    All parameters of the command are keyword-only, so their order is free: it is that of the help.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[Parameter] = []
    for name, parameter in signature(command).parameters.items():
        if name in groups:
            parameters += _options(groups[name])
        else:
            parameters.append(parameter.replace(annotation=hints[name]))

    @wraps(command)
    def run(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    run.__dict__["__signature__"] = Signature(parameters)
    return run


def _options(group: type[Any]) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]


def given(*groups: Any) -> dict[str, Any]:
    """The options of the groups that have a value, by name.

    Those without are left to the library, which has defaults of its own.

    >>> from zoocli.cli.options import Limits
    >>> given(Limits(threads=2))
    {'threads': 2}
    """
    values = {name: value for group in groups for name, value in vars(group).items()}
    return {name: value for name, value in values.items() if value is not None}
