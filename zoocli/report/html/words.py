"""How the numbers of a report were computed, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zoocli.matching.account import Matching
from zoocli.report.text import ABSENT, count
from zoocli.runs.options.rules import PROFILES

INTERVALS = {
    "intervals": "95 % intervals of a jackknife over 1,024 groups of galaxies, with Student's "
    "quantile (Kott 2001), on the scale where the number is nearly normal; for accuracy, recall, "
    "precision, F1 and coverage, Wilson's score interval with that variance; for the calibration "
    "error, the estimate plus and minus a bound on its deviation. They cover the variation between "
    "samples of galaxies, not between training runs. None below 5 galaxies.",
}
RULES = {
    "min_votes": "the question has at least {} votes",
    "min_root_votes": "the first question of its campaign has at least {} votes",
    "min_share_asked": "the question's votes over those of the first question are at least {}",
    "min_path_fraction": "the product of the observed fractions that lead to the question is more "
    "than {}",
}
ACCOUNT = {
    "matched": "galaxies in both tables, scored",
    "predictions_only": "rows of the predictions without votes",
    "votes_only": "rows of the votes without predictions",
    "duplicated": "ids that occur more than once, dropped",
    "invalid": "galaxies with a null loss",
    "excluded": "galaxies for which the condition does not hold",
}


def rules(settings: Mapping[str, Any]) -> list[str]:
    """Which galaxies count, as phrases: the profile, if there is one, then its rules."""
    said = [
        text.format(f"{settings[rule]:g}") for rule, text in RULES.items() if settings.get(rule)
    ]
    profile = PROFILES.get(settings.get("profile", ""))
    source = [] if profile is None else [f"profile {settings['profile']} ({profile.source})"]
    return source + said


def account(matching: Matching | None) -> list[tuple[str, str]]:
    """The number of galaxies with each outcome."""
    if matching is None:
        return [(text, ABSENT) for name, text in ACCOUNT.items() if name != "excluded"]
    return [(ACCOUNT[name], count(value)) for name, value in matching.to_dict().items()]


def settings(made: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The settings that change the numbers."""
    return [
        (name, value if isinstance(value, str) else _shown(value))
        for name, value in sorted(made.items())
    ]


def _shown(value: Any) -> str:
    return "none" if value is None or value == [] else json.dumps(value)
