"""What a user installs works without the checkout: schemas inside, sample scored."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

SAMPLE = ROOT / "sample_data"


def run(*command: object, **options: object) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from the source distribution, as a release is; the backend is the installed one."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Runs Python in an empty folder where zoocli comes from the wheel, and all else is shared."""
    target, elsewhere = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("elsewhere")
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel)
    # First on the path: before an editable installation of the checkout.
    environment = os.environ | {"PYTHONPATH": str(target)}

    def python(*arguments: object) -> str:
        return run(*arguments, cwd=elsewhere, env=environment)

    assert Path(python("-c", "import zoocli; print(zoocli.__file__)")).is_relative_to(target)
    return python


def test_the_wheel_holds_the_package_and_its_schemas_only(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"zoocli"}
    inside = [Path(name) for name in names if name.startswith("zoocli/schemas/")]
    packaged = {path.name for path in inside if path.suffix == ".yaml"}
    assert packaged == {path.name for path in (ROOT / "schemas").glob("*.yaml")}
    assert len(packaged) >= 21
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "zoocli/py.typed" in names
    for part in ("report.html.j2", "report.css", "report.js"):
        assert f"zoocli/report/html/{part}" in names


def test_the_wheel_finds_its_schemas(installed):
    listed = installed("-m", "zoocli", "schema", "list")
    assert all(path.stem in listed for path in (ROOT / "schemas").glob("*.yaml"))


def test_the_wheel_scores_the_sample(installed):
    predictions, votes = SAMPLE / "predictions.parquet", SAMPLE / "votes.parquet"
    installed("-m", "zoocli", "score", predictions, votes, "-o", "scores.parquet", "-q")
    count = "import pyarrow.parquet as pq; print(pq.read_table('scores.parquet').num_rows > 0)"
    assert installed("-c", count) == "True\n"
    assert '"overall"' in installed(
        "-m", "zoocli", "summarize", "scores.parquet", "--format", "json"
    )


def test_the_index_takes_both_distributions(wheel):
    files = sorted(wheel.parent.iterdir())
    assert [file.suffix for file in files] == [".whl", ".gz"]
    assert run("-m", "twine", "check", "--strict", *files).count("PASSED") == 2


def test_the_wheel_declares_its_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "zoocli = zoocli.__main__:command" in archive.read(name).decode()
