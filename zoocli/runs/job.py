"""What a command must provide so that a cluster can run it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, Protocol, Self, TypeVar

from zoocli.errors import UsageError
from zoocli.foundation.resources import Resources
from zoocli.tables import Table
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Slice


class Additive(Protocol):
    """The result of a part, which can be added up and pickled: it holds no open files."""

    def __add__(self, other: Self) -> Self: ...


Total = TypeVar("Total", bound=Additive)
Result = TypeVar("Result", covariant=True)


class Run(ABC, Generic[Total, Result]):
    """Everything that is needed to compute any part of `table`; it stays in its process."""

    table: Table

    @abstractmethod
    def part(self, part: Slice, sink: Sink) -> Total:
        """Computes one part and writes its rows to the sink, uncommitted.

        Several threads may compute parts at once.
        """

    @abstractmethod
    def metadata(self) -> dict[str, Any]:
        """The metadata in the file of every part, before the whole is known: the same in all."""

    @abstractmethod
    def finish(self, total: Total) -> Result:
        """The result, from the sum over all parts; raises DataError where that is invalid."""


class Job(ABC, Generic[Total, Result]):
    """What is to be computed: paths and options, small enough to send to every worker."""

    @property
    @abstractmethod
    def files(self) -> Sequence[str]:
        """All files and directories that are read."""

    @abstractmethod
    def open_table(self, resources: Resources) -> Table:
        """The table that is divided into parts."""

    @abstractmethod
    def open(self, resources: Resources) -> Run[Total, Result]:
        """Opens all files, and reads what every part needs."""


def full_path(source: Any) -> str:
    """The absolute path of a file, for other processes; UsageError for sources without one."""
    if source == "-" or not isinstance(source, str | os.PathLike):
        raise UsageError(
            "A cluster reads files: give the path of one that every worker can reach, not standard "
            "input or a table in memory."
        )
    return os.path.abspath(os.fspath(source))
