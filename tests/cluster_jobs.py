"""Jobs that do harm, for the workers of the tests to run."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

import pyarrow as pa

from zoocli.runs.job import Job, Run
from zoocli.tables import open_table

ROWS = 8


@dataclass(frozen=True)
class Harm(Job):
    """Eight parts; the fourth kills its process, asks for too much memory, or meets a defect."""

    harm: str

    @property
    def files(self):
        return []

    def open_table(self, resources):
        return open_table(pa.table({"id": range(ROWS)}))

    def open(self, resources):
        return HarmRun(self)


class HarmRun(Run):
    def __init__(self, job):
        self.table = job.open_table(None)
        self._harm = job.harm

    def part(self, part, sink):
        if part.start == 3:
            if self._harm == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if self._harm == "memory":
                raise MemoryError
            raise ZeroDivisionError("a defect")
        return 1

    def metadata(self):
        return {}

    def finish(self, total):
        return total
