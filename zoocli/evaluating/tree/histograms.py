"""Histograms of votes that add up and stay small, however many votes there are.

Each number of votes below 8,192 has a bin of its own. Above, an octave has 4,096 bins, and each
also keeps the sum of its numbers, so that their mean is known. Only pages of bins that are not
empty are kept.
"""

from __future__ import annotations

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.tree.factorials import TABLE
from zoocli.foundation.arrays import Counts, Floats

PAGE = 256  # bins
OCTAVE = TABLE // 2  # bins


def bins_of(numbers: Counts) -> Counts:
    """The bin of each number, in rising order.

    >>> bins_of(np.array([0, 8191, 8192, 8193, 8194, 16384])).tolist()
    [0, 8191, 8192, 8192, 8193, 12288]
    """
    if numbers.max(initial=0) < TABLE:
        return numbers
    fraction, exponent = np.frexp(np.maximum(numbers, TABLE).astype(np.float64))
    octaves = exponent.astype(np.int64) - TABLE.bit_length()
    above = TABLE + octaves * OCTAVE + (fraction * TABLE).astype(np.int64) - OCTAVE
    return np.where(numbers < TABLE, numbers, above)


def histograms(name: str, numbers: Counts) -> AdditiveArrays:
    """One histogram for each row of `numbers` (rows, galaxies), as pages under the name.

    `NAME/counts-PAGE` (rows, 256): how many galaxies have each number of votes;
    `NAME/sums-PAGE`: their sum, from 8,192 on.
    """
    bins = bins_of(numbers)
    pages = int(bins.max(initial=0)) // PAGE + 1
    counts = np.stack([np.bincount(row, minlength=pages * PAGE) for row in bins])
    found = {f"{name}/counts-{page}": part for page, part in _pages(counts)}
    if pages * PAGE > TABLE:
        large = np.where(numbers < TABLE, 0, numbers)
        sums = np.stack(
            [
                np.bincount(row, weights, pages * PAGE).astype(np.int64)
                for row, weights in zip(bins, large, strict=True)
            ]
        )
        found |= {f"{name}/sums-{page}": part for page, part in _pages(sums)}
    return found


def _pages(bins: Counts) -> list[tuple[int, Counts]]:
    pages = bins.reshape(len(bins), -1, PAGE).transpose(1, 0, 2)
    return [(number, np.ascontiguousarray(page)) for number, page in enumerate(pages) if page.any()]


def occupied(name: str, sums: AdditiveArrays, row: int) -> tuple[Floats, Floats]:
    """The numbers above 0 that a row's histogram has, and how many galaxies have each.

    A number of 8,192 or more is the mean of those in its bin.
    """
    prefix = f"{name}/counts-"
    pages = sorted(int(key.removeprefix(prefix)) for key in sums if key.startswith(prefix))
    numbers, counts = [np.zeros(0)], [np.zeros(0)]
    for page in pages:
        found = sums[f"{prefix}{page}"][row].astype(np.float64)
        places = np.flatnonzero(found)
        bins = page * PAGE + places
        if page * PAGE >= TABLE:
            numbers.append(sums[f"{name}/sums-{page}"][row][places] / found[places])
        else:
            numbers.append(bins.astype(np.float64))
        counts.append(found[places])
    values, weights = np.concatenate(numbers), np.concatenate(counts)
    return values[values > 0], weights[values > 0]
