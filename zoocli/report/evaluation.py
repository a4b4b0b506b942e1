"""An evaluation as tables, JSON or CSV."""

from __future__ import annotations

from typing import TextIO

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.evaluation import GROUP_COLUMNS, Evaluation
from zoocli.evaluating.family import Place
from zoocli.evaluating.tree.levels import shown_levels
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.report.formats import EVALUATION_FORMATS, check_format, render_json
from zoocli.report.grid import Grid, render_grids
from zoocli.report.groups import group_grids
from zoocli.report.metric_cells import MetricColumns, dispensable_columns
from zoocli.report.plain_evaluation import class_grids, value_grid
from zoocli.report.sentence import sentence_of
from zoocli.report.summary import losses_title
from zoocli.report.text import count, csv_text
from zoocli.runs.options.rules import PROFILES

CSV_COLUMNS = ("question", "answer", "metric", "value", "low", "high", "N")


def render_evaluation(
    evaluation: Evaluation, format: str = "table", stream: TextIO | None = None
) -> str:
    """The evaluation as text that ends in a newline.

    `format` is one of `EVALUATION_FORMATS`. JSON and CSV have every number with all digits. The
    others are for a paper: a sentence, and tables with one row per question, class or target.
    Absent values are null, empty or "-". `stream` is where a table will be written: a terminal gets
    colour.

    Raises UsageError for another format.
    """
    check_format(format, EVALUATION_FORMATS)
    if format == "sentence":
        return f"{sentence_of(evaluation)}\n"
    if format == "json":
        return render_json(evaluation.to_dict())
    if format == "csv":
        columns = (*CSV_COLUMNS, *(GROUP_COLUMNS if evaluation.grouped_by else ()))
        return csv_text(columns, evaluation.long_rows())
    return render_grids(evaluation_grids(evaluation), format, stream)


def evaluation_grids(evaluation: Evaluation) -> list[Grid]:
    """The tables for a paper: one row per question, class or target; then one per group."""
    return [*_grids_of_all(evaluation), *group_grids(evaluation)]


def _grids_of_all(evaluation: Evaluation) -> list[Grid]:
    if isinstance(evaluation, ClassEvaluation):
        return class_grids(evaluation)
    if isinstance(evaluation, ValueEvaluation):
        return [value_grid(evaluation)]
    assert isinstance(evaluation, TreeEvaluation)
    return [_tree_grid(evaluation)]


def render_profiles() -> str:
    """The profiles of `zoocli evaluate`: their sources, and their rules as options."""
    return "".join(
        f"{name}: {profile.source}\n    {' '.join(profile.rules.as_options())}\n"
        for name, profile in PROFILES.items()
    )


def _tree_grid(evaluation: TreeEvaluation) -> Grid:
    """Sections for overall, the campaigns (if several) and the questions."""
    columns = MetricColumns(evaluation.shown(Place.PAPER))
    sections = [
        [[name, *columns.cells(evaluation, name), *_sizes(evaluation, name)] for name in names]
        for names in shown_levels(evaluation.schema)
        if names
    ]
    title = losses_title(evaluation.loss, evaluation.schema.name)
    footer = [
        "N: galaxies with votes; counted: those that count by the rules of relevance.",
        sentence_of(evaluation),
        evaluation.signature,
    ]
    header = ["", *columns.header, "N", "counted"]
    dispensable = dispensable_columns(header, len(header) - 2)
    return Grid(title, header, sections, footer, dispensable)


def _sizes(evaluation: TreeEvaluation, name: str) -> list[str]:
    return [count(evaluation.by_name[name, None, metric].N) for metric in ("loss", "accuracy")]
