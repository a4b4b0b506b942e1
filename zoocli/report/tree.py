"""A drawing of a decision tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoocli.schema import Question, Schema

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

DEEPEST = 20  # questions, one below the other


def draw_tree(schema: Schema) -> Tree:
    """The schema as a rich tree: questions, their answers, and what is asked after each.

    A question that is asked after several answers is drawn once, under the first of them, and the
    others refer to it. What is more than 20 questions deep begins at the left again. Names are
    shown verbatim, including square brackets.
    """
    from rich.text import Text
    from rich.tree import Tree

    drawn = Tree(_title(schema))
    answers: dict[str, Tree] = {}
    depths: dict[str | None, int] = {None: 0}
    for question in schema.questions_in_order:
        first, *others = question.asked_after or (None,)
        depth, label = depths[first], _label(question)
        if depth == DEEPEST:  # it begins at the left again
            depth = 0
            label.append(f" (after {first})", style="not bold dim")
        parent = drawn if depth == 0 or first is None else answers[first]
        node = parent.add(label)
        for answer in question.answers:
            answers[answer.name] = node.add(Text(answer.suffix.removeprefix("_")))
            depths[answer.name] = depth + 1
        for other in others:
            answers[str(other)].add(Text(f"-> {question.name}, as after {first}", style="dim"))
    return drawn


def list_catalogues(schema: Schema) -> Text:
    """The published catalogues whose columns are known: what they have, for the first answer.

    Empty where the schema knows none.
    """
    from rich.text import Text

    lines = Text()
    for one in schema.catalogues.values():
        first = " x ".join(one.sources(schema)[0].columns)
        lines.append("\n" if lines else "published catalogues\n")
        lines.append(one.name, style="bold")
        lines.append(f": {one.role} in {first}, ...")
        lines.append(f"; ids in {one.id}" if one.id else "")
        lines.append(f"; {one.citation}" if one.citation else "")
    return lines


def _title(schema: Schema) -> Text:
    from rich.text import Text

    title = Text(schema.name, style="bold")
    for line in (schema.title, schema.citation):
        title.append(f"\n{line}" if line else "", style="not bold")
    return title


def _label(question: Question) -> Text:
    from rich.text import Text

    label = Text(question.name, style="bold cyan")
    if len(question.asked_after) > 1:
        label.append(f" (after any of {', '.join(question.asked_after)})", style="not bold dim")
    return label
