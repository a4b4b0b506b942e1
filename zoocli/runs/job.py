"""What a command computes, and what it is once its inputs are open."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, Self, TypeVar

from zoocli.errors import UsageError
from zoocli.foundation.resources import Resources
from zoocli.tables import Table
from zoocli.tables.parts.slices import Shard, Slice
from zoocli.tables.writing.sinks import Sink

Progress = Callable[[int, int | None], None]  # rows done, and of how many, where that is known


def silent(rows: int, of: int | None) -> None:
    """Shows no progress."""


class Additive(Protocol):
    """The result of a part, which can be added up and pickled: it holds no open files."""

    def __add__(self, other: Self) -> Self: ...


Total = TypeVar("Total", bound=Additive)
Result = TypeVar("Result", covariant=True)


class OpenJob(ABC, Generic[Total, Result]):
    """A job with its inputs open: it computes `table`, or any part of it, in this process."""

    table: Table

    def divided(self) -> Self:
        """Ready for `of_part`: finds out what no part knows by itself."""
        return self

    @abstractmethod
    def of_part(self, part: Slice) -> Self:
        """The same for a part of the table; what is held is shared."""

    @abstractmethod
    def compute(self, sink: Sink, progress: Progress = silent) -> Total:
        """Computes the table and writes its rows, if any, to the sink, uncommitted.

        Several threads may compute parts at once.
        """

    @abstractmethod
    def metadata(self) -> dict[str, Any]:
        """The metadata in the file of every part, before the whole is known: the same in all."""

    @abstractmethod
    def finish(self, total: Total, shard: Shard | None = None) -> Result:
        """The result, from the sum over all parts; raises DataError where that is invalid.

        With `shard`, the total is of that part of a larger table alone.
        """


class Job(ABC, Generic[Total, Result]):
    """What a command computes: its inputs and options."""

    @property
    @abstractmethod
    def files(self) -> Sequence[str]:
        """All files and directories that are read, of a job that was sent to another process."""

    @property
    @abstractmethod
    def resources(self) -> Resources:
        """How much of this machine it may use."""

    @abstractmethod
    def sent(self) -> Self:
        """As another process understands it: full paths, and the schema itself.

        Raises UsageError for inputs that only this process has.
        """

    @abstractmethod
    def open_table(self, resources: Resources) -> Table:
        """The table that is divided into parts."""

    @abstractmethod
    def open(self, resources: Resources) -> OpenJob[Total, Result]:
        """Opens all files, and reads what every part needs."""


def run_here(
    job: Job[Total, Result], sink: Sink, progress: Progress = silent, shard: Shard | None = None
) -> Result:
    """Computes a job in this process, all of it or one shard; the caller commits the sink."""
    resources = job.resources
    with resources.applied():
        opened = job.open(resources)
        if shard is not None:
            opened = opened.divided().of_part(shard.part_of(opened.table))
        return opened.finish(opened.compute(sink, progress), shard)


def full_path(source: Any) -> str:
    """The absolute path of a file, for other processes; UsageError for sources without one."""
    if source == "-" or not isinstance(source, str | os.PathLike):
        raise UsageError(
            "A cluster reads files: give the path of one that every worker can reach, not standard "
            "input or a table in memory."
        )
    return os.path.abspath(os.fspath(source))


def full_paths(sources: Any) -> list[str]:
    """Those of one file, or of the parts of one table."""
    return [full_path(one) for one in (sources if isinstance(sources, list | tuple) else [sources])]
