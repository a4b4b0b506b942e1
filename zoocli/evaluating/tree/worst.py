"""The galaxies that were predicted worst."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.foundation.arrays import sum_in_order
from zoocli.foundation.strict_json import count_of, finite_of, text_of

MOST = 20


@dataclass(frozen=True)
class ScoredGalaxy:
    """One galaxy: its loss in nats, each question's, and each answer's votes and prediction.

    `link`: the address of a page about it, where one was asked for.
    """

    id: str
    loss: float
    losses: list[float]
    votes: list[int]
    predicted: list[float]
    link: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields under their names."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> ScoredGalaxy:
        """Reads what `to_dict` wrote; raises KeyError, TypeError or ValueError for all else."""
        link = content.get("link")
        return cls(
            text_of(content["id"]),
            finite_of(content["loss"]),
            [finite_of(loss) for loss in content["losses"]],
            [count_of(votes) for votes in content["votes"]],
            [finite_of(fraction) for fraction in content["predicted"]],
            None if link is None else text_of(link),
        )


def worst_of(
    galaxies: VotedGalaxies,
    ids: Callable[[Iterable[int]], list[str]],
    links: Callable[[Sequence[int]], Sequence[str | None]] = lambda rows: [None] * len(rows),
) -> list[ScoredGalaxy]:
    """The galaxies of a batch with the highest loss over all questions, at most 20, worst first.

    `ids` and `links` give those of the galaxies at some positions. Galaxies with a null loss are
    left out.
    """
    loss = sum_in_order(galaxies.losses)
    valid = np.flatnonzero(~np.isnan(loss))
    cut = np.sort(loss[valid])[-MOST:][:1]  # also those with the same loss as the last one
    chosen = valid[loss[valid] >= cut] if len(cut) else valid
    rows, bad = chosen.tolist(), galaxies.part(chosen)
    scored = [
        ScoredGalaxy(
            id,
            float(loss[row]),
            bad.losses[:, number].tolist(),
            bad.votes[:, number].tolist(),
            bad.predicted[:, number].tolist(),
            link,
        )
        for number, (row, id, link) in enumerate(zip(rows, ids(rows), links(rows), strict=True))
    ]
    return worst(scored)


def worst(galaxies: Iterable[ScoredGalaxy]) -> list[ScoredGalaxy]:
    """The 20 with the highest loss, of equal ones those that come first by their id."""
    return heapq.nsmallest(MOST, galaxies, key=lambda galaxy: (-galaxy.loss, galaxy.id))
