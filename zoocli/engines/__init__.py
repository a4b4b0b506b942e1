"""What runs a command on a cluster, part by part."""

from __future__ import annotations

from zoocli.engines.job import Job, Run

__all__ = ["Job", "Run"]
