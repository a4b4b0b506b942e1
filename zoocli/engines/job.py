"""What a command must say about itself, so that a cluster can run it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, Protocol, Self, TypeVar

from zoocli.errors import UsageError
from zoocli.resources import Resources
from zoocli.tables import Table
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Slice


class Additive(Protocol):
    """What parts add up to. It travels, so it holds no file and no lookup."""

    def __add__(self, other: Self) -> Self: ...


Total = TypeVar("Total", bound=Additive)
Result = TypeVar("Result", covariant=True)


class Run(ABC, Generic[Total, Result]):
    """Everything that is needed to compute any part of `table`; it stays where it was opened."""

    table: Table

    @abstractmethod
    def part(self, part: Slice, sink: Sink) -> Total:
        """Computes one part and writes its rows to the sink, uncommitted.

        Several threads may compute parts at once.
        """

    @abstractmethod
    def metadata(self) -> dict[str, Any]:
        """What the file of a part says about itself, before the whole is known: the same in all."""

    @abstractmethod
    def finish(self, total: Total) -> Result:
        """The result, from the sum over all parts; raises DataError for what is wrong with it."""


class Job(ABC, Generic[Total, Result]):
    """What is to be computed: names of files and options, small enough to be sent around."""

    @property
    @abstractmethod
    def files(self) -> Sequence[str]:
        """All files and directories that are read."""

    @abstractmethod
    def open_table(self, resources: Resources) -> Table:
        """The table that is cut into parts."""

    @abstractmethod
    def open(self, resources: Resources) -> Run[Total, Result]:
        """Opens all files and reads what every part needs."""


def full_path(source: Any) -> str:
    """The path by which other processes find a file; UsageError for what has none."""
    if source == "-" or not isinstance(source, str | os.PathLike):
        raise UsageError(
            "A cluster reads files: give the path of one that every worker can reach, not standard "
            "input or a table in memory."
        )
    return os.path.abspath(os.fspath(source))
