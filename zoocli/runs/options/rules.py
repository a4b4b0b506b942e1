"""Which galaxies count for which question: the rules of published work, under their names."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from zoocli.errors import UsageError, some
from zoocli.foundation.option_checks import check_range

DEFAULT_PROFILE = "zoobot"


@dataclass(frozen=True)
class Rules:
    """A galaxy counts for a question where all of these hold.

    `min_votes`: the question has at least so many votes (and always at least one).
    `min_root_votes`: the first root question of its campaign has at least so many.
    `min_share_asked`: the question's votes over that root's votes are at least this.
    `min_path_fraction`: the product of the observed fractions that lead to the question is more
    than this; None: no condition.
    `confident`: a galaxy is confident where some observed fraction is more than this.

    Raises UsageError for values out of range.
    """

    min_votes: int = 1
    min_root_votes: int = 0
    min_share_asked: float = 0.0
    min_path_fraction: float | None = None
    confident: float = 0.8

    def __post_init__(self) -> None:
        check_range("min_votes", self.min_votes, least=1)
        check_range("min_root_votes", self.min_root_votes, least=0)
        for option in ("min_share_asked", "min_path_fraction", "confident"):
            value = getattr(self, option)
            if value is not None:
                check_range(option, value, least=0, most=1)

    def as_options(self) -> list[str]:
        """The rules that exclude anything, as they are given on the command line.

        >>> Rules(min_share_asked=0.5).as_options()
        ['--min-votes 1', '--min-share-asked 0.5', '--confident 0.8']
        """
        said = {rule: value for rule, value in self.to_dict().items() if value}
        return [f"--{rule.replace('_', '-')} {value:g}" for rule, value in said.items()]

    def to_dict(self) -> dict[str, Any]:
        """The rules under their names, for settings and the signature."""
        return asdict(self)


@dataclass(frozen=True)
class Profile:
    """Rules that were published, and where."""

    rules: Rules
    source: str


DECALS = "Walmsley et al. 2022, MNRAS 509, 3966"
PROFILES = {
    "zoobot": Profile(Rules(), "Zoobot's loss: every question with at least one vote"),
    "decals": Profile(
        Rules(min_root_votes=34, min_share_asked=0.5),
        f"{DECALS}: at least 34 votes for the first question, and half of its volunteers asked",
    ),
    "decals-code": Profile(
        Rules(min_path_fraction=0.5),
        f"the code beside {DECALS}: more than half expected to be asked; give --min-votes with it",
    ),
    "euclid-prep": Profile(
        Rules(min_share_asked=0.5),
        "Euclid Collaboration: Aussel et al. 2024, A&A 689, A274: at least half were asked",
    ),
    "evo": Profile(Rules(min_votes=20), "Galaxy Zoo Evo: at least 20 votes for the question"),
}


def rules_of(profile: str, **given: Any) -> Rules:
    """The rules of a profile; those that are given (not None) replace its own.

    Raises UsageError for another profile, and for values out of range.

    >>> rules_of("evo", min_votes=None, confident=0.9)
    ... # doctest: +ELLIPSIS
    Rules(min_votes=20, min_root_votes=0, ..., confident=0.9)
    """
    if profile not in PROFILES:
        raise UsageError(f"There is no profile '{profile}'. Choose one of {some(PROFILES, 9)}.")
    chosen = {rule: value for rule, value in given.items() if value is not None}
    return replace(PROFILES[profile].rules, **chosen)
