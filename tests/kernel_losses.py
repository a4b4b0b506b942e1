"""The losses of a kernel, called as scoring calls it."""

from __future__ import annotations

import numpy as np

from zoocli.foundation.kernels import dirichlet as kernel


def losses_of(
    concentrations, counts, sizes, rows=None, count_rows=None, kernel=kernel, memory=None
):
    """The kernel's losses and totals for (galaxies, answers) arrays."""
    columns = [np.ascontiguousarray(column) for column in np.asarray(concentrations).T]
    counts = np.asarray(counts)
    galaxies = np.arange(len(counts), dtype=np.int32)
    rows = galaxies if rows is None else np.asarray(rows, np.int32)
    count_rows = galaxies if count_rows is None else np.asarray(count_rows, np.int32)
    losses = np.full((len(sizes), len(rows)), -1.0)
    totals = np.full((len(sizes), len(rows)), -1, np.int32)
    kernel.question_losses(
        np.array([column.ctypes.data for column in columns], np.uint64),
        columns[0][:0],
        rows,
        counts,
        count_rows,
        np.cumsum([0, *sizes]),
        losses,
        totals,
        kernel.scratch(np.cumsum([0, *sizes])) if memory is None else memory,
    )
    return losses, totals


def random_galaxies(galaxies, sizes, seed=0, most=60):
    random = np.random.default_rng(seed)
    answers = sum(sizes)
    concentrations = random.uniform(1, 101, (galaxies, answers))
    counts = random.integers(0, most, (galaxies, answers)) * random.integers(0, 2, (galaxies, 1))
    return concentrations, counts.astype(np.uint8)
