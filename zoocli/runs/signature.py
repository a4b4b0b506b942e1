"""How a number was made, in one line that fits into a paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoocli.foundation.version import __version__

STRICT = "error"
SHOWN_DIGITS = 12  # of a fingerprint
RULES = ("on_invalid", "on_fractional", "on_duplicate", "missing_votes")
RELEVANCE = ("min_votes", "min_root_votes", "min_share_asked", "min_path_fraction", "confident")


def signature(
    loss: str | None,
    schema: str | None,
    settings: Mapping[str, Any],
    galaxies: int,
    version: str | None = __version__,
    predictions: str | None = None,
) -> str:
    """Names the loss, the schema and its hash, the rules, both sides, N and the version.

    Rules at their strict default are not repeated one by one. `predictions`: their fingerprint,
    where it is known. `version` is that of the zoocli which
    computed the losses, not of the one which reads them back.

    >>> signature("dirichlet", "desi", {"schema_hash": "1f2e", "votes_fingerprint": "77aa"}, 9)
    ... # doctest: +ELLIPSIS
    'loss:dirichlet|schema:desi@1f2e|rules:strict|votes:77aa|N:9|zoocli:...'
    """
    parts = [f"loss:{loss}"]
    if schema is not None:
        parts.append(f"schema:{schema}@{settings.get('schema_hash')}")
    parts.append(f"rules:{_rules(settings)}")
    if "profile" in settings:
        parts.append(f"relevance:{_relevance(settings)}")
    if "intervals" in settings:
        parts.append(f"intervals:{settings['intervals']}@seed={settings.get('seed')}")
    if (settings.get("passes") or 1) > 1:
        parts.append(f"passes:{settings['passes']}")
    for option in ("scale", "label_smoothing", "class_weights", "null_value", "where", "only"):
        if settings.get(option):
            parts.append(f"{option}:{_short(settings[option])}")
    if predictions is not None:
        parts.append(f"predictions:{predictions[:SHOWN_DIGITS]}")
    parts.append(f"votes:{settings.get('votes_fingerprint')}")
    parts.append(f"N:{galaxies}")
    parts.append(f"zoocli:{version}")
    return "|".join(parts)


def _rules(settings: Mapping[str, Any]) -> str:
    loose = [f"{rule}={settings[rule]}" for rule in RULES if settings.get(rule, STRICT) != STRICT]
    return ",".join(loose) or "strict"


def _relevance(settings: Mapping[str, Any]) -> str:
    """The rules that say which galaxies an evaluation counts, under their profile's name."""
    given = {rule: settings.get(rule) for rule in RELEVANCE}
    shown = ",".join(f"{rule}={value:g}" for rule, value in given.items() if value)
    return f"{settings['profile']}({shown})"


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(
            f"{item:g}" if isinstance(item, int | float) else str(item) for item in value
        )
    return str(value)
