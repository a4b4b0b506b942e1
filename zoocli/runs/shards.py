"""Checks that shards make up one whole: each of them once, and no galaxy in two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from zoocli.errors import DataError, some
from zoocli.matching.account import Coverage

FIRST = 5


def check_shards(names: Sequence[str], shards: Sequence[str | None]) -> bool:
    """Shards I/N must be all of 1..N, each once; False for parts that are not shards."""
    if all(shard is None for shard in shards):
        return False
    seen: dict[int, str] = {}
    totals: set[int] = set()
    for name, shard in zip(names, shards, strict=True):
        number, total = _read_shard(name, shard)
        totals.add(total)
        if len(totals) > 1:
            raise DataError(
                f"{name} is shard {shard} but {names[0]} is shard {shards[0]}: "
                "they do not belong together. Merge the shards of one array job."
            )
        if number in seen:
            raise DataError(
                f"{name} and {seen[number]} are both shard {shard}. Give each shard once."
            )
        seen[number] = name
    [total] = totals
    missing = total - len(seen)
    if missing:
        first = islice((number for number in range(1, total + 1) if number not in seen), FIRST)
        more = f" and {missing - FIRST:,} more" if missing > FIRST else ""
        raise DataError(
            f"{missing:,} of {total:,} shards are missing: {some(first)}{more}. Merge all of them."
        )
    return True


def _read_shard(name: str, shard: str | None) -> tuple[int, int]:
    if shard is None:
        raise DataError(
            f"{name} is not a shard, but other parts are. Merge the shards of one array job."
        )
    number, _, total = shard.partition("/")
    digits = number.isdecimal() and total.isdecimal() and len(total) < 10
    if not digits or not 1 <= int(number) <= int(total):
        raise DataError(f"{name} says it is shard {shard!r}; expected I/N with I from 1 to N.")
    return int(number), int(total)


def add_coverage(
    names: Sequence[str], parts: Sequence[Coverage], rows: int, by_row: bool
) -> npt.NDArray[np.bool_]:
    """Which of the `rows` of VOTES were scored, by any of the parts.

    Raises DataError, which names two of the parts, where they scored the same rows, and where they
    are not of the same whole. `by_row`: these are the rows of the file, so they may be named.
    """
    total = np.zeros(rows, np.bool_)
    for number, (name, part) in enumerate(zip(names, parts, strict=True)):
        alike = (part.scored.length, part.dropped, part.dropped_rows)
        if alike != (rows, parts[0].dropped, parts[0].dropped_rows):
            raise DataError(
                f"{name} and {names[0]} are not parts of the same predictions and votes. Merge the "
                "shards of one array job."
            )
        scored = part.scored.unpack()
        if (total & scored).any():
            _refuse_overlap(names, parts, number, by_row)
        total |= scored
    return total


def _refuse_overlap(
    names: Sequence[str], parts: Sequence[Coverage], number: int, by_row: bool
) -> None:
    scored = parts[number].scored.unpack()
    for name, part in zip(names[:number], parts[:number], strict=True):
        both = np.flatnonzero(part.scored.unpack() & scored)
        if len(both):
            first = f" (rows {some(both[:FIRST] + 1)} of VOTES)" if by_row else ""
            raise DataError(
                f"{len(both):,} ids{first} were matched in {name} and again in {names[number]}: "
                "they occur more than once in the predictions. Keep one row of each, or leave all "
                "of them out with «on_duplicate=drop»."
            )
