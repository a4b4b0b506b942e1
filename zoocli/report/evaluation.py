"""An evaluation as a table for people, and as JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
from typing import TextIO

from zoocli.errors import UsageError, harmless
from zoocli.report.grid import Grid, to_latex, to_markdown, to_terminal
from zoocli.report.metric_cells import MetricColumns
from zoocli.report.plain_evaluation import class_grids, value_grid
from zoocli.report.summary import FORMATS, render_json
from zoocli.report.text import count
from zoocli.statistics.evaluation.classes.result import ClassEvaluation
from zoocli.statistics.evaluation.evaluation import Evaluation
from zoocli.statistics.evaluation.metric import Metric
from zoocli.statistics.evaluation.tree.levels import levels
from zoocli.statistics.evaluation.tree.result import TreeEvaluation
from zoocli.statistics.evaluation.tree.rules import PROFILES
from zoocli.statistics.evaluation.values.result import ValueEvaluation

# What the table of a paper has, and whether its interval stands beside it.
COLUMNS = MetricColumns(
    {
        "loss": True,
        "deviance_explained": False,
        "mae": False,
        "rmse": True,
        "rmse_ratio": False,
        "accuracy": True,
        "balanced_accuracy": False,
        "f1_weighted": False,
    },
    {
        "deviance_explained": "explained",
        "rmse_ratio": "/noise",
        "balanced_accuracy": "balanced",
        "f1_weighted": "F1",
    },
)
CSV_COLUMNS = ("question", "answer", "metric", "value", "low", "high", "N")


def render_evaluation(
    evaluation: Evaluation, format: str = "table", stream: TextIO | None = None
) -> str:
    """The evaluation as text that ends in a line end.

    `format` is one of `FORMATS`. JSON and CSV hold every number with all digits; the others are
    the tables that papers print, one row a question, class or target. What is absent is null, empty
    or "-".

    Raises UsageError for another format.
    """
    if format not in FORMATS:
        raise UsageError(f"There is no format {format!r}. Choose one of {', '.join(FORMATS)}.")
    if format == "json":
        return render_json(evaluation.to_dict())
    if format == "csv":
        return _csv(evaluation.metrics)
    return "\n".join(_as_text(grid, format, stream) for grid in _grids(evaluation))


def _as_text(grid: Grid, format: str, stream: TextIO | None) -> str:
    if format == "markdown":
        return to_markdown(grid)
    return to_latex(grid) if format == "latex" else to_terminal(grid, stream)


def _grids(evaluation: Evaluation) -> list[Grid]:
    if isinstance(evaluation, ClassEvaluation):
        return class_grids(evaluation)
    if isinstance(evaluation, ValueEvaluation):
        return [value_grid(evaluation)]
    assert isinstance(evaluation, TreeEvaluation)
    return [_tree_grid(evaluation)]


def render_profiles() -> str:
    """The profiles of `zoocli evaluate`: their rules as options, and their sources."""
    return "".join(
        f"{name}: {profile.source}\n    {' '.join(profile.rules.as_options())}\n"
        for name, profile in PROFILES.items()
    )


def _csv(metrics: list[Metric]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for metric in metrics:
        names = {"question": harmless(metric.question), "answer": harmless(metric.answer or "")}
        writer.writerow(metric.to_dict() | names)
    return text.getvalue()


def _tree_grid(evaluation: TreeEvaluation) -> Grid:
    """Sections for overall, the campaigns and the questions."""
    names = list(levels(evaluation.schema))
    campaigns = len(evaluation.schema.campaigns)
    rows = [[name, *COLUMNS.cells(evaluation, name), *_sizes(evaluation, name)] for name in names]
    sections = [rows[:1], rows[1 : 1 + campaigns], rows[1 + campaigns :]]
    title = f"{evaluation.loss} loss in nats, schema {evaluation.schema.name}"
    footer = [
        "N: galaxies with votes; counted: those that the rules of relevance count.",
        evaluation.signature,
    ]
    return Grid(title, ["", *COLUMNS.header, "N", "counted"], sections, footer)


def _sizes(evaluation: TreeEvaluation, name: str) -> list[str]:
    return [count(evaluation.by_name[name, None, metric].N) for metric in ("loss", "accuracy")]
