"""Runs the benchmark and writes benchmarks/results.md: python -m benchmarks --help."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cluster import show_cluster
from benchmarks.processes import Result, alternate, run_once

PYTHON = sys.executable
ZOOCLI = [PYTHON, "-m", "zoocli"]
RESULTS = Path(__file__).with_name("results.md")
Show = Callable[[str], None]


@dataclass(frozen=True)
class Case:
    """One pair of inputs: how many predictions, how many votes, in which format."""

    name: str
    galaxies: int
    voted: int
    format: str
    peers: bool = True  # the script and the floor are run beside it
    runs: int = 5


CASES = (
    Case("10-thousand", 10_000, 10_000, "parquet", runs=9),
    Case("1-million", 1_000_000, 1_000_000, "parquet"),
    Case("4-million", 4_000_000, 4_000_000, "parquet"),
    Case("1-million-csv", 1_000_000, 1_000_000, "csv"),
    Case("20-million-to-200-thousand", 20_000_000, 200_000, "parquet", peers=False, runs=3),
    Case("40-million-to-200-thousand", 40_000_000, 200_000, "parquet", peers=False, runs=3),
)


def main() -> None:
    options = _options()
    lines: list[str] = []

    def show(line: str = "") -> None:
        print(line, flush=True)
        lines.append(line)

    show("# Results\n")
    for line in _machine():
        show(f"- {line}")
    with tempfile.TemporaryDirectory(prefix="zoocli-bench-", dir=options.folder) as folder:
        for case in CASES:
            if case.name in options.cases:
                _run_case(case, Path(folder), options.runs or case.runs, show)
        if "small-commands" in options.cases:
            _run_small_commands(Path(folder), options.runs or 9, show)
        if "evaluate" in options.cases:
            _run_evaluate(Path(folder), options.runs or 3, show)
        if "catalog" in options.cases:
            _run_catalog(Path(folder), options.runs or 3, show)
        if "cluster" in options.cases:
            show_cluster(Path(folder), options.runs or 3, show)
    if "per-galaxy" in options.cases:
        _run_per_galaxy(show)
    options.output.write_text("\n".join(lines) + "\n")


def _options() -> argparse.Namespace:
    names = [case.name for case in CASES]
    names += ["small-commands", "evaluate", "catalog", "cluster", "per-galaxy"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(names)}; default all")
    parser.add_argument("--runs", type=int, help="counted runs of each command")
    parser.add_argument("--folder", type=Path, help="where the inputs are made (16 GB at most)")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    unknown = sorted(set(options.cases) - set(names))
    if unknown:
        parser.error(f"no case {unknown[0]}; there are {', '.join(names)}")
    options.cases = options.cases or names
    return options


def _machine() -> Iterator[str]:
    model = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield f"{model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GB of memory"
    yield f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    yield "medians of whole processes, run in turns after one uncounted round"


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def _run_case(case: Case, folder: Path, runs: int, show: Show) -> None:
    inputs = folder / case.name
    simulate = ["simulate", inputs, "-n", case.galaxies, "--voted", case.voted, "--seed", 1]
    run_once([*ZOOCLI, *map(str, simulate), "--format", case.format])
    predictions, votes = (
        str(inputs / f"{name}.{case.format}") for name in ("predictions", "votes")
    )
    output = [predictions, votes, str(inputs / f"out.{case.format}")]
    commands = {"zoocli": [*ZOOCLI, "score", predictions, votes, "-o", output[2]]}
    if case.peers:
        commands["script"] = [PYTHON, "-m", "benchmarks.peer", *output]
    if case.peers and case.format == "parquet":
        commands["floor"] = [PYTHON, "-m", "benchmarks.floor", *output]
    results = alternate(commands, runs)
    show(f"\n## {case.galaxies:,} predictions, {case.voted:,} votes, {case.format}\n")
    _show_table(results, show)
    for file in inputs.iterdir():
        file.unlink()


def _show_table(results: dict[str, Result], show: Show) -> None:
    show("| | wall | CPU | peak memory | wall against zoocli | peak against zoocli |")
    show("| --- | --- | --- | --- | --- | --- |")
    ours = results["zoocli"]
    for name, result in results.items():
        show(
            f"| {name} | {result.wall:.2f} s | {result.cpu:.2f} s | {result.peak:,.0f} MB | "
            f"{result.wall / ours.wall:.2f} | {result.peak / ours.peak:.2f} |"
        )


def _run_small_commands(folder: Path, runs: int, show: Show) -> None:
    tables, scores = _a_million(folder / "small")
    run_once([*ZOOCLI, "score", *tables, "-o", scores])
    commands = {
        "zoocli --help": [*ZOOCLI, "--help"],
        "zoocli summarize, 1 million scores": [*ZOOCLI, "summarize", scores],
    }
    _show_commands("Small commands", commands, runs, show)


def _run_evaluate(folder: Path, runs: int, show: Show) -> None:
    tables, scores = _a_million(folder / "evaluate")
    commands = {
        "zoocli score": [*ZOOCLI, "score", *tables, "-o", scores],
        "zoocli evaluate": [*ZOOCLI, "evaluate", *tables],
    }
    title = "Evaluation of 1 million galaxies, 34 answers, beside the score alone"
    _show_commands(title, commands, runs, show)


def _a_million(folder: Path) -> tuple[list[str], str]:
    """Predictions and votes of a million galaxies, and where their scores go."""
    run_once([*ZOOCLI, "simulate", str(folder), "-n", "1000000", "--seed", "1"])
    names = ("predictions.parquet", "votes.parquet")
    return [str(folder / name) for name in names], str(folder / "scores.parquet")


def _show_commands(title: str, commands: dict[str, list[str]], runs: int, show: Show) -> None:
    show(f"\n## {title}\n\n| | wall | CPU | peak memory |\n| --- | --- | --- | --- |")
    for name, result in alternate(commands, runs).items():
        show(f"| {name} | {result.wall:.2f} s | {result.cpu:.2f} s | {result.peak:,.0f} MB |")


def _run_catalog(
    folder: Path,
    runs: int,
    show: Show,
    sizes: tuple[int, ...] = (250_000, 1_000_000),
    by_zoobot: int = 50_000,
) -> None:
    """The memory must not grow from one size to the next; times are by the galaxy."""
    show("\n## Catalogue with credible intervals, `catalog --advanced`, 34 answers\n")
    show("| | galaxies | wall | CPU | microseconds a galaxy | peak memory |")
    show("| --- | --- | --- | --- | --- | --- |")
    commands, galaxies = {}, {}
    for size in sizes:
        inputs = folder / f"catalog-{size}"
        run_once([*ZOOCLI, "simulate", str(inputs), "-n", str(size), "--voted", "1"])
        predictions = str(inputs / "predictions.parquet")
        name, output = f"zoocli, {size:,}", str(inputs / "catalogue.parquet")
        commands[name] = [*ZOOCLI, "catalog", predictions, "--advanced", "-o", output]
        galaxies[name] = size
    peer = [PYTHON, "-m", "benchmarks.catalogue", predictions, str(by_zoobot), output]
    commands["Zoobot's function"], galaxies["Zoobot's function"] = peer, by_zoobot
    for name, result in alternate(commands, runs).items():
        show(
            f"| {name.partition(',')[0]} | {galaxies[name]:,} | {result.wall:.2f} s | "
            f"{result.cpu:.2f} s | {result.wall / galaxies[name] * 1e6:.1f} | "
            f"{result.peak:,.0f} MB |"
        )


def _run_per_galaxy(show: Show) -> None:
    show("\n## Within one process, nanoseconds a galaxy of 34 answers\n")
    by_threads = {}
    for threads in (1, 2):
        command = [PYTHON, "-m", "benchmarks.per_galaxy", str(threads)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        by_threads[threads] = json.loads(done.stdout)
    show("| | 1 thread | 2 threads |\n| --- | --- | --- |")
    for name in by_threads[1]:
        show(f"| {name} | {by_threads[1][name]:,.0f} | {by_threads[2][name]:,.0f} |")


if __name__ == "__main__":
    main()
