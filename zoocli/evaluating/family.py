"""Families of metrics: each is one object that knows its numbers and how to show them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from types import MappingProxyType

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.intervals import HalfGalaxies
from zoocli.evaluating.metric import Estimate, Key, Metric


class Place(Flag):
    """Where a metric is shown, besides the long table that has all of them.

    PAPER: the terminal's and the paper's table, with the interval beside it if also INTERVAL;
    HEADLINE: on top of the report; ROWS: the report's table of questions, classes together or
    targets; PARTS: that of answers, or of each class.
    """

    PAPER = auto()
    INTERVAL = auto()
    HEADLINE = auto()
    ROWS = auto()
    PARTS = auto()


@dataclass(frozen=True)
class Shown:
    """How a metric is shown: under a heading, in some places.

    `headline`: what it is called on top of the report, where the heading is too short; `digits`:
    its decimals.
    """

    metric: str
    heading: str
    places: Place
    headline: str = ""
    digits: int = 3


class Family(ABC):
    """Metrics that are computed together.

    `shown`: those that tables show, in their order; `glossary`: what they are, in words.
    """

    shown: tuple[Shown, ...] = ()
    glossary: Mapping[str, str] = MappingProxyType({})

    @abstractmethod
    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The numbers with intervals, from the sums of `leave_one_out`: (rows, 1 + buckets)."""

    def shares(self, sums: AdditiveArrays) -> Mapping[Key, HalfGalaxies]:
        """The half galaxies of shares that are no plain means, from the sums of all galaxies."""
        return {}

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The numbers that have another interval, or none, from everything that was added up."""
        yield from ()


def shown_in(families: Iterable[Family], place: Place) -> list[Shown]:
    """What is shown at a place, family by family."""
    return [one for family in families for one in family.shown if place in one.places]
