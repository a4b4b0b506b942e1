"""Optional packages, imported only when something needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from zoocli.errors import MachineError


def import_optional(module: str, what: str, extra: str = "astro") -> Any:
    """The module; where it is missing, MachineError says how to install it.

    `what` needs it, such as "Reading x.fits"; `extra` is the extra of zoocli that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or module).partition(".")[0]
        raise MachineError(
            f"{what} needs the package {package}, which is not installed. "
            f"Install it with pip install 'zoocli[{extra}]'."
        ) from error
