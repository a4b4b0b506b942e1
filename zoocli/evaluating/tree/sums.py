"""What is added up over the galaxies of a decision tree: one pass over each batch.

`kernels.tree_features` says what the features are. Buckets come in eight groups with arrays of
their own, so that threads share none, and a galaxy's numbers are added in the order of the
galaxies: batches and threads change no bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays, add
from zoocli.evaluating.buckets import BUCKETS, COARSE, PREFIX, Places, buckets_of
from zoocli.evaluating.reliability import FRACTION_BINS
from zoocli.evaluating.tree import climatology
from zoocli.evaluating.tree.calibration_sums import BINS, EDGES, LEVELS
from zoocli.evaluating.tree.factorials import factorial_excess, log_rising_ratio
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.levels import levels
from zoocli.foundation.arrays import Floats
from zoocli.foundation.kernels import tree_features as kernel
from zoocli.runs.options.rules import Rules
from zoocli.schema import Schema

GROUPS = 8  # of buckets
DENSITY_BINS = 50
COARSE_BINS = 50  # of predicted fractions, for the intervals of average precision and ROC AUC
SIDES = 2  # few and many votes; votes for and against
TABLE = 256  # votes


@dataclass(frozen=True, eq=False)
class Prepared:
    """A batch as the kernel takes it, with the place of each galaxy; `votes`: histograms."""

    batch: kernel.Batch
    buckets: Places
    votes: AdditiveArrays


@dataclass(frozen=True)
class WhatToCollect:
    """Which galaxies count, the `reference` (answers,) of the climatology, and the seed."""

    rules: Rules
    reference: Floats
    seed: int

    def prepare(self, galaxies: VotedGalaxies) -> Prepared:
        """Everything that does not depend on the order of the batches."""
        batch = kernel.Batch(
            concentrations=np.ascontiguousarray(galaxies.concentrations.transpose(2, 0, 1)),
            votes=np.ascontiguousarray(galaxies.votes.T),
            total_votes=np.ascontiguousarray(galaxies.total_votes.T),
            losses=np.ascontiguousarray(galaxies.losses.T),
            counted=np.ascontiguousarray(galaxies.counted(self.rules).T.astype(np.uint8)),
            hashes=np.ascontiguousarray(galaxies.hashes),
        )
        buckets = buckets_of(galaxies.hashes, self.seed)
        return Prepared(batch, buckets, climatology.collect(galaxies))


def _fixed(schema: Schema, reference: Floats) -> kernel.Fixed:
    """The reference's concentrations and each question's sum, with tables for up to 255 votes."""
    starts = [part.start for part in schema.question_slices]
    least = np.maximum(reference, climatology.LEAST)
    concentrations = np.concatenate([least, np.add.reduceat(least, starts)])
    k = np.arange(TABLE)
    rising = np.stack([log_rising_ratio(float(one), k) for one in concentrations])
    return kernel.Fixed(factorial_excess(k), concentrations, rising)


class TreeSums:
    """The sums of all features, by bucket, and the histograms beside them.

    `buckets/NAME` (buckets, rows) for `FINE`; `buckets/by_votes/NAME` (256, bins of votes, rows)
    and `buckets/by_many/NAME` (256, few or many votes, rows); `buckets/cases` (256, answers, bins,
    for and against); the others are those of all galaxies.
    """

    def __init__(self, schema: Schema, what: WhatToCollect, threads: int = 1) -> None:
        self._what, self._threads = what, threads
        self._tree = _tree_of(schema)
        self._sizes = _sizes(schema)
        answers, questions = self._sizes[kernel.ANSWER], self._sizes[kernel.QUESTION]
        coarse = COARSE // GROUPS
        self._fine, fine_at = self._rows(kernel.FINE, BUCKETS // GROUPS)
        self._by_votes, by_votes_at = self._rows(kernel.BY_VOTES, coarse, len(kernel.VOTE_BINS))
        self._by_many, by_many_at = self._rows(kernel.BY_MANY, coarse, SIDES)
        self._at = {"fine": fine_at, "by_votes": by_votes_at, "by_many": by_many_at}
        self._histograms = {
            "transforms": np.zeros((GROUPS, coarse, SIDES, answers, len(EDGES))),
            "randomised": np.zeros((GROUPS, SIDES, answers, BINS), np.int64),
            "ties": np.zeros((GROUPS, SIDES, questions), np.int64),
            "density": np.zeros((GROUPS, answers, DENSITY_BINS, DENSITY_BINS), np.int64),
            "bins": np.zeros((GROUPS, answers, FRACTION_BINS, len(kernel.BIN_SUMS)), np.int64),
            "coarse_cases": np.zeros((GROUPS, coarse, answers, COARSE_BINS, SIDES), np.int64),
        }
        self._memory = np.zeros((GROUPS, kernel.WORK_ROWS, max(answers, len(EDGES))))
        self._fixed = _fixed(schema, what.reference)
        self._votes: AdditiveArrays = {}

    def _rows(self, features: Mapping[str, str], *shape: int) -> tuple[Floats, Places]:
        """Zeros for a row of all features, in each group; and where each feature begins."""
        at = np.cumsum([0, *(self._sizes[kind] for kind in features.values())])
        return np.zeros((GROUPS, *shape, at[-1])), at.astype(np.int64)

    @property
    def nbytes(self) -> int:
        """What they take."""
        rows = (self._fine, self._by_votes, self._by_many, *self._histograms.values())
        return sum(values.nbytes for values in rows)

    def add(self, prepared: Prepared) -> None:
        """Adds a batch."""
        add(self._votes, prepared.votes)
        width = BUCKETS // GROUPS
        # By what has rows in common: memory is near, and the order within a row is kept.
        shared = prepared.buckets // kernel.COARSENESS
        order = np.argsort(shared, kind="stable")
        first = np.arange(GROUPS + 1) * (width // kernel.COARSENESS)
        edges = np.searchsorted(shared[order], first)
        places = prepared.buckets % width
        answers, questions = self._sizes[kernel.ANSWER], self._sizes[kernel.QUESTION]

        def add_group(group: int, rows: Places) -> None:
            kernel.add_galaxies(
                *prepared.batch,
                rows,
                places,
                self._what.seed,
                np.array([self._what.rules.confident]),
                *self._fixed,
                *self._tree,
                self._fine[group],
                self._at["fine"],
                self._by_votes[group],
                self._at["by_votes"],
                self._by_many[group],
                self._at["by_many"],
                *(values[group] for values in self._histograms.values()),
                EDGES,
                COARSE_OF,
                self._memory[group],
                np.zeros((answers, len(rows))),
                np.zeros((answers, len(rows)), np.int64),
                np.zeros((questions, len(rows)), np.int64),
            )

        groups = [order[first:stop] for first, stop in pairwise(edges)]
        if self._threads == 1:
            for group, rows in enumerate(groups):
                add_group(group, rows)
        else:
            with ThreadPoolExecutor(self._threads, "evaluate") as pool:
                list(pool.map(add_group, range(GROUPS), groups))

    def arrays(self) -> AdditiveArrays:
        """The sums under their names."""
        found = {
            **self._split("", self._fine, kernel.FINE),
            **self._split("by_votes/", self._by_votes, kernel.BY_VOTES),
            **self._split("by_many/", self._by_many, kernel.BY_MANY),
        }
        histograms = dict(self._histograms)
        cases, transforms = histograms.pop("coarse_cases"), histograms["transforms"]
        histograms["transforms"] = transforms.reshape(COARSE, *transforms.shape[2:])
        found[f"{PREFIX}cases"] = cases.reshape(COARSE, *cases.shape[2:])
        found |= {f"histograms/{name}": _added(values) for name, values in histograms.items()}
        return found | self._votes

    def _split(self, part: str, rows: Floats, features: Mapping[str, str]) -> AdditiveArrays:
        ends = np.cumsum([self._sizes[kind] for kind in features.values()])[:-1]
        merged = rows.reshape(-1, *rows.shape[2:])
        parts = np.split(merged, ends, axis=-1)
        return {
            f"{PREFIX}{part}{name.removeprefix('fractions/') if part == 'by_votes/' else name}": one
            for name, one in zip(features, parts, strict=True)
        }


def _added(groups: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The groups together, one after the other."""
    total: npt.NDArray[Any] = groups[0].copy()
    for group in groups[1:]:
        total += group
    return total


