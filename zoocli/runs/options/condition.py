"""The condition of `where`, read when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoocli.tables.where import Where


def condition_of(where: str | None) -> Where | None:
    """What `where` says, read; UsageError for what is no condition, None for None."""
    if where is None:
        return None
    from zoocli.tables.where import Where

    return Where.parse(where)
