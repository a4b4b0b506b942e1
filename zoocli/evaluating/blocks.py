"""Batches of galaxies in blocks, so that intermediate arrays take little memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

BLOCK = 2048  # galaxies: what a decision tree's evaluation computes of them takes some 60 MB

Batch = TypeVar("Batch", bound="Divisible")


class Divisible(Protocol):
    """A batch of galaxies that can be divided."""

    def __len__(self) -> int: ...

    def part(self: Batch, rows: slice) -> Batch:
        """Some of the galaxies, over the same memory."""


def blocks(galaxies: Batch) -> Iterator[Batch]:
    """The galaxies in blocks of at most 2,048.

    An empty batch gives one empty block, so that the sums of no galaxies have all their arrays.
    """
    for start in range(0, max(len(galaxies), 1), BLOCK):
        yield galaxies.part(slice(start, start + BLOCK))
