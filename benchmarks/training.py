"""The loss in a training loop, forward and backward, beside Zoobot's own.

    pip install --no-deps zoobot==2.9.0
    python -m benchmarks.training > benchmarks/results/training.md

Both on the CPU in one process, in turns, with float32 concentrations and votes as Zoobot's data
loader gives them: a dict of columns. Ours also takes them as one tensor. Medians of wall time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.zoobot import load_losses
from zoocli.losses import get_dirichlet_loss_func
from zoocli.schema import Schema, load_schema

SCHEMA = "decals-dr5-ortho"
BATCHES = (128, 512, 8_192)
THREADS = (1, 2)
SECONDS = 3.0  # of each

Step = Callable[[], object]


def main() -> None:
    """Prints the table."""
    schema = load_schema(SCHEMA)
    print("# The loss in training\n")
    print("Written by `python -m benchmarks.training`: forward and backward of the whole tree")
    print(
        f"({SCHEMA}, {len(schema.label_cols)} answers), medians in turns; microseconds a galaxy.\n"
    )
    print(
        "| batch | threads | Zoobot | dict of targets | times faster | one tensor | times faster |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for threads in THREADS:
        torch.set_num_threads(threads)
        for batch in BATCHES:
            zoobot, columns, tensor = (
                1e6 * one / batch for one in medians(steps_of(schema, batch)).values()
            )
            print(
                f"| {batch:,} | {threads} | {zoobot:.2f} | {columns:.2f} | {zoobot / columns:.1f} "
                f"| {tensor:.2f} | {zoobot / tensor:.1f} |",
                flush=True,
            )


def steps_of(schema: Schema, batch: int) -> dict[str, Step]:
    """One step of each loss, with the same numbers."""
    generator = torch.Generator().manual_seed(batch)
    inputs = 1 + 99 * torch.rand(batch, len(schema.label_cols), generator=generator)
    votes = torch.randint(0, 15, inputs.shape, generator=generator)
    targets = dict(zip(schema.label_cols, votes.unbind(1), strict=True))
    pairs = schema.question_answer_pairs
    theirs = load_losses()
    zoobot = theirs.CustomMultiQuestionLoss(pairs, theirs.get_dirichlet_neg_log_prob)
    ours = get_dirichlet_loss_func(pairs)

    def step(loss: Callable[..., torch.Tensor], given: object) -> Step:
        def run() -> None:
            leaf = inputs.detach().clone().requires_grad_()
            loss(leaf, given).sum().backward()

        return run

    return {
        "zoobot": step(zoobot, targets),
        "dict": step(ours, targets),
        "tensor": step(ours, votes),
    }


def medians(steps: dict[str, Step]) -> dict[str, float]:
    """The median time of each step, taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    end = time.perf_counter() + SECONDS * len(steps)
    while time.perf_counter() < end:
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


if __name__ == "__main__":
    main()
