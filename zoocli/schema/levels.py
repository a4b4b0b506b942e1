"""The levels that losses are told at: everything, the campaigns of a tree, its questions."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from zoocli.foundation.strict_json import text_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from zoocli.foundation.arrays import Floats
    from zoocli.schema.tree import Schema

Item = TypeVar("Item")

OVERALL = "overall"
CAMPAIGN = "campaign"
QUESTION = "question"


@dataclass(frozen=True)
class Levels:
    """Overall, then the campaigns, then the questions: what is told of each is in this order.

    `campaigns` gives, for each campaign, the positions of its questions in `questions`. A loss
    without a tree has no campaigns, and `questions` holds its targets where there are several.

    >>> levels = Levels({"dr5": (0, 1)}, ("smooth-dr5", "bar-dr5"))
    >>> len(levels), levels.names()[1:3]
    (4, [('campaign', 'dr5'), ('question', 'smooth-dr5')])
    """

    campaigns: dict[str, tuple[int, ...]]
    questions: tuple[str, ...]

    @classmethod
    def of(cls, schema: Schema) -> Levels:
        """Those of a decision tree."""
        return cls(schema.campaigns, tuple(question.name for question in schema.questions))

    def __len__(self) -> int:
        return 1 + len(self.campaigns) + len(self.questions)

    def names(self) -> list[tuple[str, str]]:
        """The kind (overall, campaign, question) and the name of each."""
        campaigns = [(CAMPAIGN, name) for name in self.campaigns]
        return [(OVERALL, OVERALL), *campaigns, *((QUESTION, name) for name in self.questions)]

    def members(self) -> list[tuple[int, ...]]:
        """The positions of the questions of each."""
        every = self._every()
        return [every, *self.campaigns.values(), *((position,) for position in every)]

    def _every(self) -> tuple[int, ...]:
        return tuple(range(len(self.questions)))

    def split(self, items: Sequence[Item]) -> tuple[Item, dict[str, Item], dict[str, Item]]:
        """One item for each level, told apart: overall, by campaign, by question."""
        first = 1 + len(self.campaigns)
        return (
            items[0],
            dict(zip(self.campaigns, items[1:first], strict=True)),
            dict(zip(self.questions, items[first:], strict=True)),
        )

    def losses(self, loss: Floats, of_questions: Floats) -> Iterator[Floats]:
        """The losses of each, (galaxies,), from `loss` (galaxies,) and those of the questions.

        A campaign's loss is the sum over its questions; `of_questions` is (questions, galaxies).
        """
        from zoocli.foundation.arrays import sum_in_order  # loads numpy, which trees do not need

        yield loss
        every = self._every()
        for members in self.campaigns.values():
            yield loss if members == every else sum_in_order(of_questions[list(members)])
        yield from of_questions

    def votes(self, of_questions: npt.NDArray[np.int32]) -> Iterator[npt.NDArray[np.integer]]:
        """The votes of each, (galaxies,), from those of the questions, (questions, galaxies)."""
        every = self._every()
        total = of_questions.sum(axis=0, dtype="int64")
        yield total
        for members in self.campaigns.values():
            if members == every:
                yield total
            else:
                yield of_questions[list(members)].sum(axis=0, dtype="int64")
        yield from of_questions

    def to_dict(self) -> dict[str, Any]:
        """As the metadata of a scores table have them."""
        campaigns = {name: list(members) for name, members in self.campaigns.items()}
        return {"campaigns": campaigns, "questions": list(self.questions)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Levels:
        """Reads what `to_dict` wrote; raises an error of Python's for anything else."""
        questions = tuple(map(text_of, content["questions"]))
        campaigns = {
            name: tuple(map(operator.index, members))
            for name, members in content["campaigns"].items()
        }
        if not {at for members in campaigns.values() for at in members} <= {*range(len(questions))}:
            raise ValueError("a campaign has a question that is not there")
        if not all(campaigns.values()):
            raise ValueError("a campaign has no questions")
        return cls(campaigns, questions)


def by_name(
    overall: Item, campaigns: Mapping[str, Item] | None, questions: Mapping[str, Item]
) -> dict[tuple[str, str], Item]:
    """What is told for each level, by its kind and name; campaigns None: they are not known."""
    return {
        (OVERALL, OVERALL): overall,
        **{(CAMPAIGN, name): item for name, item in (campaigns or {}).items()},
        **{(QUESTION, name): item for name, item in questions.items()},
    }


def sections(
    overall: Item, campaigns: Mapping[str, Item] | None, questions: Mapping[str, Item]
) -> list[dict[str, Item]]:
    """What a person is shown of each kind of level: overall, campaigns, questions."""
    return [{OVERALL: overall}, shown(campaigns or {}), dict(questions)]


def shown(campaigns: Mapping[str, Item]) -> dict[str, Item]:
    """The campaigns that a person is shown: a single one only repeats what is said overall.

    >>> shown({"dr5": 3.5}), shown({"dr12": 1.5, "dr5": 2.0})
    ({}, {'dr12': 1.5, 'dr5': 2.0})
    """
    return dict(campaigns) if len(campaigns) > 1 else {}
