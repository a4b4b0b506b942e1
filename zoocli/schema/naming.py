"""Which column of a table belongs to which answer of a tree.

Names are tried in steps, and the first at which every answer has a column of its own decides:

1. the answers' names with one of the role's endings, the same for all (`bar-dr5_yes_pred`);
2. the answers' names (`bar-dr5_yes`);
3. what a published catalogue calls them, where the schema file describes it;
4. as 1 and 2, without the campaign in the question (`bar_yes` for `bar-dr5_yes`).

Then all of them again without regard to case and to hyphens, underscores, dots and blanks. Two
choices of one step that both have all columns, or two columns that spell one name, are an error
that names them: nothing is guessed between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zoocli.errors import DataError, some

if TYPE_CHECKING:
    from zoocli.schema.tree import Schema

SEPARATORS = re.compile(r"[-_.\s]+")
FRACTION_ENDINGS = (
    "_fraction",
    "_frac",
    "_weighted_fraction",
    "_weighted-fraction",
    "_debiased",
    "_probability",
    "_prob",
)
# How far names are from the tree's own: exact, a catalogue's, without the campaign; then loosely.
EXACT, OF_CATALOGUE, WITHOUT_CAMPAIGN, LOOSE = 0, 1, 2, 3
OTHERWISE = "spelled otherwise"


@dataclass(frozen=True)
class Role:
    """What a table's columns are read as.

    `endings` are those that such columns usually have behind the answer's name; `option` gives a
    pattern of their names instead. `needs` says why fractions will not do.
    """

    what: str
    option: str
    endings: tuple[str, ...]
    needs: str


CONCENTRATIONS = Role(
    "concentrations",
    "predictions_column",
    ("_dirichlet", "_concentration", "_concentrations", "_pred"),
    "a score needs the concentrations of a Dirichlet distribution",
)
FRACTIONS = Role("fractions", "predictions_column", FRACTION_ENDINGS, "fractions are wanted")
VOTES = Role("votes", "votes_column", ("_count", "_votes"), "a score needs the counts of votes")


@dataclass(frozen=True)
class Source:
    """Where an answer's numbers are: in a column, or as a fraction of the votes in another one."""

    column: str
    total: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return (self.column,) if self.total is None else (self.column, self.total)


@dataclass(frozen=True)
class Choice:
    """One way to name the columns: a source for each answer, in the tree's order.

    `how` says it in words, empty where the names are the tree's own.
    """

    sources: tuple[Source, ...]
    distance: int
    how: str


@dataclass(frozen=True)
class Names:
    """The names of a table's columns, to be found as they are or loosely."""

    names: Sequence[str]
    _exact: frozenset[str] = field(init=False)
    _loose: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        loose: dict[str, list[str]] = {}
        for name in dict.fromkeys(self.names):
            loose.setdefault(loosely(name), []).append(name)
        object.__setattr__(self, "_exact", frozenset(self.names))
        object.__setattr__(self, "_loose", loose)

    def find(self, name: str, loose: bool) -> list[str]:
        """The columns of that name: one or none, or several that spell it loosely."""
        if loose:
            return self._loose.get(loosely(name), [])
        return [name] if name in self._exact else []


def loosely(name: str) -> str:
    """What of a name counts where its spelling does not.

    >>> loosely("Smooth.or.Featured_smooth") == loosely("smooth-or-featured_smooth")
    True
    """
    return SEPARATORS.sub("", name).casefold()


def resolve(schema: Schema, names: Names, role: Role) -> Choice | None:
    """The columns of every answer; None where some answer has none.

    Raises DataError, which names them, where two choices fit equally well.
    """
    for choices in _steps(schema, role):
        fitting = [found for one in choices if (found := _found(one, names)) is not None]
        if len({one.sources for one in fitting}) > 1:
            ways = ", or ".join(one.how for one in fitting)
            raise Ambiguous(f"fit the schema '{schema.name}' {ways}", fitting[0].distance)
        if fitting:
            return fitting[0]
    return None


