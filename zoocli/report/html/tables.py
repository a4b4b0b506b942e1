"""The tables of numbers in a report, and the few that stand first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoocli.report.text import ABSENT, count, number
from zoocli.statistics.evaluation.metric import Metric, levels
from zoocli.statistics.evaluation.result import Evaluation

DIGITS = 3
Names = dict[str, str]  # metric: heading

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
HEADLINES: Names = {
    "loss": "loss, nats a galaxy",
    "deviance_explained": "deviance explained",
    "rmse": "RMSE of vote fractions",
    "rmse_ratio": "RMSE over that of vote noise",
    "accuracy": "accuracy",
    "calibration_error": "calibration error",
}


@dataclass(frozen=True)
class Cell:
    """A number as text, its interval, and the number itself, by which rows are sorted."""

    text: str
    interval: str = ""
    value: float | None = None

    @classmethod
    def of(cls, metric: Metric) -> Cell:
        """A metric with its interval."""
        return cls(number(metric.value, DIGITS), interval(metric), metric.value)

    @classmethod
    def of_count(cls, value: int | None) -> Cell:
        """A number of galaxies."""
        return cls(count(value), value=value)


@dataclass(frozen=True)
class Row:
    """The name of what the numbers are about, and the numbers."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class HtmlTable:
    """`fixed` rows stay on top when the others are sorted."""

    id: str
    title: str
    note: str
    header: Sequence[str]
    fixed: Sequence[Row]
    rows: Sequence[Row]


def interval(metric: Metric) -> str:
    """The 95 % interval; empty where there is none."""
    if metric.low is None or metric.high is None:
        return ""
    return f"{number(metric.low, DIGITS)} to {number(metric.high, DIGITS)}"


def headlines(evaluation: Evaluation) -> list[tuple[str, Cell, str]]:
    """Label, number and N of what stands first."""
    found = []
    for metric, label in HEADLINES.items():
        one = evaluation.by_name["overall", None, metric]
        found.append((label, Cell.of(one), count(one.N) if one.value is not None else ABSENT))
    return found


def question_table(evaluation: Evaluation) -> HtmlTable:
    """One row a question, below those of everything and of the campaigns."""
    rows = [_question_row(evaluation, name) for name in levels(evaluation.schema)]
    fixed = len(rows) - len(evaluation.schema.questions)
    return HtmlTable(
        "questions",
        "Questions",
        "Losses and gains in nats a galaxy. N: galaxies with votes; counted: galaxies that count "
        "by the rules of relevance. Under a number: its 95 % interval.",
        ["question", *OF_QUESTIONS.values(), "N", "counted"],
        rows[:fixed],
        rows[fixed:],
    )


def _question_row(evaluation: Evaluation, name: str) -> Row:
    found = evaluation.by_name
    cells = [Cell.of(found[name, None, metric]) for metric in OF_QUESTIONS]
    sizes = [Cell.of_count(found[name, None, metric].N) for metric in ("loss", "accuracy")]
    return Row(name, [*cells, *sizes])


def answer_table(evaluation: Evaluation) -> HtmlTable:
    """One row an answer."""
    return HtmlTable(
        "answers",
        "Answers",
        "Over the galaxies that count for the answer's question (N). Under a number: its 95 % "
        "interval.",
        ["answer", *OF_ANSWERS.values(), "N"],
        [],
        [
            _answer_row(evaluation, question.name, answer.name)
            for question in evaluation.schema.questions
            for answer in question.answers
        ],
    )


def _answer_row(evaluation: Evaluation, question: str, answer: str) -> Row:
    found = evaluation.by_name
    cells = [Cell.of(found[question, answer, metric]) for metric in OF_ANSWERS]
    return Row(answer, [*cells, Cell.of_count(found[question, answer, "rmse"].N)])
