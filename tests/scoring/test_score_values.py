"""`zoocli score --loss mse|l1`: one target and several, nulls and impossible predictions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.command import done_well, read, run, write

POWER = {"mse": 2, "l1": 1, "mae": 1}
TRUTH = [1.0, -2.5, 1e6, 0.1]
GUESS = [1.5, -2.25, 1e6 - 3, 0.3]
IDS = ["a", "b", "c", "d"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(loss: str, p: dict[str, Any], v: dict[str, Any], suffix: str = "parquet") -> list[object]:
    """Writes predictions and truths; gives the command's first words."""
    write(Path(f"p.{suffix}"), {"id": IDS} | p)
    write(Path(f"v.{suffix}"), {"id": IDS} | v)
    return ["score", f"p.{suffix}", f"v.{suffix}", "--loss", loss]


def score(*command: object) -> pa.Table:
    done_well(*command, "-o", "s.parquet")
    return read(Path("s.parquet"))


def summary(*command: object) -> dict[str, Any]:
    done_well(*command, "--summary", "s.json")
    result: dict[str, Any] = json.loads(Path("s.json").read_text())
    return result


def by_hand(loss: str, truth: Any = tuple(TRUTH), guess: Any = tuple(GUESS)) -> list[float]:
    return [abs(t - g) ** POWER[loss] for t, g in zip(truth, guess, strict=True)]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("loss", POWER)
def test_one_target(loss: str, suffix: str) -> None:
    command = put(loss, {"guess": GUESS}, {"label": TRUTH}, suffix)
    made = score(*command)
    assert made.column_names == ["id", "loss"]
    assert made["loss"].to_pylist() == by_hand(loss)
    result = summary(*command)
    assert result["loss"] == ("mse" if loss == "mse" else "l1")
    assert result["questions"] == {} and result["campaigns"] == {} and result["schema"] is None
    overall = result["overall"]
    assert overall["mean"] == overall["mean_all"] == pytest.approx(sum(by_hand(loss)) / 4)
    assert overall["galaxies"] == overall["galaxies_all"] == 4 and overall["votes"] is None
    settings = result["settings"]
    assert (settings["labels"], settings["predictions"]) == (["label"], ["guess"])


def two_targets(loss: str, suffix: str = "parquet", **changed: Any) -> list[object]:
    """Columns in another order on either side, paired by the options."""
    columns = {"size_guess": TRUTH, "mass_guess": GUESS, "size": GUESS, "mass": TRUTH} | changed
    p = {name: columns[name] for name in ("size_guess", "mass_guess")}
    v = {name: columns[name] for name in ("mass", "size")}
    targets = ("mass", "size")
    pairs = [("--label", name, "--prediction", f"{name}_guess") for name in targets]
    return [*put(loss, p, v, suffix), *(word for pair in pairs for word in pair)]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_several_targets(loss: str, suffix: str) -> None:
    mass = [7.0, *GUESS[1:]]
    command = two_targets(loss, suffix, mass_guess=mass)
    made = score(*command)
    losses = by_hand(loss, guess=mass), by_hand(loss)
    assert made.column_names == ["id", "loss", "mass_loss", "size_loss"]
    assert made["mass_loss"].to_pylist() == losses[0]
    assert made["size_loss"].to_pylist() == losses[1]
    assert made["loss"].to_pylist() == [(a + b) / 2 for a, b in zip(*losses, strict=True)]
    result = summary(*command)
    assert list(result["questions"]) == ["mass", "size"]
    assert result["questions"]["mass"]["mean"] == pytest.approx(sum(losses[0]) / 4)
    assert result["overall"]["mean"] == pytest.approx(sum(map(sum, losses)) / 8)


def test_a_null_target_leaves_its_own_mean_and_the_galaxys() -> None:
    command = two_targets("l1", mass=[None, *TRUTH[1:]], size=[*GUESS[:3], math.nan])
    made = score(*command)
    assert made["mass_loss"].is_null().to_pylist() == [True, False, False, False]
    assert made["size_loss"].is_null().to_pylist() == [False, False, False, True]
    assert made["loss"].is_null().to_pylist() == [True, False, False, True]
    result = summary(*command)
    assert result["questions"]["mass"]["galaxies"] == result["questions"]["size"]["galaxies"] == 3
    assert result["overall"]["galaxies"] == result["overall"]["galaxies_all"] == 2
    assert result["matching"]["invalid"] == 2 and result["matching"]["matched"] == 4
    assert json.loads(done_well("summarize", "s.parquet", "-f", "json").out) == result


