"""The types of arrays, and sums whose last digit does not depend on the batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


def sum_in_order(parts: Floats) -> Floats:
    """The sum over the first axis, part by part.

    numpy's own sum adds in another order where there is only one galaxy, which changes the last
    digits. A galaxy's loss must not depend on the batch it is in.
    """
    total: Floats = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total
