"""The report and the figures in the directory of an evaluation."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.command import done_well, run, small_predictions, small_votes, write, write_tree
from zoocli.report.evaluation_files import REPORT

FIGURES = {
    f"{name}.{format}"
    for name in (
        *("loss", "deviance_explained", "volunteers", "fractions", "purity"),
        *("reliability", "coverage", "pit"),
        *("confusion-shape", "confusion-bar"),
    )
    for format in ("pdf", "png")
}
TEXTS = {"metrics.json", "metrics.csv", "table.md", "table.tex", "sums.parquet"}


@pytest.fixture
def arguments(tmp_path: Path) -> list[object]:
    """Of an evaluation of three galaxies."""
    write(tmp_path / "p.csv", small_predictions())
    write(tmp_path / "v.csv", small_votes())
    files = (tmp_path / "p.csv", tmp_path / "v.csv")
    return ["evaluate", *files, "-s", write_tree(tmp_path), "-q"]


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_report_and_figures_are_the_same_every_time(arguments, tmp_path):
    out = tmp_path / "out"
    done_well(*arguments, "-o", out)
    first = content(out)
    assert set(first) == TEXTS | {REPORT} | {f"figures/{name}" for name in FIGURES}
    done_well(*arguments, "-o", out)  # in the place of the first
    assert content(out) == first
    done_well("merge", out, "-o", tmp_path / "merged", "-q")
    merged = content(tmp_path / "merged")
    assert {name for name in first if first[name] != merged[name]} <= {"sums.parquet"}
    done_well(*arguments, "-o", out, "--no-report")
    assert set(content(out)) == TEXTS


@pytest.mark.parametrize("name", ["figures/mine.png", "figures/loss.txt", "figures/more/loss.png"])
def test_a_file_of_the_user_s_is_never_replaced(arguments, tmp_path, name):
    out = tmp_path / "out"
    done_well(*arguments, "-o", out, "--no-report")
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("mine")
    done = run(*arguments, "-o", out)
    assert done.code == 2 and name.split("/")[1] in done.err
    assert (out / name).read_text() == "mine"


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_without_the_packages(arguments, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    done = done_well(*arguments[:-1], "-o", tmp_path / "out")
    assert "no report" in done.err and "pip install 'zoocli[report]'" in done.err
    assert set(content(tmp_path / "out")) == TEXTS
    assert done_well(*arguments, "-o", tmp_path / "quiet").err == ""
    for asked in (["--report"], ["--link", "https://example.org/{id}"]):
        refused = run(*arguments, "-o", tmp_path / "asked", *asked)
        assert refused.code == 4 and package in refused.err and "zoocli[report]" in refused.err
    assert not (tmp_path / "asked").exists()


def test_classes_and_values_have_reports(tmp_path):
    write(tmp_path / "p.csv", {"id": ["a", "b"], "x": [2.0, -1.0], "y": [0.5, 0.1]})
    write(tmp_path / "v.csv", {"id": ["a", "b"], "label": ["x", "y"], "size": [1.0, 0.3]})
    files = (tmp_path / "p.csv", tmp_path / "v.csv", "-q")
    done_well("evaluate", "-l", "ce", *files, "-o", tmp_path / "ce")
    assert {path.stem for path in (tmp_path / "ce" / "figures").iterdir()} == {
        "reliability",
        "reliability-classes",
        "purity",
        "confusion-classes",
    }
    targets = ("--label", "size", "--prediction", "x")
    done_well("evaluate", "-l", "mse", *files, *targets, "-o", tmp_path / "mse")
    assert {path.stem for path in (tmp_path / "mse" / "figures").iterdir()} == {"residuals"}
    for kind in ("ce", "mse"):
        assert "</html>" in (tmp_path / kind / REPORT).read_text()


def test_the_report_goes_into_a_directory(arguments):
    done = run(*arguments, "--report")
    assert done.code == 2 and "--output" in done.err
    assert run("merge", "summary.json", "--report").code == 2