@pytest.mark.parametrize("bad", [math.nan, None, math.inf, -math.inf])
def test_impossible_predictions(bad: float | None) -> None:
    command = two_targets("mse", mass_guess=[bad, *GUESS[1:]])
    refused = run(*command)
    assert refused.code == 3 and "'mass_guess'" in refused.err and "'a'" in refused.err
    made = score(*command, "--on-invalid", "null")
    assert made["loss"].is_null().to_pylist() == [True, False, False, False]
    assert made["size_loss"].null_count == 0
    assert summary(*command, "--on-invalid", "null")["matching"]["invalid"] == 1


def test_a_square_beyond_the_largest_number() -> None:
    command = put("mse", {"guess": [1e200, 1, 2, 3]}, {"label": TRUTH})
    refused = run(*command)
    assert refused.code == 3 and "infinite loss" in refused.err
    assert score(*command, "--on-invalid", "null")["loss"].null_count == 1


def test_a_missing_label_excuses_an_impossible_prediction() -> None:
    command = put("l1", {"guess": [math.nan, 1, 2, 3]}, {"label": [None, 1, 2, 3]})
    assert score(*command)["loss"].to_pylist() == [None, 0.0, 0.0, 0.0]


def test_whole_numbers_and_single_precision() -> None:
    p = {"guess": pa.array([1, 2, 3, 4], pa.int8())}
    command = put("l1", p, {"label": pa.array([0.5, 1.5, 2.5, 3.5], pa.float32())})
    assert score(*command)["loss"].to_pylist() == [0.5] * 4


def test_targets_of_the_same_names_are_paired_by_name() -> None:
    command = put("l1", {"size": GUESS, "mass": TRUTH}, {"mass": TRUTH, "size": TRUTH})
    made = score(*command, "--label", "mass", "--label", "size")
    assert made["mass_loss"].to_pylist() == [0.0] * 4
    assert made["size_loss"].to_pylist() == by_hand("l1")


def test_targets_of_other_names_are_paired_as_they_are_given() -> None:
    command = put("l1", {"second": TRUTH, "first": GUESS}, {"mass": TRUTH, "size": TRUTH})
    command += ["--label", "mass", "--label", "size"]
    refused = run(*command)
    assert refused.code == 2
    assert "'mass', 'size'" in refused.err and "'second', 'first'" in refused.err
    assert "--prediction" in refused.err
    made = score(*command, "--prediction", "first", "--prediction", "second")
    assert made["mass_loss"].to_pylist() == by_hand("l1")
    assert made["size_loss"].to_pylist() == [0.0] * 4


def test_a_label_with_the_name_of_the_prediction() -> None:
    command = put("l1", {"z": GUESS}, {"z": TRUTH})
    assert score(*command, "--label", "z")["loss"].to_pylist() == by_hand("l1")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_label_and_the_prediction_can_be_kept(suffix: str) -> None:
    command = [*put("l1", {"guess": GUESS}, {"label": TRUTH}, suffix), "--prediction", "guess"]
    made = score(*command, "--keep", "label", "--keep", "guess")
    assert made.column_names == ["id", "label", "guess", "loss"]
    assert [float(one) for one in made["label"].to_pylist()] == TRUTH
    assert [float(one) for one in made["guess"].to_pylist()] == GUESS


@pytest.mark.parametrize(
    "options",
    [
        ["--label", "label"],
        ["--label", "label", "--label", "label"],
        ["--prediction", "guess", "--prediction", "more"],
        ["--schema", "desi"],
        ["--backend", "numba"],
    ],
    ids=" ".join,
)
def test_options_that_do_not_fit(options: list[str]) -> None:
    command = put("mse", {"guess": GUESS, "more": GUESS}, {"label": TRUTH, "other": TRUTH})
    assert run(*command, *(options or [])).code == 2


def test_options_of_other_losses() -> None:
    command = put("mse", {"guess": GUESS}, {"label": TRUTH})
    for options in (["--class-weights", "1,2"], ["--label-smoothing", 0.1], ["--scale", "logits"]):
        done = run(*command, *options)
        assert done.code == 2 and options[0] in done.err, options
