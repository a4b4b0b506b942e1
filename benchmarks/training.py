"""The loss in a training loop, forward and backward, beside Zoobot's own.

    pip install --no-deps zoobot==2.9.0
    python -m benchmarks.training > benchmarks/results/training.md
    python -m benchmarks.training --device cuda > benchmarks/results/training-cuda.md

Both in one process, in turns, with float32 concentrations and votes as Zoobot's data loader gives
them: a dict of columns. Ours also takes them as one tensor. Medians of wall time; on a GPU the
kernels that a step launches and the memory that it takes at most are counted as well.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.zoobot import load_losses
from zoocli.losses import get_dirichlet_loss_func
from zoocli.schema import Schema, load_schema

SCHEMA = "decals-dr5-ortho"
BATCHES = (128, 512, 8_192)
THREADS = (1, 2)
CPU = torch.device("cpu")
SECONDS = 3.0  # of each

Step = Callable[[], object]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training")
    parser.add_argument("--device", default="cpu")
    device = torch.device(parser.parse_args().device)
    schema = load_schema(SCHEMA)
    print("# The loss in training\n")
    print("Written by `python -m benchmarks.training`: forward and backward of the whole tree")
    print(
        f"({SCHEMA}, {len(schema.label_cols)} answers), medians in turns; microseconds a galaxy.\n"
    )
    if device.type == "cpu":
        _show_threads(schema)
    else:
        _show_device(schema, device)


def _show_threads(schema: Schema) -> None:
    print(
        "| batch | threads | Zoobot | dict of targets | times faster | one tensor | times faster |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for threads in THREADS:
        torch.set_num_threads(threads)
        for batch in BATCHES:
            zoobot, columns, tensor = (
                1e6 * one / batch for one in medians(steps_of(schema, batch, CPU)).values()
            )
            print(
                f"| {batch:,} | {threads} | {zoobot:.2f} | {columns:.2f} | {zoobot / columns:.1f} "
                f"| {tensor:.2f} | {zoobot / tensor:.1f} |",
                flush=True,
            )


def _show_device(schema: Schema, device: torch.device) -> None:
    print(f"On one {torch.cuda.get_device_name(device)}.\n")
    print("| batch | loss | a galaxy | times faster | kernels | peak MB |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for batch in BATCHES:
        steps = steps_of(schema, batch, device)
        times = medians(steps)
        for name, step in steps.items():
            print(
                f"| {batch:,} | {name} | {1e6 * times[name] / batch:.3f} "
                f"| {times['zoobot'] / times[name]:.1f} | {kernels_of(step)} "
                f"| {peak_of(step, device) / 1e6:.1f} |",
                flush=True,
            )


def kernels_of(step: Step) -> int:
    """The kernels that one step launches, copies included."""
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        step()
    return sum(event.count for event in seen.key_averages() if event.device_time_total > 0)


def peak_of(step: Step, device: torch.device) -> int:
    """The bytes that one step holds at most, beyond its inputs."""
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    step()
    return torch.cuda.max_memory_allocated(device) - before


def steps_of(schema: Schema, batch: int, device: torch.device) -> dict[str, Step]:
    """One step of each loss, with the same numbers."""
    generator = torch.Generator().manual_seed(batch)
    inputs = 1 + 99 * torch.rand(batch, len(schema.label_cols), generator=generator)
    votes = torch.randint(0, 15, inputs.shape, generator=generator).to(device)
    inputs = inputs.to(device)
    targets = dict(zip(schema.label_cols, votes.unbind(1), strict=True))
    pairs = schema.question_answer_pairs
    theirs = load_losses()
    zoobot = theirs.CustomMultiQuestionLoss(pairs, theirs.get_dirichlet_neg_log_prob)
    ours = get_dirichlet_loss_func(pairs)

    def step(loss: Callable[..., torch.Tensor], given: object) -> Step:
        def run() -> None:
            leaf = inputs.detach().clone().requires_grad_()
            loss(leaf, given).sum().backward()
            if device.type == "cuda":
                torch.cuda.synchronize(device)

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
