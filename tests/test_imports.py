"""What imports what: heavy modules late, and zoocli's own parts downward only."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "zoocli"
HEAVY = (
    "torch",
    "torchmetrics",
    "pandas",
    "duckdb",
    "numba",
    "pyarrow",
    "numpy",
    "rich",
    "astropy",
    "h5py",
    "matplotlib",
    "jinja2",
    "dask",
    "distributed",
)

UNUSED = ("numba", "torch", "pandas", "duckdb", "rich", "dask", "distributed")

# From what everything may use up to what uses everything: a part imports from lower layers only.
LAYER = {
    part.rstrip("/").removesuffix(".py"): int(number)
    for number, part in re.findall(
        r"^\| (\d+) \| `zoocli/(\S+)` \|", (ROOT / "docs/architecture.md").read_text(), re.M
    )
}


def part_of(module: str) -> str:
    """The part that a dotted module name belongs to: `zoocli.cli.score` is of `cli`."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def imported_parts(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            parts = [f"zoocli.{alias.name}" for alias in node.names]
            # `from zoocli import name` takes a part, or else one of the public names.
            modules = (
                [name if part_of(name) in LAYER else "zoocli" for name in parts]
                if node.module == "zoocli"
                else [node.module or ""]
            )
        else:
            continue
        yield from (part_of(name) for name in modules if name.split(".")[0] == "zoocli")


def upward_imports(part: str, source: str) -> list[str]:
    return [
        other for other in imported_parts(source) if other != part and LAYER[other] >= LAYER[part]
    ]


def module_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of_file(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_part_has_its_layer():
    assert {part_of_file(file) for file in module_files()} <= LAYER.keys()


@pytest.mark.parametrize("file", module_files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_downward_only(file):
    assert upward_imports(part_of_file(file), file.read_text()) == []


@pytest.mark.parametrize(
    ("part", "source", "found"),
    [
        ("schema", "from zoocli.errors import DataError", []),
        ("schema", "import zoocli.schema", []),
        ("errors", "from zoocli.schema import Schema", ["schema"]),
        ("foundation", "def f():\n    from zoocli import schema", ["schema"]),
        ("losses", "from zoocli import cli, errors", ["cli"]),
        ("scoring", "import zoocli.cli.score", ["cli"]),
        ("scoring", "from zoocli import score", ["__init__"]),
    ],
)
def test_upward_imports_are_found(part, source, found):
    assert upward_imports(part, source) == found


def test_no_test_module_imports_another() -> None:
    """What tests share has a module of its own."""
    for file in sorted((ROOT / "tests").rglob("*.py")):
        taken = re.findall(r"^\s*(?:from|import) (tests\.[\w.]*\btest_\w+)", file.read_text(), re.M)
        assert not taken, f"{file.name}: {taken}"


def test_the_package_has_few_entries() -> None:
    """At most five files and eighteen entries, so that somebody who opens it sees the program."""
    entries = [one for one in PACKAGE.iterdir() if one.name != "__pycache__"]
    assert len(entries) <= 18
    assert len([one for one in entries if one.is_file()]) <= 5


@pytest.mark.parametrize("module", ["zoocli", "zoocli.cli"])
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == ""


def test_help_answers_at_once(zoocli, record_property):
    start = time.perf_counter()
    done = zoocli("--help")
    seconds = time.perf_counter() - start
    record_property("seconds", seconds)
    print(f"zoocli --help: {seconds:.2f} s")
    assert done.returncode == 0
    assert seconds < 5  # loading the heavy modules alone takes longer on a busy machine


@pytest.mark.parametrize(
    "command",
    [["score", "predictions.parquet", "votes.parquet"], ["catalog", "predictions.parquet"]],
    ids=["score", "catalog"],
)
def test_work_loads_neither_numba_nor_torch_nor_pandas(command, tmp_path):
    command = [*command, "-o", str(tmp_path / "out.parquet")]
    code = f"""
import sys, zoocli.cli
try:
    zoocli.cli.main({[*command, "-q"]})
except SystemExit as stop:
    assert stop.code == 0
print(*[name for name in {UNUSED} if name in sys.modules])
"""
    for _ in range(2):  # the first run may have to compile
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=ROOT / "sample_data",
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=True,
        )
    assert done.stdout.strip() == ""
