"""What a billion galaxies cost on a cluster: python -m benchmarks.cost_model --help.

Measures what each stage of one worker takes for a million galaxies, in one thread of this process,
and writes what follows for more of them into benchmarks/results/cluster.md.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cluster import ZOOCLI
from benchmarks.processes import run_once
from zoocli.foundation.resources import PROGRAM_BYTES, Resources
from zoocli.runs.cluster import MOST_ROWS, PARTS_PER_WORKER
from zoocli.runs.options.score import ScoreOptions
from zoocli.scoring.job import ScoreJob
from zoocli.tables.parts.slices import Slice, cuts
from zoocli.tables.writing.sinks import FileSink

RESULTS = Path(__file__).parent / "results" / "cluster.md"
MILLION = 1e6
PARTS = 4
BATCH_BYTES = 500e6  # of the batches that are under way in a worker
START_SECONDS = 5.0  # a client and its first answer from a cluster that is up


@dataclass(frozen=True)
class Costs:
    """Seconds, and bytes, of each stage: a million votes, predictions, or a part and its account.

    `pack` (by the worker) and `account` (unpacked and added by the client) are of one part's
    account of a million votes.
    """

    votes: float
    votes_bytes: float
    votes_file: float
    score: float
    predictions_file: float
    scores_file: float
    pack: float
    account: float
    account_bytes: float

    def seconds(self, galaxies: float, voted: float, workers: int) -> float:
        """All workers read VOTES side by side; the client adds up accounts while parts come in."""
        parts = max(PARTS_PER_WORKER * workers, galaxies / MOST_ROWS)
        scored = self.score * galaxies / MILLION + self.pack * parts * voted / MILLION
        of_workers = self.votes * voted / MILLION + scored / workers
        of_client = self.account * parts * voted / MILLION
        return START_SECONDS + max(of_workers, of_client)

    def memory(self, voted: float) -> float:
        """Bytes of a worker; the number of predictions does not come in."""
        return PROGRAM_BYTES + BATCH_BYTES + self.votes_bytes * voted / MILLION


def measure(folder: Path, galaxies: int, voted: int) -> Costs:
    run_once([*ZOOCLI, "simulate", str(folder), "-n", str(galaxies), "--voted", str(voted)])
    predictions, votes = folder / "predictions.parquet", folder / "votes.parquet"
    resources = Resources.available(1)
    job = ScoreJob([str(predictions)], str(votes), ScoreOptions())
    with resources.applied():
        job.open(resources)  # compiles, or loads, the loops
        start = time.perf_counter()
        run = job.open(resources).divided()
        opened = time.perf_counter()
        totals, output = [], folder / "scores.parquet"
        for place in cuts(run.table, PARTS):
            with FileSink(output, "parquet") as sink:
                totals.append(run.of_part(Slice(run.table, *place)).compute(sink))
                sink.commit(run.metadata())
        scored = time.perf_counter()
        sent = [pickle.dumps(total) for total in totals]
        packed = time.perf_counter()
        total = pickle.loads(sent[0])
        for part in sent[1:]:
            total = total + pickle.loads(part)
        added = time.perf_counter()
    return Costs(
        votes=(opened - start) / voted * MILLION,
        votes_bytes=run.inputs.held.nbytes / voted * MILLION,
        votes_file=votes.stat().st_size / voted * MILLION,
        score=(scored - opened) / galaxies * MILLION,
        predictions_file=predictions.stat().st_size / galaxies * MILLION,
        scores_file=output.stat().st_size * PARTS / galaxies * MILLION,
        pack=(packed - scored) / PARTS / voted * MILLION,
        account=(added - packed) / PARTS / voted * MILLION,
        account_bytes=max(map(len, sent)) / voted * MILLION,
    )


def report(costs: Costs) -> Iterator[str]:
    yield "# What a cluster costs\n"
    yield "Measured in one thread of one process, for a million of each:\n"
    yield "| stage | seconds | bytes |\n| --- | --- | --- |"
    yield f"| a worker reads VOTES, and holds | {costs.votes:.2f} | {_size(costs.votes_bytes)} |"
    yield f"| ... of a file of | | {_size(costs.votes_file)} |"
    yield (
        f"| a worker scores PREDICTIONS, a file of | {costs.score:.2f} | "
        f"{_size(costs.predictions_file)} |"
    )
    yield f"| ... and writes scores of | | {_size(costs.scores_file)} |"
    yield f"| a worker packs a part's account of VOTES | {costs.pack:.3f} | |"
    yield (
        f"| the client unpacks it and adds it to the others, of a message of | "
        f"{costs.account:.3f} | {_size(costs.account_bytes)} |\n"
    )
    yield "Predicted for 1,000,000,000 predictions:\n"
    yield "| votes | workers | time | memory of a worker |\n| --- | --- | --- | --- |"
    for voted in (1e6, 1e7, 1e8):
        for workers in (1, 10, 100):
            seconds = costs.seconds(1e9, voted, workers)
            yield (
                f"| {voted:,.0f} | {workers} | {_time(seconds)} | {_size(costs.memory(voted))} |"
            )


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost_model")
    parser.add_argument("--galaxies", type=int, default=4_000_000)
    parser.add_argument("--voted", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the inputs are made (2 GB)")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zoocli-bench-", dir=options.folder) as folder:
        costs = measure(Path(folder) / "made", options.galaxies, options.voted)
    lines = list(report(costs))
    print(*lines, sep="\n")
    options.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
