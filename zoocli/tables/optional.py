"""Packages that only some formats need, imported when one of these is met."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from zoocli.errors import MachineError


def needed(module: str, what: str, extra: str = "astro") -> Any:
    """The module; MachineError says how to get it, where it is not installed.

    `what` needs it: "Reading x.fits", say; `extra` of zoocli brings it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise MachineError(
            f"{what} needs the package {package}, which is not installed. "
            f"Get it with pip install 'zoocli[{extra}]'."
        ) from error
