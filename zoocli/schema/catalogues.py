"""Published catalogues of a tree: what they call its answers, as the schema file says."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from zoocli.errors import SchemaError
from zoocli.schema.checks import checked_line, checked_name, hint, shown
from zoocli.schema.naming import CONCENTRATIONS, FRACTIONS, VOTES, Role, Source

if TYPE_CHECKING:
    from zoocli.schema.tree import Question, Schema

ROLES = (CONCENTRATIONS.what, VOTES.what)
KEYS = ("citation", "id", *ROLES, "columns")
PLACEHOLDERS = (["{answer}"], ["{question}", "{suffix}"], ["{plain_question}", "{suffix}"])
PLACEHOLDER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class Catalogue:
    """How a published catalogue names the columns of a tree's answers.

    `role` is "concentrations" or "votes". `column` is a pattern with `{answer}`, or with
    `{question}` (or `{plain_question}`, its name without the campaign) and `{suffix}`; with
    `total`, a pattern of the columns of total votes, it is that of fractions. `columns` says what
    the catalogue calls answers and questions, where that is not what the tree does.
    """

    name: str
    role: str
    column: str
    total: str | None = None
    id: str | None = None
    citation: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    def sources(self, schema: Schema) -> tuple[Source, ...]:
        """Where the numbers of each answer are."""
        return tuple(
            Source(*(self._filled(pattern, question, answer.suffix) for pattern in self._patterns))
            for question in schema.questions
            for answer in question.answers
        )

    def has(self, role: Role) -> bool:
        """Whether it is read as that; one of votes that are fraction x total has fractions."""
        return self.role == role.what or (role == FRACTIONS and self.total is not None)

    def sources_of(self, role: Role, schema: Schema) -> tuple[Source, ...]:
        """Where the numbers of each answer are that the role has."""
        found = self.sources(schema)
        return tuple(Source(one.column) for one in found) if role == FRACTIONS else found

    @property
    def _patterns(self) -> tuple[str, ...]:
        return (self.column,) if self.total is None else (self.column, self.total)

    def _filled(self, pattern: str, question: Question, suffix: str) -> str:
        answer = question.name + suffix
        values = {
            "{answer}": self.columns.get(answer, answer),
            "{question}": self.columns.get(question.name, question.name),
            "{plain_question}": question.plain_name,
            "{suffix}": suffix,
        }
        return PLACEHOLDER.sub(lambda found: values[found[0]], pattern)

    def covers(self, schema: Schema) -> bool:
        """Whether every answer of the tree has a column of its own in the catalogue."""
        columns = [source.column for source in self.sources(schema)]
        return len(set(columns)) == len(columns)

    def of(self, names: Collection[str]) -> Catalogue:
        """The same of some answers and questions only."""
        columns = {name: column for name, column in self.columns.items() if name in names}
        return replace(self, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """As in a schema file."""
        numbers: Any = self.column
        if self.total is not None:
            numbers = {"fraction": self.column, "total": self.total}
        content = {
            "citation": self.citation,
            "id": self.id,
            self.role: numbers,
            "columns": dict(self.columns),
        }
        return {key: value for key, value in content.items() if value}


def checked_catalogues(
    content: object, answers: list[str], questions: list[str]
) -> dict[str, Catalogue]:
    """The catalogues of a schema file; raises SchemaError for what describes none."""
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise SchemaError("catalogues must map names of catalogues to their descriptions.")
    known = [*answers, *questions]
    return {
        checked_name(name, "a catalogue"): _checked(name, one, known)
        for name, one in content.items()
    }


def _checked(name: str, content: object, known: list[str]) -> Catalogue:
    where = f"catalogue {shown(name)}"
    if not isinstance(content, Mapping):
        raise SchemaError(f"{where} must say what its columns are called.")
    for key in content:
        if key not in KEYS:
            raise SchemaError(f"{where} has the unknown key {shown(key)}.{hint(key, KEYS)}")
    roles = [role for role in ROLES if role in content]
    if len(roles) != 1:
        raise SchemaError(f"{where} needs either {ROLES[0]}: or {ROLES[1]}:, a pattern.")
    role = roles[0]
    column, total = _patterns(where, role, content[role])
    named = content.get("columns") or {}
    if not isinstance(named, Mapping):
        raise SchemaError(f"{where}: columns must map answers and questions to names.")
    for key, value in named.items():
        if key not in known:
            raise SchemaError(
                f"{where} names {shown(key)}, which is no answer or question of this schema."
                f"{hint(key, known)}"
            )
        checked_name(value, f"the column of {shown(key)}")
    id_column = content.get("id")
    return Catalogue(
        name,
        role,
        column,
        total,
        None if id_column is None else checked_name(id_column, f"the id of {where}"),
        checked_line(content.get("citation"), f"the citation of {where}"),
        dict(named),
    )


def _patterns(where: str, role: str, content: object) -> tuple[str, str | None]:
    if isinstance(content, Mapping):
        if role != VOTES.what or set(content) != {"fraction", "total"}:
            raise SchemaError(f"{where}: {role} takes a pattern; votes also fraction: and total:.")
        fraction = _pattern(where, content["fraction"])
        total = checked_name(content["total"], f"the total of {where}")
        if "{question}" not in total or PLACEHOLDER.findall(total) != ["{question}"]:
            raise SchemaError(f"{where}: total: must contain {{question}}, such as {{question}}_n.")
        return fraction, total
    return _pattern(where, content), None


def _pattern(where: str, pattern: object) -> str:
    text = checked_name(pattern, f"the pattern of {where}")
    held = PLACEHOLDER.findall(text)
    if held not in PLACEHOLDERS:
        raise SchemaError(
            f"{where}: the pattern {shown(text)} must contain {{answer}}, or {{question}} or "
            "{plain_question} and {suffix}, once."
        )
    return text
