"""Jobs that do harm, for the workers of the tests to run."""

from __future__ import annotations

import os
import signal
from copy import copy
from dataclasses import dataclass

import pyarrow as pa

from zoocli.foundation.resources import Resources
from zoocli.runs.job import Job, OpenJob
from zoocli.tables import open_table

ROWS = 8


@dataclass(frozen=True)
class Harm(Job):
    """Eight parts; the fourth kills its process, asks for too much memory, or meets a defect."""

    harm: str

    @property
    def files(self):
        return []

    @property
    def resources(self):
        return Resources.available()

    def sent(self):
        return self

    def open_table(self, resources):
        return open_table(pa.table({"id": range(ROWS)}))

    def open(self, resources):
        return OpenHarm(self)


class OpenHarm(OpenJob):
    def __init__(self, job):
        self.table = job.open_table(None)
        self._harm = job.harm

    def of_part(self, part):
        job = copy(self)
        job.part = part
        return job

    def compute(self, sink, progress=None):
        if self.part.start == 3:
            if self._harm == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if self._harm == "memory":
                raise MemoryError
            raise ZeroDivisionError("a defect")
        return 1

    def metadata(self):
        return {}

    def finish(self, total, shard=None):
        return total
