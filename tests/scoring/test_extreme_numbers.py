"""Numbers at the ends of their range: right to the last digits, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pyarrow as pa
import pytest

from tests.accidents.common import GOOD, assert_one_paragraph
from tests.command import (
    ANSWERS,
    QUESTIONS,
    done_well,
    read,
    run,
    small_predictions,
    small_votes,
    write,
)

# Numbers at the ends of their range.

EXTREME = (1e-30, 1e30, 5e-324, 1e-310, 1.4e-45, 1e-40, 3e38, 1e300, 8e307, 1.7e308, 1.0, 101.0)
MANY = (1, 5, 200, 10**6, 2**28)


def exact_loss(concentrations: np.ndarray, votes: np.ndarray) -> float | None:
    """The loss with 400 digits; None where there is no likelihood."""
    with np.errstate(over="ignore"):
        if not (np.isfinite(concentrations.sum()) and (concentrations > 0).all()):
            return None
    with mpmath.workdps(400):

        def log_rising_binomial(a: Any, k: int) -> Any:
            if k < 50:
                return mpmath.log(mpmath.rf(a, k) / mpmath.factorial(k))
            return mpmath.loggamma(a + k) - mpmath.loggamma(a) - mpmath.loggamma(k + 1)

        a = [mpmath.mpf(float(value)) for value in concentrations]
        k = [int(value) for value in votes]
        each = sum(log_rising_binomial(*pair) for pair in zip(a, k, strict=True))
        return float(log_rising_binomial(sum(a), sum(k)) - each)


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_extreme_numbers_against_mpmath(folder: Path, kind: str) -> None:
    """Also where float32 concentrations add up beyond float32."""
    random = np.random.default_rng(4)
    rows = 24
    with np.errstate(over="ignore"):
        values = random.choice(EXTREME, (rows, 5)).astype(kind)
    values[0] = np.finfo(kind).max if kind == "float64" else 0
    votes = random.integers(0, random.choice(MANY, (rows, 1)) + 1, (rows, 5))
    ids = [f"g{row}" for row in range(rows)]
    expected = {
        question: [
            exact_loss(values[row, part].astype(float), votes[row, part]) for row in range(rows)
        ]
        for question, part in (("shape", slice(0, 3)), ("bar", slice(3, 5)))
    }
    for suffix in ("parquet", "csv") if kind == "float64" else ("parquet",):
        write(
            folder / f"p.{suffix}",
            {"id": ids} | {name: pa.array(values[:, n]) for n, name in enumerate(ANSWERS)},
        )
        write(
            folder / f"v.{suffix}",
            {"id": ids} | {name: pa.array(votes[:, n]) for n, name in enumerate(ANSWERS)},
        )
        inputs = (f"p.{suffix}", f"v.{suffix}", "-s", "tree.yaml", "--on-invalid", "null")
        for backend in ("numba", "torch"):
            done_well("score", *inputs, "--backend", backend, "-o", "o.parquet")
            scores = read(folder / "o.parquet")
            for question, losses in expected.items():
                found = scores[f"{question}_loss"].to_pylist()
                assert [loss is None for loss in found] == [loss is None for loss in losses]
                for mine, true in zip(found, losses, strict=True):
                    assert true is None or abs(mine - true) <= 1e-9 + 1e-12 * abs(true)
    assert all(None in losses and any(losses) for losses in expected.values())


def test_a_sum_beyond_float32(folder: Path) -> None:
    large = pa.array([3e38] * 3, pa.float32())
    write(folder / "p.parquet", small_predictions() | dict.fromkeys(QUESTIONS["bar"], large))
    votes = small_votes()
    for backend in ("numba", "torch"):
        done_well("score", *GOOD, "--backend", backend, "-o", "o.parquet")
        losses = read(folder / "o.parquet")["bar_loss"].to_pylist()
        for row, loss in enumerate(losses):
            counts = np.array([votes[name][row] for name in QUESTIONS["bar"]])
            assert loss == pytest.approx(exact_loss(np.full(2, float(np.float32(3e38))), counts))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("backend", ["numba", "torch"])
@pytest.mark.parametrize("count", [2**31 - 1, 2**31, 2**32 + 1, 2**63 - 1, 2**64 - 1, 1e300])
def test_counts_of_votes(folder: Path, count: float, backend: str, suffix: str) -> None:
    kind = pa.uint64() if isinstance(count, int) else pa.float64()
    votes = small_votes() | {"bar_yes": pa.array([count, 0, 0], kind), "bar_no": [0, 0, 0]}
    write(folder / f"v.{suffix}", votes)
    options = ("-s", "tree.yaml", "--backend", backend, "-o", "o.parquet")
    done = run("score", f"p.{suffix}", f"v.{suffix}", *options)
    if count >= 2**31:
        assert done.code == 3 and "above 2,147,483,647, in 'bar_yes'; first ids 'a'" in done.err
        assert_one_paragraph(done.err)
        return
    true = exact_loss(
        np.array([small_predictions()[name][0] for name in QUESTIONS["bar"]]),
        np.array([count, 0]),
    )
    assert read(folder / "o.parquet")["bar_loss"][0].as_py() == pytest.approx(true, abs=1e-9)


@pytest.mark.parametrize(("loss", "size"), [("mse", 1e80), ("l1", 1e155), ("l1", 1e307)])
def test_losses_whose_squares_overflow(folder: Path, loss: str, size: float) -> None:
    """Each loss is a number, but their statistics are not."""
    write(folder / "p.csv", {"id": ["a", "b"], "x": [size, size]})
    write(folder / "v.csv", {"id": ["a", "b"], "label": [-size, -size]})
    for options in ((), ("--on-invalid", "null")):
        done = run("score", "p.csv", "v.csv", "-l", loss, *options, "-o", "scores.csv")
        assert done.code == 3 and "more than the largest number" in done.err
        assert_one_paragraph(done.err)
    assert not (folder / "scores.csv").exists()


def test_summaries_whose_sum_overflows(folder: Path) -> None:
    done_well("score", *GOOD, "--summary", "s.json")
    content = json.loads(Path("s.json").read_text())
    content["overall"]["sum"] = 1.7e308
    content["matching"]["votes_only"] = 3  # as if each had matched other rows
    Path("s.json").write_text(json.dumps(content))
    done = run("merge", "s.json", "s.json")
    assert done.code == 3 and "more than the largest number" in done.err
    assert_one_paragraph(done.err)