class Ambiguous(DataError):
    """Two choices fit equally well; the message says which, as a predicate of the columns."""

    def __init__(self, message: str, distance: int) -> None:
        super().__init__(message)
        self.distance = distance


def nearest(schema: Schema, names: Names, role: Role) -> tuple[Choice, list[int]]:
    """The choice that lacks the fewest answers' columns, and the positions of those answers."""
    lacking = []
    for choices in _steps(schema, role):
        for one in choices:
            absent = [
                place
                for place, source in enumerate(one.sources)
                if not all(names.find(name, one.distance >= LOOSE) for name in source.columns)
            ]
            lacking.append((one, absent))
    return min(lacking, key=lambda pair: (len(pair[1]), pair[0].distance, bool(pair[0].how)))


def fractions_only(schema: Schema, names: Names, role: Role) -> bool:
    """Whether a table has fractions of the answers, and nothing of what the role needs."""
    _, absent = nearest(schema, names, role)
    if len(absent) < len(schema.label_cols):
        return False
    fractions = Role(role.what, role.option, FRACTION_ENDINGS, role.needs)
    return bool(any(_found(one, names) for one in _with_endings(schema, fractions)))


def _steps(schema: Schema, role: Role) -> Iterator[list[Choice]]:
    exact = [*_steps_as_spelled(schema, role)]
    yield from exact
    for choices in exact:
        yield [
            Choice(one.sources, LOOSE + one.distance, f"{one.how}, {OTHERWISE}".lstrip(", "))
            for one in choices
        ]


def _steps_as_spelled(schema: Schema, role: Role) -> Iterator[list[Choice]]:
    yield _with_endings(schema, role)
    yield [_named(schema.label_cols, EXACT, "")]
    if schema.columns:
        names = [schema.columns.get(answer, answer) for answer in schema.label_cols]
        yield [_named(names, EXACT, "")]
    yield [
        Choice(one.sources_of(role, schema), OF_CATALOGUE, f"as in the catalogue {one.name}")
        for one in schema.catalogues.values()
        if one.has(role) and one.covers(schema)
    ]
    bare = without_campaigns(schema)
    if bare is not None:
        how = "without the campaign"
        yield [
            _named([name + end for name in bare], WITHOUT_CAMPAIGN, f"as {{answer}}{end} {how}")
            for end in role.endings
        ]
        yield [_named(bare, WITHOUT_CAMPAIGN, how)]


def _with_endings(schema: Schema, role: Role) -> list[Choice]:
    return [
        _named([answer + end for answer in schema.label_cols], EXACT, f"as {{answer}}{end}")
        for end in role.endings
    ]


def _named(names: Sequence[str], distance: int, how: str) -> Choice:
    return Choice(tuple(map(Source, names)), distance, how)


def without_campaigns(schema: Schema) -> list[str] | None:
    """The answers' names without the campaign in the question; None where those are not distinct.

    >>> from zoocli.schema import load_schema
    >>> without_campaigns(load_schema("decals-dr5-ortho"))[0]
    'smooth-or-featured_smooth'
    """
    names = [
        question.plain_name + answer.suffix
        for question in schema.questions
        for answer in question.answers
    ]
    return names if len(set(names)) == len(names) and names != schema.label_cols else None


def _found(choice: Choice, names: Names) -> Choice | None:
    """The choice with the names as the table spells them; None where a column is not there."""
    loose = choice.distance >= LOOSE
    if loose and len({loosely(source.column) for source in choice.sources}) < len(choice.sources):
        return None  # two answers would share a column
    sources = []
    for source in choice.sources:
        found = [names.find(name, loose) for name in source.columns]
        if not all(found):
            return None
        sources.append(found)
    several = next((one for found in sources for one in found if len(one) > 1), None)
    if several is not None:
        raise Ambiguous(f"spell one name in several ways, {some(several)}", choice.distance)
    return Choice(
        tuple(Source(*(one[0] for one in found)) for found in sources), choice.distance, choice.how
    )
