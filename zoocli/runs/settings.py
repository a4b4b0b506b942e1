"""The settings of a result, as its file has them: those that are computed with have their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zoocli.foundation.strict_json import count_of, finite_of, text_of
from zoocli.runs.signature import RELEVANCE


def read_settings(content: Mapping[str, Any]) -> dict[str, Any]:
    """The settings; those that this version does not know are kept as they are.

    Raises ValueError or TypeError for a value of another type than the setting has.

    >>> read_settings({"passes": 2, "labels": ["redshift"], "where": None})
    {'passes': 2, 'labels': ['redshift'], 'where': None}
    >>> read_settings({"passes": "2"})
    Traceback (most recent call last):
    ...
    ValueError: the setting passes: '2' is not a count
    """
    for name, value in content.items():
        check = CHECKS.get(name)
        if check is None or value is None:
            continue
        try:
            check(value)
        except ValueError as error:
            raise ValueError(f"the setting {name}: {error}") from None
    return {**content}


def _texts(values: Any) -> None:
    if not isinstance(values, list) or not values:
        raise ValueError(f"{values!r} is not a list of texts")
    for value in values:
        text_of(value)


CHECKS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys([*RELEVANCE, "outlier", "label_smoothing"], finite_of),
    **dict.fromkeys(["passes", "votes_rows", "seed"], count_of),
    **dict.fromkeys(["profile", "intervals", "schema_hash", "votes_fingerprint"], text_of),
    **dict.fromkeys(["labels", "classes", "predictions"], _texts),
}
