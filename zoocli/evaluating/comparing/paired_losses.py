"""The losses of several scores tables matched by id, one share of the galaxies at a time.

Galaxies are divided into shares by the hash of their id, and only one share at a time is held in
memory. So a memory limit is kept for any number of galaxies, at the cost of reading the tables once
per share. Within a share galaxies are in the order of their hashes, so that the order of the tables
changes no digit of a sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError
from zoocli.evaluating.comparing.paired import BLOCK
from zoocli.evaluating.comparing.paired_tables import ScoresTable
from zoocli.foundation.arrays import Floats, Hashes, Mask
from zoocli.foundation.hashing import hash_ids
from zoocli.foundation.pipeline import prefetch
from zoocli.matching.ids import IdColumn
from zoocli.matching.index import IdIndex, MatchAccount, refuse_repeated
from zoocli.schema import Levels
from zoocli.scoring.scores_table import VotesArray, read_batches

ID_BYTES = 150  # of a galaxy in memory besides losses and votes: texts, lookup, hash, order
SHARE_SHIFT = np.uint64(32)


def bytes_per_galaxy(tables: Sequence[ScoresTable]) -> int:
    """About what a held galaxy takes; its values exist twice while they are joined."""
    questions = len(tables[0].questions)
    return ID_BYTES + 8 * (1 + questions) * (1 + len(tables)) + 8 * questions


@dataclass(frozen=True)
class Share:
    """One of `count` shares into which galaxies are divided by the high bits of their hashes."""

    number: int = 0
    count: int = 1

    def rows(self, hashes: Hashes) -> Mask:
        """Which galaxies belong to it."""
        high = (hashes >> SHARE_SHIFT) * np.uint64(self.count) >> SHARE_SHIFT
        mask: Mask = high == self.number
        return mask


@dataclass(frozen=True)
class Rows:
    """Some rows of a table: `losses` (galaxies, 1 + questions), the galaxy's own first.

    `votes` (galaxies, questions), None for a loss that counts none.
    """

    ids: Sequence[pa.StringArray]
    hashes: Hashes
    losses: Floats
    votes: VotesArray | None


def read_rows(scores: ScoresTable, share: Share) -> Iterator[Rows]:
    """The rows of a table that belong to a share, batch by batch."""
    column = IdColumn(scores.table, scores.ids)
    for batch in prefetch(read_batches(scores.table, scores.layout, column)):
        assert batch.ids is not None
        hashes = hash_ids(batch.ids)
        chosen = share.rows(hashes)
        losses = np.vstack([batch.loss[None], batch.losses]).T
        yield Rows(
            [batch.ids.filter(pa.array(chosen)) if share.count > 1 else batch.ids],
            hashes[chosen],
            losses[chosen],
            None if batch.votes is None else batch.votes.T[chosen],
        )


class MatchedLosses:
    """One share of the galaxies, with the losses of every table.

    Raises DataError where a table has an id more than once, or where two tables differ in a
    galaxy's total votes. `rows` is the number of galaxies of the share in each table, `compared`
    that of the galaxies in all tables.
    """

    def __init__(self, tables: Sequence[ScoresTable], share: Share) -> None:
        self._tables, self._share = tables, share
        held = _hold(tables[0], share)
        self._hashes, self._votes = held.hashes, held.votes
        self._index = IdIndex(held.ids)
        repeated = np.unique(self._index.repeats[1])
        refuse_repeated(self._index, repeated, tables[0].name, least=self._least)
        self._losses = [held.losses]
        self.rows = [len(self._hashes)]
        del held  # the batches of ids, which the lookup has copied
        everywhere = np.ones(len(self._hashes), np.bool_)
        for table in tables[1:]:
            everywhere &= self._match(table)
        rows = np.flatnonzero(everywhere)
        self._order = rows[np.argsort(self._hashes[rows], kind="stable")]
        self.compared = len(rows)

    def _match(self, table: ScoresTable) -> Mask:
        """Adds the losses of one more table; returns which galaxies it has."""
        losses = np.full(self._losses[0].shape, np.nan)
        account = MatchAccount(self._index)
        different: list[npt.NDArray[np.int32]] = []
        self.rows.append(0)
        for part in read_rows(table, self._share):
            found = self._index.find(part.ids[0])
            account.add(found)
            known = np.flatnonzero(found >= 0)
            rows = found[known]
            losses[rows] = part.losses[known]
            self.rows[-1] += len(found)
            if self._votes is not None and part.votes is not None:
                unlike = (self._votes[rows] != part.votes[known]).any(axis=1)
                different.append(rows[unlike])
        refuse_repeated(
            self._index, np.flatnonzero(account.times > 1), table.name, least=self._least
        )
        self._refuse_other_votes(table, different)
        self._losses.append(losses)
        mask: Mask = account.times > 0
        return mask

    def _refuse_other_votes(
        self, table: ScoresTable, different: Sequence[npt.NDArray[np.int32]]
    ) -> None:
        rows = np.concatenate([*different, np.empty(0, np.int32)])
        if len(rows):
            raise DataError(
                f"{self._tables[0].name} and {table.name} have different total votes for "
                f"{self._least.lower()}{len(rows):,} galaxies: {self._index.some(rows)}. Score "
                "both against the same votes."
            )

    @property
    def _least(self) -> str:
        """Put before a count that is only known for this share."""
        return "At least " if self._share.count > 1 else ""

    def blocks(self, levels: Levels) -> Iterator[Block]:
        """The galaxies that every table has, in the order of their hashes."""
        for first in range(0, self.compared, BLOCK):
            rows = self._order[first : first + BLOCK]
            losses = [_of_levels(levels, held[rows]) for held in self._losses]
            voted = None if self._votes is None else _voted(levels, self._votes[rows])
            yield Block.of(self._hashes[rows], losses, voted)


@dataclass(frozen=True)
class Block:
    """Some galaxies: `losses` of each table and `counted`, (galaxies, levels).

    A galaxy is counted at a level where it has a vote and no table has a null loss. `invalid` is
    the number of galaxies that have one somewhere.
    """

    hashes: Hashes
    losses: Sequence[Floats]
    counted: Mask
    invalid: int

    @classmethod
    def of(cls, hashes: Hashes, losses: Sequence[Floats], voted: Mask | None) -> Block:
        """Finds what is counted, from the losses of all tables and the votes, if any."""
        valid: Mask = np.logical_and.reduce([~np.isnan(one) for one in losses])
        invalid = int(np.count_nonzero(~valid[:, 0]))
        return cls(hashes, losses, valid if voted is None else valid & voted, invalid)


def _hold(table: ScoresTable, share: Share) -> Rows:
    """All rows of a share at once; their ids stay in batches."""
    parts = list(read_rows(table, share))
    questions = len(table.questions)
    votes = [part.votes for part in parts if part.votes is not None]
    return Rows(
        [text for part in parts for text in part.ids],
        np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)]),
        np.concatenate([np.empty((0, 1 + questions)), *(part.losses for part in parts)]),
        np.concatenate([np.empty((0, questions), np.int32), *votes])
        if table.layout.has_votes
        else None,
    )


def _of_levels(levels: Levels, held: Floats) -> Floats:
    """(galaxies, levels) from (galaxies, 1 + questions): the loss, then those of the questions."""
    return np.column_stack(list(levels.losses(held[:, 0], held[:, 1:].T)))


def _voted(levels: Levels, votes: VotesArray) -> Mask:
    """Whether anybody voted, (galaxies, levels) from (galaxies, questions)."""
    return np.column_stack(list(levels.votes(votes.T))) > 0
