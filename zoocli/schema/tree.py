"""A decision tree: questions, their answers, campaigns, and what leads to what."""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoocli.errors import DataError, SchemaError, UsageError, some
from zoocli.schema.catalogues import checked_catalogues
from zoocli.schema.checks import (
    campaign_of,
    checked_answers,
    checked_campaigns,
    checked_columns,
    checked_line,
    checked_name,
    checked_parents,
    hint,
    parents_first,
    shown,
)
from zoocli.schema.files import to_yaml

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KEYS = (
    *("title", "citation", "campaigns", "question_answer_pairs", "dependencies"),
    *("columns", "catalogues"),
)


@dataclass(frozen=True)
class Answer:
    """One answer: `name` is question + suffix (a table's column), `index` its place among all."""

    name: str
    suffix: str
    question: str
    index: int


@dataclass(frozen=True)
class Question:
    """One question; `asked_after` names the answers that lead to it, none for a root.

    `plain_name` is its name without the campaign, where the tree lists any.
    """

    name: str
    answers: tuple[Answer, ...]
    asked_after: tuple[str, ...]
    campaign: str
    plain_name: str

    @property
    def columns(self) -> slice:
        """Where the question's answers stand in `Schema.label_cols`."""
        return slice(self.answers[0].index, self.answers[-1].index + 1)


