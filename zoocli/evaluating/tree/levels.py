"""The levels of a decision tree by the names that metrics have: overall, campaign:dr5, bar-dr5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoocli.schema.levels import CAMPAIGN, OVERALL, Levels, shown

if TYPE_CHECKING:
    from zoocli.schema import Schema


def levels(schema: Schema) -> dict[str, tuple[int, ...]]:
    """The positions of the questions of each level: overall, the campaigns, the questions.

    >>> from zoocli.schema import Schema
    >>> rings = Schema({"ring": ["_yes", "_no"]}, {"ring": None}, "rings")
    >>> levels(rings)
    {'overall': (0,), 'campaign:rings': (0,), 'ring': (0,)}
    """
    found = Levels.of(schema)
    return {
        _written(kind, name): members
        for (kind, name), members in zip(found.names(), found.members(), strict=True)
    }


def shown_levels(schema: Schema) -> list[list[str]]:
    """What a person is shown: overall, the campaigns where there are several, the questions."""
    campaigns = [_written(CAMPAIGN, name) for name in shown(schema.campaigns)]
    return [[OVERALL], campaigns, [question.name for question in schema.questions]]


def _written(kind: str, name: str) -> str:
    return f"{CAMPAIGN}:{name}" if kind == CAMPAIGN else name
