"""The galaxies that were predicted worst, a few of them, to be looked at."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoocli.statistics.evaluation.galaxies import Galaxies
from zoocli.sums import sum_in_order

MOST = 20


@dataclass(frozen=True)
class ScoredGalaxy:
    """One galaxy: its loss in nats, each question's, and each answer's votes and prediction."""

    id: str
    loss: float
    losses: list[float]
    votes: list[int]
    predicted: list[float]

    def to_dict(self) -> dict[str, Any]:
        """The fields under their names."""
        return asdict(self)


def worst_of(galaxies: Galaxies, ids: Callable[[Iterable[int]], list[str]]) -> list[ScoredGalaxy]:
    """The galaxies of a batch with the highest loss over all questions, at most 20, worst first.

    `ids` tells the ids of some of them by their positions. Galaxies with a null loss are not here.
    """
    loss = sum_in_order(galaxies.losses)
    valid = np.flatnonzero(~np.isnan(loss))
    cut = np.sort(loss[valid])[-MOST:][:1]  # all that are as bad as the last that fits
    chosen = valid[loss[valid] >= cut] if len(cut) else valid
    scored = [
        ScoredGalaxy(
            id,
            float(loss[row]),
            galaxies.losses[:, row].tolist(),
            galaxies.votes[:, row].tolist(),
            galaxies.predicted[:, row].tolist(),
        )
        for row, id in zip(chosen.tolist(), ids(chosen.tolist()), strict=True)
    ]
    return worst(scored)


def worst(galaxies: Iterable[ScoredGalaxy]) -> list[ScoredGalaxy]:
    """The 20 with the highest loss, of equal ones those that come first by their id."""
    return heapq.nsmallest(MOST, galaxies, key=lambda galaxy: (-galaxy.loss, galaxy.id))
