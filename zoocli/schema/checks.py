"""What makes two dicts a decision tree: every rule of a schema, each with its message.

`Schema` calls these once and then trusts what they return.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from zoocli.errors import SchemaError, some

MAX_ANSWERS = 10_000
MAX_NAME = 200  # characters
MAX_HINTED = 1_000  # among more names than these, finding the closest would take long


def checked_answers(pairs: object) -> dict[str, tuple[str, ...]]:
    """Each question's suffixes, when every question + suffix names one answer alone."""
    if not isinstance(pairs, Mapping) or not pairs:
        raise SchemaError("question_answer_pairs must map each question to a list of answers.")
    suffixes_of: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for question, suffixes in pairs.items():
        where = f"question {shown(checked_name(question, 'a question'))}"
        if question == "overall" or question.startswith("campaign:"):
            raise SchemaError(f"{where} has the name of a row of results. Rename it.")
        if not isinstance(suffixes, list | tuple) or len(suffixes) < 2:
            raise SchemaError(f"{where} needs a list of two or more answers, such as [_yes, _no].")
        if len(owner) + len(suffixes) > MAX_ANSWERS:
            raise SchemaError(f"more than {MAX_ANSWERS:,} answers: this is not a decision tree.")
        for suffix in suffixes:
            name = question + checked_name(suffix, f"an answer of {where}")
            if name in owner:
                raise SchemaError(
                    f"answer {shown(name)} stands twice: in question {shown(owner[name])} and in "
                    f"{where}. Every column belongs to one answer: rename one."
                )
            owner[name] = question
        suffixes_of[question] = tuple(suffixes)
    return suffixes_of


def checked_parents(
    dependencies: object, suffixes_of: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """For each question, the answers that it is asked after: none for a root."""
    if not isinstance(dependencies, Mapping):
        raise SchemaError("dependencies must map each question to an answer, a list, or null.")
    for question in dependencies:
        if question not in suffixes_of:
            raise SchemaError(
                f"dependencies has {shown(question)}, which is no question of "
                f"question_answer_pairs.{hint(question, suffixes_of)}"
            )
    answers = {
        question + suffix: None for question, suffixes in suffixes_of.items() for suffix in suffixes
    }
    parents: dict[str, tuple[str, ...]] = {}
    for question in suffixes_of:
        if question not in dependencies:
            raise SchemaError(
                f"question {shown(question)} is missing from dependencies. Give the answer it is "
                "asked after, or null if it is always asked."
            )
        parents[question] = _asked_after(question, dependencies[question])
        for parent in parents[question]:
            if parent not in answers:
                raise SchemaError(
                    f"question {shown(question)} is asked after {shown(parent)}, which is no answer"
                    f" of this schema.{hint(parent, answers)}"
                )
    return parents


def _asked_after(question: str, dependency: object) -> tuple[str, ...]:
    if dependency is None:
        return ()
    parents = dependency if isinstance(dependency, list | tuple) else [dependency]
    if not parents or not all(isinstance(parent, str) for parent in parents):
        raise SchemaError(
            f"question {shown(question)} has the dependency {shown(dependency)}: give the full name"
            " of an answer, a list of them, or null if it is always asked."
        )
    if len(set(parents)) < len(parents):
        raise SchemaError(f"question {shown(question)} lists a dependency twice: remove one.")
    return tuple(parents)


def parents_first(parents: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The keys, each after all of its parents; a circle is an error that shows it."""
    try:
        return tuple(TopologicalSorter(parents).static_order())
    except CycleError as error:
        names = [shown(name) for name in error.args[1]]
        path = " -> ".join(names if len(names) < 9 else [*names[:4], "...", *names[-4:]])
        raise SchemaError(
            f"the dependencies run in a circle, so that no volunteer could begin: {path}. One of "
            "these must be asked after another question's answer, or be null."
        ) from error


def checked_campaigns(campaigns: object) -> tuple[str, ...]:
    """The listed campaigns, when they are different names."""
    if not isinstance(campaigns, list | tuple):
        raise SchemaError(f"campaigns must be a list, such as [dr5]; it is {shown(campaigns)}.")
    names = tuple(checked_name(campaign, "a campaign") for campaign in campaigns)
    if len(set(names)) < len(names):
        raise SchemaError("campaigns lists a campaign twice: remove one.")
    return names


def campaign_of(question: str, campaigns: Collection[str]) -> str:
    """The listed campaign in which a question's name ends, after a hyphen.

    >>> campaign_of("bar-hsc-dr5", ["dr5", "hsc-dr5"])
    'hsc-dr5'
    """
    for position, character in enumerate(question):
        if character == "-" and question[position + 1 :] in campaigns:
            return question[position + 1 :]  # the longest, where several fit
    raise SchemaError(
        f"question {shown(question)} belongs to no listed campaign: its name must end in a "
        f"hyphen and one of {some(campaigns)}. Rename it or list its campaign."
    )


def checked_columns(columns: object, answers: list[str]) -> dict[str, str]:
    """The catalogue's names, when each answer still has a column of its own."""
    if columns is None:
        return {}
    if not isinstance(columns, Mapping):
        raise SchemaError("columns must map answers to the catalogue's names for them.")
    known = set(answers)
    for answer, column in columns.items():
        if answer not in known:
            raise SchemaError(
                f"columns has {shown(answer)}, which is no answer of this schema."
                f"{hint(answer, answers)}"
            )
        checked_name(column, f"the column of {shown(answer)}")
    owner: dict[str, str] = {}
    for answer in answers:
        column = columns.get(answer, answer)
        other = owner.setdefault(column, answer)
        if other != answer:
            raise SchemaError(
                f"answers {shown(other)} and {shown(answer)} have the same column {shown(column)}: "
                "correct one in `columns`."
            )
    return dict(columns)


def checked_name(value: object, what: str) -> str:
    """The value, when it is a name: text of some length that can be printed."""
    if isinstance(value, bool):
        raise SchemaError(
            f"{what} is {value}, not text: YAML reads an unquoted yes, no, on or off as true or "
            "false. Quote it (answers are suffixes, such as '_yes' and '_no')."
        )
    if not isinstance(value, str):
        raise SchemaError(f"{what} is {shown(value)}, not text. Put it in quotes.")
    if not value or len(value) > MAX_NAME or not value.isprintable():
        raise SchemaError(
            f"{what} is {shown(value)}: a name has 1 to {MAX_NAME} characters, all printable."
        )
    return value


def checked_line(value: object, what: str) -> str | None:
    """A title or citation as one line of text; None stays None."""
    if value is None:
        return None
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or not text.isprintable():
        raise SchemaError(f"{what} is {shown(value)}: it must be a line of text.")
    return text


def hint(wrong: object, known: Iterable[str]) -> str:
    """The closest known name as a sentence, or nothing.

    >>> hint("bar_ye", ["bar_yes", "bar_no"])
    " Did you mean 'bar_yes'?"
    """
    names = list(known)
    close = difflib.get_close_matches(str(wrong), names, n=1) if len(names) <= MAX_HINTED else []
    return f" Did you mean {shown(close[0])}?" if close else ""


def shown(value: object) -> str:
    """A value as an error message shows it: quoted, escaped, and cut where it is long.

    >>> shown("bar[x]"), shown(True), len(shown("a" * 999))
    ("'bar[x]'", 'True', 80)
    """
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
