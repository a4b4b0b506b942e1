"""Additive statistics of losses.

Batches, threads, shards and machines each make a `Sums`; adding them up gives what one pass over
everything gives. Every mean, standard error and count that zoocli shows is computed from one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.errors import DataError
from zoocli.foundation.arrays import Counts, Floats
from zoocli.foundation.strict_json import count_of, finite_of
from zoocli.schema.levels import Levels


@dataclass(frozen=True)
class Statistics:
    """What is known about the losses of one group (a question, a campaign, or everything).

    `mean` is over the `galaxies` with at least one vote in the group, `mean_all` over all
    `galaxies_all` that were scored; both in nats, and None where their N is 0. `se` is the standard
    error of `mean`: sqrt((sum_squares - sum^2 / N) / (N - 1) / N), None below two galaxies.
    `votes` is None for losses that count no votes.
    """

    mean: float | None
    mean_all: float | None
    se: float | None
    sum: float
    sum_squares: float
    galaxies: int
    galaxies_all: int
    votes: int | None

    @classmethod
    def from_sums(
        cls, total: float, squares: float, galaxies: int, galaxies_all: int, votes: int | None
    ) -> Statistics:
        """The statistics that follow from the additive ones.

        Raises DataError where losses or their squares add up beyond the largest number.

        >>> Statistics.from_sums(6.0, 14.0, 3, 4, 30).mean
        2.0
        """
        return cls(
            mean=total / galaxies if galaxies else None,
            mean_all=total / galaxies_all if galaxies_all else None,
            se=standard_error(total, squares, galaxies),
            sum=total,
            sum_squares=squares,
            galaxies=galaxies,
            galaxies_all=galaxies_all,
            votes=votes,
        )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Statistics:
        """Reads the additive fields alone, since the others follow from them.

        Raises KeyError, TypeError, ValueError or OverflowError for what cannot be.
        """
        votes = content["votes"]
        galaxies, galaxies_all = count_of(content["galaxies"]), count_of(content["galaxies_all"])
        if galaxies > galaxies_all:
            raise ValueError("galaxies is larger than galaxies_all")
        total, squares = finite_of(content["sum"]), finite_of(content["sum_squares"])
        votes = None if votes is None else count_of(votes)
        return cls.from_sums(total, squares, galaxies, galaxies_all, votes)

    def __add__(self, other: Statistics) -> Statistics:
        votes = None if self.votes is None or other.votes is None else self.votes + other.votes
        return Statistics.from_sums(
            self.sum + other.sum,
            self.sum_squares + other.sum_squares,
            self.galaxies + other.galaxies,
            self.galaxies_all + other.galaxies_all,
            votes,
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields under their names, as the JSON summary has them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def standard_error(total: float, squares: float, galaxies: int) -> float | None:
    """sqrt((squares - total^2 / N) / (N - 1) / N), of the mean loss of N galaxies; None below two.

    `total` and `squares` are the sums of the losses and of their squares. Raises DataError where
    either is beyond the largest number.

    >>> round(standard_error(6.0, 14.0, 3), 6)
    0.57735
    """
    if not (math.isfinite(total) and math.isfinite(squares)):
        raise DataError(
            "The losses, or their squares, add up to more than the largest number (1.8e308), so "
            "they have no mean and no standard error. Look for extreme values in the predictions "
            "and correct them."
        )
    if galaxies < 2:
        return None
    variance = max(squares - total * total / galaxies, 0.0) / (galaxies - 1)
    return math.sqrt(variance / galaxies)


@dataclass
class Sums:
    """Additive statistics of several levels, in the order of the `Levels` that go with them.

    `sum` and `sum_squares` (levels,) float64; `galaxies`, `galaxies_all`, `votes` (levels,) int64.
    """

    sum: Floats
    sum_squares: Floats
    galaxies: Counts
    galaxies_all: Counts
    votes: Counts

    @classmethod
    def zeros(cls, levels: int) -> Sums:
        """Nothing added yet."""
        return cls(
            np.zeros(levels),
            np.zeros(levels),
            np.zeros(levels, np.int64),
            np.zeros(levels, np.int64),
            np.zeros(levels, np.int64),
        )

    def add_batch(
        self,
        levels: Levels,
        loss: Floats,
        of_questions: Floats,
        votes_of_questions: npt.NDArray[np.int32] | None,
    ) -> None:
        """Adds a batch: `loss` (galaxies,), the other two (questions, galaxies); NaN is null.

        `votes_of_questions` None means that every galaxy counts (a loss without votes).
        """
        votes = None if votes_of_questions is None else levels.votes(votes_of_questions)
        for level, losses in enumerate(levels.losses(loss, of_questions)):
            self.add(level, losses, None if votes is None else next(votes))

    def add(self, level: int, losses: Floats, votes: npt.NDArray[np.integer[Any]] | None) -> None:
        """Adds the losses of some galaxies to one level.

        A NaN loss is a null: it leaves every statistic, its votes too. `votes` None means that
        every galaxy counts (a loss without votes).
        """
        with np.errstate(over="ignore"):
            self._add(level, losses, votes)

    def _add(self, level: int, losses: Floats, votes: npt.NDArray[np.integer[Any]] | None) -> None:
        total = float(losses.sum())
        if math.isnan(total):
            valid = ~np.isnan(losses)
            losses = losses[valid]
            votes = None if votes is None else votes[valid]
            total = float(losses.sum())
        self.sum[level] += total
        # Not a dot product: BLAS would split it over threads, and so change the last digits.
        self.sum_squares[level] += float(np.square(losses).sum())
        self.galaxies_all[level] += len(losses)
        self.galaxies[level] += len(losses) if votes is None else np.count_nonzero(votes)
        self.votes[level] += 0 if votes is None else int(votes.sum(dtype=np.int64))

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.sum + other.sum,
            self.sum_squares + other.sum_squares,
            self.galaxies + other.galaxies,
            self.galaxies_all + other.galaxies_all,
            self.votes + other.votes,
        )

    def statistics(self, count_votes: bool = True) -> Iterator[Statistics]:
        """One `Statistics` per level; `votes` is None where the loss counts none."""
        for level in range(len(self.sum)):
            yield Statistics.from_sums(
                float(self.sum[level]),
                float(self.sum_squares[level]),
                int(self.galaxies[level]),
                int(self.galaxies_all[level]),
                int(self.votes[level]) if count_votes else None,
            )
