"""The pages of a ranking and of a comparison: several models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from zoocli.evaluating.comparing.comparison import Comparison, Difference, System
from zoocli.evaluating.comparing.ranked import DifferenceFromBest, RankedModel, Ranking
from zoocli.evaluating.family import Place
from zoocli.report.comparison import shown_p_cell
from zoocli.report.html import words
from zoocli.report.html.tables import Cell, HtmlTable, Row, metric_row
from zoocli.report.metric_cells import DIGITS, interval_text
from zoocli.report.sentence import sentence_of
from zoocli.report.text import ABSENT, count, number
from zoocli.schema.levels import OVERALL

TESTED = {
    "difference": "The model's mean loss minus the other's, over the same galaxies: above 0 where "
    "it is worse. Below it the 95 % interval of a jackknife over 1,024 groups of galaxies.",
    "p": "Of the paired randomisation test: how often random signs of the differences would give "
    "one of at least this size. (Holm): adjusted for all tests of its table.",
}
GROUP = "Models with a letter in common are not distinguishable at 0.05."


@dataclass(frozen=True)
class ModelsContent:
    """What a page of several models shows; `links` lead to the report of each."""

    title: str
    made_of: str
    findings: Sequence[str]
    tables: Sequence[HtmlTable]
    glossary: Mapping[str, str]
    signature: str
    settings: Mapping[str, Any]
    notes: Sequence[str]
    links: Sequence[tuple[str, str]] = ()


def ranking_content(ranking: Ranking, report: str) -> ModelsContent:
    """Of a ranking; `report` is the name of the file that each model's folder has."""
    made = ranking.best.evaluation
    votes = made.settings.get("votes_fingerprint")
    names = ", ".join(model.name for model in ranking.models)
    tables = [_models(ranking)]
    if ranking.best.questions:
        tables.append(_questions(ranking))
    return ModelsContent(
        f"Ranking of {len(ranking.models)} models",
        f"{names} against votes with the fingerprint {votes}, {count(ranking.galaxies)} galaxies.",
        [*ranking.verdicts, sentence_of(made)],
        tables,
        TESTED | {"group": GROUP} | made.glossary
        | words.INTERVALS,
        ranking.signature,
        made.settings,
        ranking.notes,
        [(model.name, f"{quote(model.name)}/{report}") for model in ranking.models],
    )  # fmt: skip


def _models(ranking: Ranking) -> HtmlTable:
    shown = ranking.best.evaluation.shown(Place.HEADLINE)
    rows = []
    for model in ranking.models:
        numbers = metric_row(model.evaluation, model.name, (OVERALL, None), shown, [])
        cells = [*numbers.cells, *_difference(model.difference), Cell(model.group)]
        rows.append(Row(model.name, cells))
    return HtmlTable(
        "models",
        "Models",
        f"The best first, on the galaxies that all have. Difference: from the best. {GROUP}",
        ["model", *(one.heading for one in shown), "difference", "p (Holm)", "group"],
        [],
        rows,
    )


def _questions(ranking: Ranking) -> HtmlTable:
    best, *others = ranking.models
    rows = []
    for question in best.questions:
        first = Cell.of(best.metric("loss", question), DIGITS)
        differences = [_difference_with_p(one, question) for one in others]
        rows.append(Row(question, [first, *differences]))
    return HtmlTable(
        "questions",
        "Questions",
        f"The mean loss of {best.name}, and how much higher that of each other model is, with its "
        "95 % interval and p (Holm). Negative: that model is better.",
        ["question", best.name, *(one.name for one in others)],
        [],
        rows,
    )


def _difference_with_p(model: RankedModel, question: str) -> Cell:
    found = model.differences.get(question)
    if found is None:
        return Cell(ABSENT)
    value, p = _difference(found)
    return Cell(value.text, f"{value.interval}, p {p.text}".lstrip(", "), value.value)


def _difference(found: Difference | DifferenceFromBest | None) -> tuple[Cell, Cell]:
    """A difference with its interval, and its p."""
    if found is None:
        return Cell(ABSENT), Cell(ABSENT)
    value = found.difference if isinstance(found, Difference) else found.value
    shown = interval_text(found.low, found.high, DIGITS)
    return (
        Cell(number(value, DIGITS), shown, value),
        Cell(shown_p_cell(found.p_holm), "", found.p_holm),
    )


def comparison_content(comparison: Comparison) -> ModelsContent:
    """Of a comparison of scores tables."""
    return ModelsContent(
        "Comparison of models",
        f"{', '.join(system.file for system in comparison.systems)} against "
        f"{comparison.baseline.file}, {count(comparison.compared)} galaxies.",
        [f"{system.file}: {system.verdict}." for system in comparison.systems],
        [_system(comparison, number, one) for number, one in enumerate(comparison.systems, 1)],
        TESTED
        | {"better": "The share of galaxies whose loss is lower under the system."},
        comparison.signature,
        comparison.settings,
        comparison.notes,
    )  # fmt: skip


def _system(comparison: Comparison, place: int, system: System) -> HtmlTable:
    *levels, questions = (
        [_compared(name, one) for name, one in groups.items()] for groups in system.sections()
    )
    return HtmlTable(
        f"system-{place}",
        system.file,
        f"Against {comparison.baseline.file}: mean losses, and the difference with its 95 % "
        "interval, negative where the system is better.",
        ["", "baseline", "system", "difference", "p", "p (Holm)", "better", "N"],
        [row for rows in levels for row in rows],
        questions,
    )


def _compared(name: str, found: Difference) -> Row:
    difference, adjusted = _difference(found)
    better = ABSENT if found.better is None else f"{100 * found.better:.1f} %"
    return Row(
        name,
        [
            Cell(number(found.mean_baseline, DIGITS), "", found.mean_baseline),
            Cell(number(found.mean_system, DIGITS), "", found.mean_system),
            difference,
            Cell(shown_p_cell(found.p), "", found.p),
            adjusted,
            Cell(better, "", found.better),
            Cell.of_count(found.galaxies),
        ],
    )
