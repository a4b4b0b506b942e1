"""The contents of the report, for each kind of evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Place
from zoocli.evaluating.tree.levels import shown_levels
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.losses import FRACTIONS
from zoocli.report.html import words
from zoocli.report.html.groups import group_tables
from zoocli.report.html.tables import (
    UNDER,
    Headline,
    HtmlTable,
    headlines,
    metric_row,
)
from zoocli.report.html.worst import BadGalaxy, worst_galaxies
from zoocli.schema.levels import OVERALL


@dataclass(frozen=True)
class Content:
    """The parts of a report that depend on what was predicted.

    `about`: one sentence; `tables`: the first precedes the figures, the others follow them;
    `confusion`: how to read a confusion matrix; `rules`: which galaxies count, as phrases.
    """

    about: str
    headlines: Sequence[Headline]
    tables: Sequence[HtmlTable]
    glossary: Mapping[str, str]
    confusion: str = ""
    rules: Sequence[str] = ()
    galaxies: Sequence[BadGalaxy] = field(default_factory=list)


def content_of(evaluation: Evaluation) -> Content:
    """The parts for an evaluation of any kind; the tables of groups precede those of parts."""
    content = _of_all(evaluation)
    first, *others = content.tables
    return replace(content, tables=[first, *group_tables(evaluation), *others])


def _of_all(evaluation: Evaluation) -> Content:
    if isinstance(evaluation, TreeEvaluation):
        return _of_tree(evaluation)
    if isinstance(evaluation, ClassEvaluation):
        return _of_classes(evaluation)
    assert isinstance(evaluation, ValueEvaluation)
    return _of_values(evaluation)


def _of_tree(evaluation: TreeEvaluation) -> Content:
    schema = evaluation.schema
    title = "" if schema.title is None else f": {schema.title}"
    citation = "" if schema.citation is None else f" ({schema.citation})"
    return Content(
        f"Predicted {_what(evaluation)} against votes, decision tree {schema.name}{title}"
        f"{citation}.",
        headlines(evaluation),
        [_questions(evaluation), _answers(evaluation)],
        evaluation.glossary | words.INTERVALS,
        "Rows: the answer with the most votes, with its number of counted galaxies. Columns: the "
        "answer with the highest predicted fraction, in per cent of the row.",
        words.rules(evaluation.settings),
        worst_galaxies(evaluation),
    )


def _what(evaluation: Evaluation) -> str:
    return "fractions" if evaluation.loss == FRACTIONS else "concentrations"


def _questions(evaluation: TreeEvaluation) -> HtmlTable:
    """One row per question, below those of everything and of the campaigns, if several."""
    found = evaluation.by_name
    shown = evaluation.shown(Place.ROWS)
    rows = [
        metric_row(
            evaluation,
            name,
            (name, None),
            shown,
            [found[name, None, metric].N for metric in ("loss", "accuracy")],
        )
        for names in shown_levels(evaluation.schema)
        for name in names
    ]
    fixed = len(rows) - len(evaluation.schema.questions)
    return HtmlTable(
        "questions",
        "Questions",
        "Losses and gains in nats per galaxy. N: galaxies with votes; counted: galaxies that the "
        f"relevance rules let count. {UNDER}",
        ["question", "N", "counted", *(one.heading for one in shown)],
        rows[:fixed],
        rows[fixed:],
    )


def _answers(evaluation: TreeEvaluation) -> HtmlTable:
    shown = evaluation.shown(Place.PARTS)
    rows = []
    for question in evaluation.schema.questions:
        for answer in question.answers:
            about = question.name, answer.name
            galaxies = evaluation.by_name[*about, "rmse"].N
            rows.append(metric_row(evaluation, answer.name, about, shown, [galaxies]))
    return HtmlTable(
        "answers",
        "Answers",
        f"Over the galaxies that count for the answer's question (N). {UNDER}",
        ["answer", "N", *(one.heading for one in shown)],
        [],
        rows,
    )


def _of_classes(evaluation: ClassEvaluation) -> Content:
    shown = evaluation.shown(Place.PARTS)
    support = evaluation.confusion_matrix.sum(axis=1)
    rows = [
        metric_row(evaluation, name, (OVERALL, name), shown, [int(labelled)])
        for name, labelled in zip(evaluation.classes, support, strict=True)
    ]
    header = ["class", "N", *(one.heading for one in shown)]
    note = f"N: galaxies with that label. {UNDER}"
    return Content(
        f"Predicted classes against labels, {len(rows)} classes.",
        headlines(evaluation),
        [HtmlTable("classes", "Classes", note, header, [], rows)],
        evaluation.glossary | words.INTERVALS,
        "Rows: the label, with its number of galaxies. Columns: the most probable class, in per "
        "cent of the row.",
    )


def _of_values(evaluation: ValueEvaluation) -> Content:
    shown = evaluation.shown(Place.ROWS)
    rows = [
        metric_row(
            evaluation, name, (name, None), shown, [evaluation.by_name[name, None, "bias"].N]
        )
        for name in evaluation.rows
    ]
    header = ["target", "N", *(one.heading for one in shown)]
    note = f"5 % to 95 %: quantiles of predicted - true. {UNDER}"
    return Content(
        f"Predicted values against true ones, {evaluation.loss} loss: "
        f"{', '.join(evaluation.targets)}.",
        headlines(evaluation),
        [HtmlTable("targets", "Targets", note, header, rows[:1], rows[1:])],
        evaluation.glossary | words.INTERVALS,
    )
