"""The tables of evaluations without a decision tree: of classes and of values."""

from __future__ import annotations

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.report.grid import Grid
from zoocli.report.metric_cells import MetricColumns
from zoocli.report.summary import losses_title
from zoocli.report.text import count
from zoocli.schema.levels import OVERALL

OF_ALL_CLASSES = MetricColumns(
    {
        "loss": True,
        "accuracy": True,
        "balanced_accuracy": False,
        "f1_weighted": False,
        "f1_macro": False,
        "brier": False,
        "calibration_error": True,
    },
    {
        "balanced_accuracy": "balanced",
        "f1_weighted": "F1 weighted",
        "f1_macro": "F1 macro",
        "brier": "Brier",
        "calibration_error": "calibration error",
    },
)
OF_A_CLASS = MetricColumns({"precision": True, "recall": True, "f1": True}, {"f1": "F1"})
OF_VALUES = MetricColumns(
    {
        "loss": True,
        "bias": True,
        "mae": False,
        "rmse": True,
        "r2": False,
        "pearson": False,
        "residual_q16": False,
        "residual_q50": False,
        "residual_q84": False,
    },
    {
        "r2": "R2",
        "residual_q16": "16 %",
        "residual_q50": "50 %",
        "residual_q84": "84 %",
    },
)


def class_grids(evaluation: ClassEvaluation) -> list[Grid]:
    """All classes together, each class, and the confusion matrix."""
    classes = evaluation.classes
    accuracy = evaluation.by_name[OVERALL, None, "accuracy"]
    together = [OVERALL, *OF_ALL_CLASSES.cells(evaluation, OVERALL), count(accuracy.N)]
    each = [
        [name, *OF_A_CLASS.cells(evaluation, OVERALL, name), count(int(support))]
        for name, support in zip(classes, evaluation.confusion_matrix.sum(axis=1), strict=True)
    ]
    counts = [
        [name, *(count(int(cell)) for cell in row)]
        for name, row in zip(classes, evaluation.confusion_matrix, strict=True)
    ]
    title = f"{losses_title(evaluation.loss, None)}, {len(classes)} classes"
    return [
        Grid(title, ["", *OF_ALL_CLASSES.header, "N"], [[together]], []),
        Grid("Each class, N galaxies with that label", ["", *OF_A_CLASS.header, "N"], [each], []),
        Grid(
            "Galaxies by label (rows) and most probable class",
            ["", *classes],
            [counts],
            [evaluation.signature],
        ),
    ]


def value_grid(evaluation: ValueEvaluation) -> Grid:
    """Overall, then each target if there are several."""
    rows = []
    for name in evaluation.rows:
        galaxies = evaluation.by_name[name, None, "bias"].N
        rows.append([name, *OF_VALUES.cells(evaluation, name), count(galaxies)])
    footer = ["16 %, 50 %, 84 %: quantiles of predicted - true.", evaluation.signature]
    title = f"{evaluation.loss} loss and errors of {', '.join(evaluation.targets)}"
    header = ["", *OF_VALUES.header, "N"]
    return Grid(title, header, [rows[:1], rows[1:]] if len(rows) > 1 else [rows], footer)
