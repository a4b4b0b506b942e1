"""The tables of evaluations without a decision tree: of classes and of values."""

from __future__ import annotations

from dataclasses import replace

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.family import Place
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.report.grid import Grid
from zoocli.report.metric_cells import MetricColumns, dispensable_columns
from zoocli.report.sentence import sentence_of
from zoocli.report.summary import losses_title
from zoocli.report.text import count
from zoocli.schema.levels import OVERALL

MOST_CLASSES = 60  # whose confusion matrix is shown


def class_grids(evaluation: ClassEvaluation) -> list[Grid]:
    """All classes together, each class, and the confusion matrix, unless it is very large."""
    classes = evaluation.classes
    of_all = MetricColumns(evaluation.shown(Place.PAPER))
    of_each = MetricColumns(evaluation.shown(Place.PARTS))
    accuracy = evaluation.by_name[OVERALL, None, "accuracy"]
    together = [OVERALL, *of_all.cells(evaluation, OVERALL), count(accuracy.N)]
    each = [
        [name, *of_each.cells(evaluation, OVERALL, name), count(int(support))]
        for name, support in zip(classes, evaluation.confusion_matrix.sum(axis=1), strict=True)
    ]
    title = f"{losses_title(evaluation.loss, None)}, {len(classes)} classes"
    closing = [sentence_of(evaluation), evaluation.signature]
    grids = [
        _grid(title, of_all, [[together]], []),
        _grid("Each class, N galaxies with that label", of_each, [each], []),
    ]
    if len(classes) > MOST_CLASSES:
        grids[-1] = replace(grids[-1], footer=["--format json has the confusion matrix.", *closing])
        return grids
    counts = [
        [name, *(count(int(cell)) for cell in row)]
        for name, row in zip(classes, evaluation.confusion_matrix, strict=True)
    ]
    matrix = "Galaxies by label (rows) and most probable class"
    return [*grids, Grid(matrix, ["", *classes], [counts], closing)]


def value_grid(evaluation: ValueEvaluation) -> Grid:
    """Overall, then each target if there are several."""
    columns = MetricColumns(evaluation.shown(Place.PAPER))
    rows = []
    for name in evaluation.rows:
        galaxies = evaluation.by_name[name, None, "bias"].N
        rows.append([name, *columns.cells(evaluation, name), count(galaxies)])
    footer = [
        "16 %, 50 %, 84 %: quantiles of predicted - true.",
        sentence_of(evaluation),
        evaluation.signature,
    ]
    title = f"{evaluation.loss} loss and errors of {', '.join(evaluation.targets)}"
    return _grid(title, columns, [rows[:1], rows[1:]] if len(rows) > 1 else [rows], footer)


def _grid(
    title: str, columns: MetricColumns, sections: list[list[list[str]]], footer: list[str]
) -> Grid:
    header = ["", *columns.header, "N"]
    return Grid(title, header, sections, footer, dispensable_columns(header, len(header) - 1))
