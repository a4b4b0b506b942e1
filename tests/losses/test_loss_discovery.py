"""Losses are found by their files: a new file is enough for the command line to score with it."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import zoocli.losses
from tests.command import QUESTIONS, small_predictions, small_votes, write, write_tree
from tests.conftest import ROOT
from zoocli.errors import UsageError
from zoocli.losses import find_loss, loss_names, unit_of

# `beta` is also the name of a kernel that has nothing to do with it.
NEW_LOSSES = {
    "beta": """
def distance(concentrations, votes):
    return (concentrations - votes).abs().sum(-1) * (votes.sum(-1) > 0)

LOSS = Loss(name="beta", scores="tree", function=distance, unit="votes")
""",
    "cubic_error": """
def cubic_error(y_pred, y):
    return (y_pred - y).abs() ** 3

LOSS = Loss(name="cubic-error", scores="values", function=cubic_error, aliases=("cube",))
""",
    "hinge": """
def hinge(y_pred, y):
    return 1 - y_pred.gather(1, y.long().unsqueeze(1)).squeeze(1)

LOSS = Loss(name="hinge", scores="classes", function=hinge)
""",
}
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with more losses, one file each."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "zoocli", folder / "zoocli")
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    for name, source in NEW_LOSSES.items():
        file = folder / "zoocli" / "losses" / f"{name}.py"
        file.write_text(f"from zoocli.losses.loss import Loss\n{source}")
    return folder


@pytest.fixture
def with_more(package: Path, tmp_path: Path) -> Run:
    """Runs the command line of the copy in an empty folder."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "zoocli", *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(package)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_the_names_of_the_design() -> None:
    assert {"dirichlet", "cross-entropy", "mse", "l1"} <= set(loss_names())
    assert find_loss("ce").name == "cross-entropy"
    assert find_loss("mae").name == "l1"


def test_names_by_what_is_scored() -> None:
    names = [loss_names(scores) for scores in ("tree", "classes", "values")]
    assert names == [["dirichlet"], ["cross-entropy"], ["l1", "mse"]]
    assert sorted(itertools.chain(*names)) == loss_names()


def test_units_are_known_by_every_name() -> None:
    assert [unit_of(name) for name in ("dirichlet", "ce", "cross-entropy")] == ["nats"] * 3
    assert [unit_of(name) for name in ("mse", "mae", "another", None)] == [None] * 4


def test_a_new_loss_stands_in_the_help(with_more: Run) -> None:
    help = with_more("score", "--help").stdout
    text = " ".join(help.split()).replace("- ", "-")  # lines may end at a hyphen
    assert "beta, cross-entropy (ce), cubic-error (cube), dirichlet, hinge, l1 (mae), mse." in text
    assert "cross-entropy, hinge: weight of each class" in text
    assert "repeatable for cubic-error, l1, mse." in text


def test_a_new_loss_of_a_tree_needs_no_kernel(with_more: Run, tmp_path: Path) -> None:
    write_tree(tmp_path)
    predictions, votes = small_predictions(), small_votes()
    write(tmp_path / "p.parquet", predictions)
    write(tmp_path / "v.parquet", votes)
    command = ["score", "p.parquet", "v.parquet", "-s", "tree.yaml", "-l", "beta"]
    done = with_more(*command, "-o", "scores.parquet")
    assert done.returncode == 0, done.stderr
    made = pq.read_table(tmp_path / "scores.parquet")
    for question, answers in QUESTIONS.items():
        expected = [
            sum(abs(predictions[answer][row] - votes[answer][row]) for answer in answers)
            for row in range(2)
        ]
        expected.append(0.0)  # the third galaxy has no votes
        assert made[f"{question}_loss"].to_pylist() == expected
    assert "beta loss in votes, schema tree" in with_more("summarize", "scores.parquet").stdout
    refused = with_more(*command, "--backend", "numba")
    assert refused.returncode == 2 and "has no loop for the loss 'beta'" in refused.stderr


def test_a_check_finds_the_schema_of_a_new_loss(with_more: Run, tmp_path: Path) -> None:
    write_tree(tmp_path)
    for name, columns in (("p", small_predictions()), ("v", small_votes())):
        columns[f"of_{name}"] = columns.pop("id")  # no column is the id of both tables
        write(tmp_path / f"{name}.parquet", columns)
    done = with_more("check", "p.parquet", "v.parquet", "-s", "tree.yaml", "-l", "beta")
    assert done.returncode == 3 and "tree" in done.stdout + done.stderr
    assert "schema" in done.stdout + done.stderr


def test_a_new_loss_of_values(with_more: Run, tmp_path: Path) -> None:
    write(tmp_path / "p.parquet", {"id": ["a", "b"], "value": [1.0, 4.0]})
    write(tmp_path / "v.parquet", {"id": ["b", "a"], "label": [2.0, 1.5]})
    done = with_more("score", "p.parquet", "v.parquet", "-l", "cube", "-o", "scores.parquet")
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "scores.parquet")["loss"].to_pylist() == [0.125, 8.0]
    assert done.stdout == ""
    assert "cubic-error loss\n" in with_more("summarize", "scores.parquet").stdout


def test_a_new_loss_of_classes_and_the_options_that_it_lacks(
    with_more: Run, tmp_path: Path
) -> None:
    write(tmp_path / "p.parquet", {"id": ["a", "b"], "x": [0.5, 2.0], "y": [3.0, -1.0]})
    write(tmp_path / "v.parquet", {"id": ["a", "b"], "label": ["y", "x"]})
    command = ["score", "p.parquet", "v.parquet", "-l", "hinge"]
    done = with_more(*command, "-o", "scores.parquet")
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "scores.parquet")["loss"].to_pylist() == [-2.0, -1.0]
    for option, value in (("--class-weights", "1,2"), ("--label-smoothing", "0.1")):
        refused = with_more(*command, option, value)
        assert refused.returncode == 2
        assert f"The loss 'hinge' does not use {option}." in refused.stderr


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError, match=r"no loss 'qqq'\. Choose one of .*dirichlet.*mae"):
        find_loss("qqq")


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    assert not hasattr(zoocli.losses, "huber_loss")
