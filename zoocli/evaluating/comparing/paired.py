"""Paired resampling: the bootstrap interval and the randomisation test of a mean difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.comparing.comparison import PERCENTILES, Difference
from zoocli.foundation.arrays import Floats, Hashes, Mask
from zoocli.foundation.kernels.comparison import (
    GROUP,
    PATTERNS,
    add_flipped_sums,
    add_weighted_sums,
)
from zoocli.foundation.kernels.resampling import FLIPS_PER_WORD
from zoocli.foundation.option_checks import MOST_SEED, check_range

BLOCK = 8192  # galaxies, a multiple of GROUP
MOST_RESAMPLES = 10_000_000
# Two sums of the same numbers in another order differ by less than this share of the sum of
# their sizes, and by chance alone hardly any do by so little.
ROUNDING = 1e-12

Kind = TypeVar("Kind", bound=np.generic)
NOTHING = Difference(None, None, None, None, None, None, None, None, None, galaxies=0)


@dataclass(frozen=True)
class Resampling:
    """How often to resample; everything else follows from the seed and the galaxies' ids.

    - `bootstrap`: replicates for the intervals. `flips`: sign flips of the randomisation test. Both
      from 1 to 10 million.
    - `seed`: of the random numbers.
    """

    bootstrap: int = 1000
    flips: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        for option in ("bootstrap", "flips"):
            check_range(option, getattr(self, option), least=1, most=MOST_RESAMPLES)
        check_range("seed", self.seed, least=0, most=MOST_SEED)


class PairedSums:
    """What adds up over galaxies for one system against the baseline, in each of some groups.

    Memory grows with the number of resamples, not with that of galaxies.
    """

    def __init__(self, groups: int, resampling: Resampling) -> None:
        self._resampling = resampling
        words = -(-resampling.flips // FLIPS_PER_WORD)
        self._flipped = np.zeros((words * FLIPS_PER_WORD, groups))
        self._weighted = np.zeros((resampling.bootstrap, 2 * groups))
        self._baseline, self._system = np.zeros(groups), np.zeros(groups)
        self._differences, self._sizes = np.zeros(groups), np.zeros(groups)
        self._galaxies, self._better, self._tied = (np.zeros(groups, np.int64) for _ in range(3))

    def add(
        self,
        hashes: Hashes,
        baseline: Floats,
        system: Floats,
        counted: Mask,
        pool: Pool,
    ) -> None:
        """Adds some galaxies, at most BLOCK of them.

        `baseline` and `system` (galaxies, groups) are losses; those of the galaxies that are not
        `counted` (galaxies, groups) do not matter and may be NaN.
        """
        baseline, system = np.where(counted, baseline, 0.0), np.where(counted, system, 0.0)
        differences = system - baseline
        self._baseline += baseline.sum(axis=0)
        self._system += system.sum(axis=0)
        self._differences += differences.sum(axis=0)
        self._sizes += np.abs(differences).sum(axis=0)
        self._galaxies += counted.sum(axis=0)
        self._better += (differences < 0.0).sum(axis=0)
        self._tied += (counted & (differences == 0.0)).sum(axis=0)
        self._resample(_padded(hashes), _padded(differences), _padded(counted), pool)

    def _resample(self, hashes: Hashes, differences: Floats, counted: Mask, pool: Pool) -> None:
        """Each thread has its own resamples, so their number changes no order of additions."""
        seed = self._resampling.seed
        values = np.hstack([differences, counted])

        def flip(first: int, stop: int) -> None:
            table = np.empty((PATTERNS, differences.shape[1]))
            add_flipped_sums(
                differences,
                hashes,
                seed,
                first,
                self._flipped[first * FLIPS_PER_WORD : stop * FLIPS_PER_WORD],
                table,
                np.empty(GROUP, np.uint64),
            )

        def weigh(first: int, stop: int) -> None:
            add_weighted_sums(values, hashes, seed, first, self._weighted[first:stop])

        pool.run(flip, len(self._flipped) // FLIPS_PER_WORD)
        pool.run(weigh, len(self._weighted))

    def results(self) -> list[Difference]:
        """One `Difference` a group, without adjusted p-values."""
        return [self._result(group) for group in range(len(self._galaxies))]

    def _result(self, group: int) -> Difference:
        galaxies = int(self._galaxies[group])
        if not galaxies:
            return NOTHING
        low, high = self._interval(group)
        return Difference(
            mean_baseline=float(self._baseline[group] / galaxies),
            mean_system=float(self._system[group] / galaxies),
            difference=float(self._differences[group] / galaxies),
            low=low,
            high=high,
            p=self._p(group),
            p_holm=None,
            better=float(self._better[group] / galaxies),
            tied=float(self._tied[group] / galaxies),
            galaxies=galaxies,
        )

    def _interval(self, group: int) -> tuple[float | None, float | None]:
        """The percentiles of the bootstrapped means; None for a single galaxy."""
        if self._galaxies[group] < 2:
            return None, None
        drawn = self._weighted[:, group + len(self._galaxies)]
        means = self._weighted[drawn > 0.0, group] / drawn[drawn > 0.0]
        if not len(means):
            return None, None
        low, high = np.percentile(means, PERCENTILES)
        return float(low), float(high)

    def _p(self, group: int) -> float:
        """(1 + b) / (R + 1), where b of R flips give a difference of at least the observed size."""
        flips = self._resampling.flips
        least = abs(self._differences[group]) - ROUNDING * self._sizes[group]
        as_large = int(np.count_nonzero(np.abs(self._flipped[:flips, group]) >= least))
        return (1 + as_large) / (flips + 1)


class Pool:
    """Runs work on ranges of resamples in threads."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, "compare")

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def run(self, work: Callable[[int, int], None], count: int) -> None:
        """work(first, stop) for ranges that together cover 0 to `count`."""
        list(self._executor.map(lambda span: work(*span), _ranges(count, self._threads)))


def _ranges(count: int, parts: int) -> Iterator[tuple[int, int]]:
    edges = [count * part // parts for part in range(parts + 1)]
    return ((first, stop) for first, stop in pairwise(edges) if first < stop)


def _padded(rows: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """Rows of zeros at the end, until there are whole groups: they add nothing to any sum."""
    missing = -len(rows) % GROUP
    return np.pad(rows, [(0, missing)] + [(0, 0)] * (rows.ndim - 1)) if missing else rows