def _sizes(schema: Schema) -> dict[str, int]:
    """How many numbers a feature has, by what it has them for."""
    questions, answers = len(schema.questions), len(schema.label_cols)
    return {
        kernel.LEVEL: len(levels(schema)),
        kernel.QUESTION: questions,
        kernel.ANSWER: answers,
        kernel.INTERVAL: answers * len(LEVELS),
        kernel.CELL: sum(len(question.answers) ** 2 for question in schema.questions),
    }


def _tree_of(schema: Schema) -> kernel.Tree:
    members = list(levels(schema).values())
    sizes = np.array([len(question.answers) for question in schema.questions])
    return kernel.Tree(
        answers=_starts(sizes),
        cells=_starts(sizes**2),
        levels=_starts(np.array([len(questions) for questions in members])),
        members=np.concatenate([np.array(questions, np.int64) for questions in members]),
    )


def _starts(sizes: npt.NDArray[np.int64]) -> Places:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _coarse_of() -> Places:
    """(1,000,): the coarse bin of each bin of predicted fractions.

    They are equal in the arc sine of the root: narrow where fractions are near 0 or 1.
    """
    middles = (np.arange(FRACTION_BINS) + 0.5) / FRACTION_BINS
    angle = np.arcsin(np.sqrt(middles)) * 2 / np.pi
    return np.minimum(angle * COARSE_BINS, COARSE_BINS - 1).astype(np.int64)


COARSE_OF = _coarse_of()
