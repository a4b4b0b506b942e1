"""What a release says of itself is the same in every place that says it."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml

from tests.conftest import ROOT
from zoocli.foundation.version import __version__

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RECIPE: dict[str, Any] = yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text())
# What conda-forge calls the packages that have another name there.
CONDA = {
    "duckdb": "python-duckdb",
    "matplotlib": "matplotlib-base",
    "torch": "pytorch",
    "xxhash": "python-xxhash",
}


def needs(requirements: list[str]) -> dict[str, str]:
    """The least version of each package."""
    found = {}
    for one in requirements:
        name, least = re.fullmatch(r"([\w-]+) ?>=([\w.]+)", one).groups()  # type: ignore[union-attr]
        found[name] = least
    return found


def test_the_version_is_said_alike() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == RECIPE["context"]["version"] == __version__
    assert f"## [{__version__}] - " in (ROOT / "CHANGELOG.md").read_text()


def test_conda_has_the_dependencies_of_pip() -> None:
    run = needs(RECIPE["requirements"]["run"])
    assert run.pop("python") == PROJECT["requires-python"].removeprefix(">=")
    assert run == {CONDA.get(k, k): v for k, v in needs(PROJECT["dependencies"]).items()}
    extras = PROJECT["optional-dependencies"]
    optional = needs([*extras["astro"], *extras["dask"], *extras["report"]])
    found = needs(RECIPE["requirements"]["run_constraints"])
    assert found == {CONDA.get(k, k): v for k, v in optional.items()}
    entry = RECIPE["build"]["python"]["entry_points"]
    assert entry == [f"{name} = {target}" for name, target in PROJECT["scripts"].items()]


def test_the_recipe_says_what_the_package_says() -> None:
    about = RECIPE["about"]
    assert about["summary"] == PROJECT["description"]
    assert about["license"] == PROJECT["license"]
    assert about["license_file"] in PROJECT["license-files"]
