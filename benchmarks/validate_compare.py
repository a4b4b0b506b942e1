"""Shows that `zoocli compare` finds what is there: python -m benchmarks.validate_compare.

On simulated galaxies, whose truth is known, and with the test and the intervals as the
command makes them. Needs the test extra (scipy). Writes benchmarks/results/compare.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats

from benchmarks.processes import run_once
from zoocli import Comparison, compare, score, simulate

RESULTS = Path(__file__).parent / "results" / "compare.md"
SCHEMA = "decals-dr5-ortho"
REPEATS = 200
GALAXIES = 1000
BLUR = 0.2
LEAST_P = 0.001


def main() -> None:
    lines = ["# What `zoocli compare` finds on simulated galaxies", ""]
    failures = 0
    with tempfile.TemporaryDirectory(prefix="zoocli-compare-") as folder:
        for check in (_null, _power, _self, _speed):
            for passed, line in check(Path(folder)):
                failures += not passed
                lines.append(f"- {'' if passed else 'FAILED: '}{line}")
                print(lines[-1], flush=True)
    RESULTS.write_text("\n".join(lines) + "\n")
    sys.exit(failures > 0)


def _null(folder: Path) -> Iterator[tuple[bool, str]]:
    """Two models with the same errors: p is uniform, and 0 lies in 95 % of the intervals."""
    compared = [_equally_blurred(folder, seed) for seed in range(REPEATS)]
    values = [one.systems[0].overall.p for one in compared]
    test = stats.kstest(values, "uniform")
    yield (
        test.pvalue > LEAST_P,
        f"{REPEATS} pairs of equally blurred models ({BLUR}) of {GALAXIES:,} galaxies: the "
        f"overall p is uniform (Kolmogorov-Smirnov p = {test.pvalue:.3f}), and below 0.05 in "
        f"{np.mean(np.array(values) < 0.05):.1%} of them.",
    )
    inside = sum(
        one.systems[0].overall.low <= 0.0 <= one.systems[0].overall.high for one in compared
    )
    likely = stats.binom.interval(1 - LEAST_P, REPEATS, 0.95)
    yield (
        likely[0] <= inside <= likely[1],
        f"In {inside} of the {REPEATS} the 95 % interval of the difference contains 0.",
    )
    least = [min(one.p_holm for one in each.systems[0].questions.values()) for each in compared]
    found = int(np.sum(np.array(least) < 0.05))
    yield (
        found <= stats.binom.ppf(1 - LEAST_P, REPEATS, 0.05),
        f"In {found} of the {REPEATS} some question has an adjusted p below 0.05.",
    )


def _equally_blurred(folder: Path, seed: int) -> Comparison:
    made = simulate(folder / "null", schema=SCHEMA, galaxies=GALAXIES, seed=seed)
    truth = pq.read_table(made.predictions)
    random = np.random.default_rng(seed)
    models = [score(_blurred(truth, random), made.votes) for _ in range(2)]
    return compare(*models, seed=seed)


def _blurred(truth: pa.Table, random: np.random.Generator) -> pa.Table:
    noise = random.normal(0.0, BLUR, (truth.num_columns - 1, len(truth)))
    columns = {
        name: truth[name].to_numpy() * np.exp(row)
        for name, row in zip(truth.column_names[1:], noise, strict=True)
    }
    return pa.table({"id_str": truth["id_str"]} | columns)


def _power(folder: Path) -> Iterator[tuple[bool, str]]:
    """A blur of 0.1 costs little, and is found."""
    made = simulate(folder / "power", schema=SCHEMA, galaxies=20_000, seed=1, blur=[0.1])
    models = [score(file, made.votes) for file in (made.predictions, made.blurred[0.1])]
    overall = compare(*models).systems[0].overall
    yield (
        overall.difference > 0.0 and overall.p < 0.01,
        f"A blur of 0.1 at 20,000 galaxies: worse by {overall.difference:.4f} nats (95 % "
        f"interval {overall.low:.4f} to {overall.high:.4f}), p = {overall.p:.4f}.",
    )


def _self(folder: Path) -> Iterator[tuple[bool, str]]:
    """A model against itself."""
    made = simulate(folder / "self", schema=SCHEMA, galaxies=GALAXIES, seed=1)
    model = score(made.predictions, made.votes)
    system = compare(model, model).systems[0]
    every = [system.overall, *system.campaigns.values(), *system.questions.values()]
    yield (
        all((one.difference, one.low, one.high, one.p) == (0.0, 0.0, 0.0, 1.0) for one in every),
        "A model against itself: difference 0, interval 0 to 0 and p = 1, in every group.",
    )


def _speed(folder: Path) -> Iterator[tuple[bool, str]]:
    """The whole process on a million galaxies."""
    made = simulate(folder / "speed", schema=SCHEMA, galaxies=1_000_000, seed=1, blur=[0.1])
    files = [folder / "first.parquet", folder / "second.parquet"]
    for file, predictions in zip(files, (made.predictions, made.blurred[0.1]), strict=True):
        pq.write_table(score(predictions, made.votes), file)
    command = [sys.executable, "-m", "zoocli", "compare", *map(str, files), "--threads=2"]
    best = min((run_once(command) for _ in range(3)), key=lambda run: run.wall)
    yield (
        best.wall < 60.0,
        "1,000,000 galaxies, 10 questions on two threads, the "
        f"fastest of three runs: {best.wall:.0f} s of wall clock, {best.cpu:.0f} s of processor "
        f"time, {best.peak:,.0f} MB.",
    )


if __name__ == "__main__":
    main()
