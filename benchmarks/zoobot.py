"""Zoobot's own code, from the installed package, without what its parts import and never use."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load_losses() -> ModuleType:
    """The module zoobot.pytorch.training.losses, without what the package imports around it."""
    file = _folder("zoobot", "zoobot==2.9.0") / "pytorch" / "training" / "losses.py"
    spec = importlib.util.spec_from_file_location("zoobot_losses", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_catalogues() -> tuple[ModuleType, ModuleType]:
    """The modules zoobot.shared.load_predictions and zoobot.shared.schemas.

    They need scipy, h5py and one module of galaxy_datasets, which itself imports nothing; the
    package around that one downloads images.
    """
    _folder("zoobot", "zoobot==2.9.0")
    folder = _folder("galaxy_datasets", "galaxy-datasets==0.0.25")
    for name, place in (("galaxy_datasets", folder), ("galaxy_datasets.shared", folder / "shared")):
        package = ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package
    load_predictions = importlib.import_module("zoobot.shared.load_predictions")
    return load_predictions, importlib.import_module("zoobot.shared.schemas")


def _folder(package: str, requirement: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{package} is not installed: pip install --no-deps {requirement}")
    return Path(spec.submodule_search_locations[0])
