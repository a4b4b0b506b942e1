"""Tables: opened as streams of Arrow batches, and written atomically."""

from __future__ import annotations

from zoocli.tables.opening import open_table, open_tables
from zoocli.tables.table import Table

__all__ = ["Table", "open_table", "open_tables"]
