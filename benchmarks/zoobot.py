"""Zoobot's own losses, from the installed package, whose file of losses needs torch alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def load_losses() -> ModuleType:
    """The module zoobot.pytorch.training.losses, without what the package imports around it."""
    package = importlib.util.find_spec("zoobot")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("zoobot is not installed: pip install --no-deps zoobot==2.9.0")
    file = Path(package.submodule_search_locations[0]) / "pytorch" / "training" / "losses.py"
    spec = importlib.util.spec_from_file_location("zoobot_losses", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
