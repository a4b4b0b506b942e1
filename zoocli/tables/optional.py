"""Optional packages, imported only when something needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from zoocli.errors import MachineError


def needed(module: str, what: str, extra: str = "astro") -> Any:
    """The module; MachineError says how to install it where it is missing.

    `what` needs it, such as "Reading x.fits"; `extra` is the extra of zoocli that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or module).partition(".")[0]
        raise MachineError(
            f"{what} needs the package {package}, which is not installed. "
            f"Get it with pip install 'zoocli[{extra}]'."
        ) from error
