"""Named arrays that add up over batches and parts; `sums_file` keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy.typing as npt

AdditiveArrays = dict[str, npt.NDArray[Any]]  # float64 or int64


def add(total: AdditiveArrays, part: AdditiveArrays) -> None:
    """Adds a part to the total, name by name; a name that the total lacks counts as zeros there.

    >>> import numpy as np
    >>> total = {"a": np.ones(2)}
    >>> add(total, {"a": np.ones(2), "b": np.ones(1, np.int64)})
    >>> total
    {'a': array([2., 2.]), 'b': array([1])}
    """
    for name, values in part.items():
        if name in total:
            total[name] += values
        else:
            total[name] = values.copy()


def added(parts: Iterable[AdditiveArrays]) -> AdditiveArrays:
    """All the parts together."""
    total: AdditiveArrays = {}
    for part in parts:
        add(total, part)
    return total
