"""Where a command runs: here, or part by part on a cluster."""

from __future__ import annotations

from zoocli.engines.job import Job, Run

__all__ = ["Job", "Run"]
