"""The one hash of an id, from which resampling takes its random numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from xxhash import xxh3_64_intdigest

from zoocli.foundation.arrays import Hashes


def hash_ids(ids: pa.StringArray) -> Hashes:
    """XXH3 (64 bits) of each id's UTF-8 text; the ids have no nulls.

    It depends on the text alone, not on the order, the batch, the file or the machine.

    >>> [f"{value:016x}" for value in hash_ids(pa.array(["1237648720142532647", "a"]))]
    ['6f92b468562fb504', 'e6c632b61e964e1f']
    """
    _, offsets, data = ids.buffers()
    if not len(ids) or data is None:  # no ids, or all of them empty
        return np.full(len(ids), xxh3_64_intdigest(b""), np.uint64)
    starts = np.frombuffer(offsets, np.int32)[ids.offset : ids.offset + len(ids) + 1].tolist()
    text = memoryview(data)
    return np.fromiter(
        (xxh3_64_intdigest(text[start:stop]) for start, stop in pairwise(starts)),
        np.uint64,
        len(ids),
    )
