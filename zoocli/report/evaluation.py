"""An evaluation as a table for people, and as JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
from typing import TextIO

from zoocli.errors import UsageError, harmless
from zoocli.report.grid import Grid, to_latex, to_markdown, to_terminal
from zoocli.report.summary import FORMATS, render_json
from zoocli.report.text import ABSENT, count, number
from zoocli.statistics.evaluation.metric import Metric, levels
from zoocli.statistics.evaluation.result import Evaluation
from zoocli.statistics.evaluation.rules import PROFILES

# What the table of a paper has, and whether its interval stands beside it.
COLUMNS = {
    "loss": True,
    "deviance_explained": False,
    "mae": False,
    "rmse": True,
    "rmse_ratio": False,
    "accuracy": True,
    "balanced_accuracy": False,
    "f1_weighted": False,
}
HEADINGS = {
    "deviance_explained": "explained",
    "rmse_ratio": "/noise",
    "balanced_accuracy": "balanced",
    "f1_weighted": "F1",
}
CSV_COLUMNS = ("question", "answer", "metric", "value", "low", "high", "N")
DIGITS = 3


def render_evaluation(
    evaluation: Evaluation, format: str = "table", stream: TextIO | None = None
) -> str:
    """The evaluation as text that ends in a line end.

    `format` is one of `FORMATS`. JSON and CSV hold every number with all digits; the others are
    the table that papers print, one row a question. What is absent is null, empty or "-".

    Raises UsageError for another format.
    """
    if format not in FORMATS:
        raise UsageError(f"There is no format {format!r}. Choose one of {', '.join(FORMATS)}.")
    if format == "json":
        return render_json(evaluation.to_dict())
    if format == "csv":
        return _csv(evaluation.metrics)
    grid = _grid(evaluation)
    if format == "markdown":
        return to_markdown(grid)
    return to_latex(grid) if format == "latex" else to_terminal(grid, stream)


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


def _grid(evaluation: Evaluation) -> Grid:
    """Sections for overall, the campaigns and the questions."""
    header = [""]
    for metric, has_interval in COLUMNS.items():
        header += [HEADINGS.get(metric, metric)] + ["95 %"] * has_interval
    names = list(levels(evaluation.schema))
    campaigns = len(evaluation.schema.campaigns)
    rows = [[name, *_cells(evaluation, name)] for name in names]
    sections = [rows[:1], rows[1 : 1 + campaigns], rows[1 + campaigns :]]
    title = f"{evaluation.made()['loss']} loss in nats, schema {evaluation.schema.name}"
    footer = [
        "N: galaxies with votes; counted: those that the rules of relevance count.",
        evaluation.signature,
    ]
    return Grid(title, [*header, "N", "counted"], sections, footer)


def _cells(evaluation: Evaluation, name: str) -> list[str]:
    cells = []
    for metric, has_interval in COLUMNS.items():
        found = evaluation.by_name[name, None, metric]
        cells.append(number(found.value, DIGITS))
        if has_interval:
            cells.append(_interval(found))
    sizes = [evaluation.by_name[name, None, metric].N for metric in ("loss", "accuracy")]
    return cells + [count(size) for size in sizes]


def _interval(metric: Metric) -> str:
    if metric.low is None or metric.high is None:
        return ABSENT
    return f"{number(metric.low, DIGITS)} to {number(metric.high, DIGITS)}"
