"""The contents of the report, for each kind of evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.tree.levels import shown_levels
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.report.html import words
from zoocli.report.html.tables import (
    Headline,
    HtmlTable,
    Names,
    headlines,
    metric_row,
)
from zoocli.report.html.worst import BadGalaxy, worst_galaxies
from zoocli.schema.levels import OVERALL

UNDER = "Below each number: its 95 % interval."
OF_QUESTIONS: Names = {
    "loss": "loss",
    "gain": "gain",
    "deviance_explained": "explained",
    "mae": "MAE",
    "rmse": "RMSE",
    "rmse_ratio": "RMSE / noise",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced",
    "f1_weighted": "F1",
    "calibration_error": "calibration error",
    "coverage_90": "coverage at 90 %",
}
OF_ANSWERS: Names = {
    "bias": "bias",
    "mae": "MAE",
    "rmse": "RMSE",
    "rmse_ratio": "RMSE / noise",
    "r2": "R2",
    "pearson": "Pearson",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "calibration_error": "calibration error",
    "coverage_90": "coverage at 90 %",
    "sharpness": "sharpness",
    "uniformity_p_holm": "uniformity p (Holm)",
}
OF_CLASSES: Names = {"precision": "precision", "recall": "recall", "f1": "F1"}
OF_VALUES: Names = {
    "loss": "loss",
    "bias": "bias",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2",
    "pearson": "Pearson",
    "residual_q05": "5 %",
    "residual_q16": "16 %",
    "residual_q50": "50 %",
    "residual_q84": "84 %",
    "residual_q95": "95 %",
}


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
    """The parts for an evaluation of any kind."""
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
        f"Predicted concentrations against votes, decision tree {schema.name}{title}{citation}.",
        headlines(
            evaluation,
            {
                "loss": "loss (nats per galaxy)",
                "deviance_explained": "deviance explained",
                "rmse": "RMSE of vote fractions",
                "rmse_ratio": "RMSE / vote noise",
                "accuracy": "accuracy",
                "calibration_error": "calibration error",
            },
        ),
        [_questions(evaluation), _answers(evaluation)],
        words.OF_TREES | words.INTERVALS,
        "Rows: the answer with the most votes, with its number of counted galaxies. Columns: the "
        "answer with the highest predicted fraction, in per cent of the row.",
        words.rules(evaluation.settings),
        worst_galaxies(evaluation),
    )


def _questions(evaluation: TreeEvaluation) -> HtmlTable:
    """One row per question, below those of everything and of the campaigns, if several."""
    found = evaluation.by_name
    rows = [
        metric_row(
            evaluation,
            name,
            (name, None),
            OF_QUESTIONS,
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
        ["question", "N", "counted", *OF_QUESTIONS.values()],
        rows[:fixed],
        rows[fixed:],
    )


def _answers(evaluation: TreeEvaluation) -> HtmlTable:
    rows = []
    for question in evaluation.schema.questions:
        for answer in question.answers:
            about = question.name, answer.name
            galaxies = evaluation.by_name[*about, "rmse"].N
            rows.append(metric_row(evaluation, answer.name, about, OF_ANSWERS, [galaxies]))
    return HtmlTable(
        "answers",
        "Answers",
        f"Over the galaxies that count for the answer's question (N). {UNDER}",
        ["answer", "N", *OF_ANSWERS.values()],
        [],
        rows,
    )


def _of_classes(evaluation: ClassEvaluation) -> Content:
    support = evaluation.confusion_matrix.sum(axis=1)
    rows = [
        metric_row(evaluation, name, (OVERALL, name), OF_CLASSES, [int(labelled)])
        for name, labelled in zip(evaluation.classes, support, strict=True)
    ]
    header = ["class", "N", *OF_CLASSES.values()]
    note = f"N: galaxies with that label. {UNDER}"
    return Content(
        f"Predicted classes against labels, {len(rows)} classes.",
        headlines(
            evaluation,
            {
                "loss": "loss (nats per galaxy)",
                "accuracy": "accuracy",
                "balanced_accuracy": "balanced accuracy",
                "f1_macro": "F1, mean of classes",
                "brier": "Brier score",
                "calibration_error": "calibration error",
            },
        ),
        [HtmlTable("classes", "Classes", note, header, [], rows)],
        words.OF_CLASSES | words.INTERVALS,
        "Rows: the label, with its number of galaxies. Columns: the most probable class, in per "
        "cent of the row.",
    )


def _of_values(evaluation: ValueEvaluation) -> Content:
    rows = [
        metric_row(
            evaluation, name, (name, None), OF_VALUES, [evaluation.by_name[name, None, "bias"].N]
        )
        for name in evaluation.rows
    ]
    header = ["target", "N", *OF_VALUES.values()]
    note = f"5 % to 95 %: quantiles of predicted - true. {UNDER}"
    return Content(
        f"Predicted values against true ones, {evaluation.loss} loss: "
        f"{', '.join(evaluation.targets)}.",
        headlines(
            evaluation,
            {"loss": "loss", "bias": "bias", "mae": "MAE", "rmse": "RMSE", "r2": "R2"},
        ),
        [HtmlTable("targets", "Targets", note, header, rows[:1], rows[1:])],
        words.OF_VALUES | words.INTERVALS,
    )