class Schema:
    """A decision tree, from the two dicts that Zoobot takes.

    `question_answer_pairs` maps a question to its answers' suffixes; `dependencies` maps every
    question to the answer after which it is asked, to a list of answers (asked after any of
    them), or to None (always asked). Both come out as they went in; a schema does not change.

    `campaigns`: each takes the questions whose name ends in it after a hyphen; without any, the
    whole tree is one campaign under the schema's own `name`. `columns` maps answers to the column
    names that a catalogue uses for them, and `catalogues` describes published ones.

    Raises SchemaError for anything that is not a tree: unknown or repeated answers, circles,
    questions without a dependency, names that are not text.

    >>> schema = Schema({"bar": ["_yes", "_no"], "size": ["_big", "_small"]},
    ...                 {"bar": None, "size": "bar_yes"}, name="bars")
    >>> schema.label_cols
    ['bar_yes', 'bar_no', 'size_big', 'size_small']
    >>> schema.questions[1].columns, schema.questions[1].asked_after
    (slice(2, 4, None), ('bar_yes',))
    >>> schema.campaigns, schema.content_hash
    ({'bars': (0, 1)}, '633d6c5ed9a7')
    """

    def __init__(
        self,
        question_answer_pairs: Mapping[str, Sequence[str]],
        dependencies: Mapping[str, str | Sequence[str] | None],
        name: str = "schema",
        *,
        title: str | None = None,
        citation: str | None = None,
        campaigns: Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        catalogues: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = checked_name(name, "the schema's name")
        self.title = checked_line(title, "title")
        self.citation = checked_line(citation, "citation")
        suffixes = checked_answers(question_answer_pairs)
        parents = checked_parents(dependencies, suffixes)
        self._listed_campaigns = checked_campaigns(campaigns)
        self.questions = _questions(suffixes, parents, self._listed_campaigns, self.name)
        self._dependencies = dict(dependencies)
        self._order = _order(self.questions)
        self._columns = checked_columns(columns, self.label_cols)
        self.catalogues = checked_catalogues(catalogues, self.label_cols, [*suffixes])
        if len(self.campaigns) < len(self._listed_campaigns):
            idle = next(name for name in self._listed_campaigns if name not in self.campaigns)
            raise SchemaError(
                f"campaign {shown(idle)} has no question: none has a name that ends in "
                f"{shown('-' + idle)}. Correct `campaigns`."
            )

    def __repr__(self) -> str:
        sizes = f"{len(self.questions)} questions, {len(self.label_cols)} answers"
        return f"<Schema {self.name}: {sizes}>"

    @property
    def question_answer_pairs(self) -> dict[str, list[str]]:
        """Zoobot's first dict: each question's suffixes."""
        return {q.name: [answer.suffix for answer in q.answers] for q in self.questions}

    @property
    def dependencies(self) -> dict[str, str | list[str] | None]:
        """Zoobot's second dict: what each question is asked after, as it was given."""
        return {
            question: parent if parent is None or isinstance(parent, str) else list(parent)
            for question, parent in self._dependencies.items()
        }

    def zoobot_dicts(self) -> dict[str, dict[str, Any]]:
        """Both dicts, under the names of Zoobot's arguments."""
        return {
            "question_answer_pairs": {**self.question_answer_pairs},
            "dependencies": {**self.dependencies},
        }

    @property
    def label_cols(self) -> list[str]:
        """Every answer's full name, in the order of the tree: the columns of a table."""
        return [answer.name for question in self.questions for answer in question.answers]

    @property
    def columns(self) -> dict[str, str]:
        """Answer to the catalogue's own column, for the answers that have one."""
        return dict(self._columns)

    @property
    def question_slices(self) -> list[slice]:
        """For each question, where its answers stand in `label_cols`."""
        return [question.columns for question in self.questions]

    @property
    def questions_in_order(self) -> tuple[Question, ...]:
        """The questions with parents before their children, however they are listed."""
        return tuple(self.questions[position] for position in self._order)

    @property
    def campaigns(self) -> dict[str, tuple[int, ...]]:
        """For each campaign, in the order listed, the positions of its questions."""
        members: dict[str, list[int]] = {}
        for position, question in enumerate(self.questions):
            members.setdefault(question.campaign, []).append(position)
        order = self._listed_campaigns or (self.name,)
        return {name: tuple(members[name]) for name in order if name in members}

    @functools.cached_property
    def content_hash(self) -> str:
        """Twelve hex digits that stand for the tree: questions, answers, parents, campaigns.

        The same from a file and from dicts, on every machine. Title, citation, catalogue columns
        and the schema's name do not enter (nor does a campaign that only has the schema's name).
        """
        content = {
            "questions": [
                [q.name, [answer.suffix for answer in q.answers], sorted(q.asked_after)]
                for q in self.questions
            ],
            "campaigns": list(self._listed_campaigns),
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:12]

    def proportions_asked(self, fractions: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The probability that a volunteer reaches each question.

        A root question: 1. Any other: the sum, over the answers it is asked after, of (fraction of
        that answer among its own question's votes) x (proportion asked of that question). The
        answers are taken to exclude each other, as they do where a volunteer meets each question
        at most once.

        `fractions` (galaxies, answers) in the order of `label_cols`; the result (galaxies,
        questions), float64. A NaN fraction gives NaN, unless its question is never reached
        (proportion 0): then that path adds 0, for nobody could have voted there. Raises DataError
        for another shape.

        >>> schema = Schema({"bar": ["_yes", "_no"], "size": ["_big", "_small"]},
        ...                 {"bar": None, "size": "bar_yes"})
        >>> schema.proportions_asked([[0.25, 0.75, 0.5, 0.5]]).tolist()
        [[1.0, 0.25]]
        """
        import numpy as np

        shares = np.asarray(fractions, dtype=np.float64)
        if shares.ndim != 2 or shares.shape[1] != len(self.label_cols):
            raise DataError(
                f"Fractions for schema {shown(self.name)} must have the shape (galaxies, "
                f"{len(self.label_cols)}), one column per answer; theirs is {shares.shape}."
            )
        column_of = {answer: column for column, answer in enumerate(self.label_cols)}
        question_of = [i for i, question in enumerate(self.questions) for _ in question.answers]
        asked = np.zeros((len(shares), len(self.questions)))
        for position in self._order:
            parents = self.questions[position].asked_after
            if not parents:
                asked[:, position] = 1.0
            for column in (column_of[parent] for parent in parents):
                reached = asked[:, question_of[column]]
                path = np.zeros(len(shares))
                np.multiply(shares[:, column], reached, out=path, where=reached != 0)
                asked[:, position] += path
        return asked

    def to_dict(self) -> dict[str, Any]:
        """The schema as the content of a schema file, for `Schema.from_dict`."""
        content = {
            "title": self.title,
            "citation": self.citation,
            "campaigns": self._listed_campaigns,
            **self.zoobot_dicts(),
            "columns": self._columns,
            "catalogues": {name: one.to_dict() for name, one in self.catalogues.items()},
        }
        return {key: value for key, value in content.items() if value}

    @classmethod
    def from_dict(cls, content: object, name: str) -> Schema:
        """Reads what a schema file holds; raises SchemaError for what is no decision tree."""
        if not isinstance(content, dict):
            raise SchemaError("a schema file is a mapping, with question_answer_pairs: and so on.")
        for key in content:
            if key not in KEYS:
                close = difflib.get_close_matches(key, KEYS, n=1)
                meant = close[0] if close else ", ".join(KEYS)
                raise SchemaError(f"unknown key {shown(key)}. Meant is one of: {meant}.")
        for key in ("question_answer_pairs", "dependencies"):
            if key not in content:
                raise SchemaError(f"{key} is missing.")
        return cls(
            content["question_answer_pairs"],
            content["dependencies"],
            name,
            title=content.get("title"),
            citation=content.get("citation"),
            campaigns=content.get("campaigns") or (),
            columns=content.get("columns"),
            catalogues=content.get("catalogues"),
        )

    def only(self, questions: Sequence[str]) -> Schema:
        """The tree of some of its questions; those whose parents are left out become roots.

        Raises UsageError for other questions.

        >>> schema = Schema({"bar": ["_yes", "_no"], "size": ["_big", "_small"]},
        ...                 {"bar": None, "size": "bar_yes"}, name="bars")
        >>> schema.only(["size"]).dependencies
        {'size': None}
        """
        known = [question.name for question in self.questions]
        wanted = {name for asked in questions for name in self._called(asked, known)}
        chosen = [question for question in self.questions if question.name in wanted]
        answers = {answer.name for question in chosen for answer in question.answers}
        parents = {q.name: [one for one in q.asked_after if one in answers] for q in chosen}
        campaigns = {question.campaign for question in chosen}
        kept = {*answers, *wanted}
        return Schema(
            {q.name: [answer.suffix for answer in q.answers] for q in chosen},
            {name: found or None for name, found in parents.items()},
            self.name,
            title=self.title,
            citation=self.citation,
            campaigns=[name for name in self._listed_campaigns if name in campaigns],
            columns={name: column for name, column in self._columns.items() if name in kept},
            catalogues={name: one.of(kept).to_dict() for name, one in self.catalogues.items()},
        )

    def _called(self, name: str, known: Sequence[str]) -> list[str]:
        """The questions of a name, which may lack the campaign."""
        plain = [question.name for question in self.questions if question.plain_name == name]
        found = [name] if name in known else plain
        if not found:
            raise UsageError(
                f"The schema {shown(self.name)} has no question {shown(name)}.{hint(name, known)} "
                f"Its questions are {some(known, limit=12)}."
            )
        return found

    def to_yaml(self) -> str:
        """The schema as the text of a schema file, which reads back as the same schema."""
        return to_yaml(self.to_dict())


def _questions(
    suffixes_of: Mapping[str, tuple[str, ...]],
    parents: Mapping[str, tuple[str, ...]],
    campaigns: tuple[str, ...],
    default_campaign: str,
) -> tuple[Question, ...]:
    questions: list[Question] = []
    known = dict.fromkeys(campaigns)  # looked up by name, shown in order
    index = 0
    for name, suffixes in suffixes_of.items():
        answers = tuple(
            Answer(name + suffix, suffix, name, index + i) for i, suffix in enumerate(suffixes)
        )
        index += len(answers)
        campaign = campaign_of(name, known) if known else default_campaign
        plain = name.removesuffix(f"-{campaign}") if known else name
        questions.append(Question(name, answers, parents[name], campaign, plain))
    return tuple(questions)


def _order(questions: tuple[Question, ...]) -> tuple[int, ...]:
    question_of = {answer.name: q.name for q in questions for answer in q.answers}
    position = {question.name: i for i, question in enumerate(questions)}
    parents = {q.name: tuple(question_of[answer] for answer in q.asked_after) for q in questions}
    return tuple(position[name] for name in parents_first(parents))
