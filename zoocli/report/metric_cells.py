"""Columns of metrics for the tables of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.metric import Metric
from zoocli.report.text import ABSENT, number

DIGITS = 3
INTERVAL = "95 %"


@dataclass(frozen=True)
class MetricColumns:
    """Which metrics a table shows, and for which of them it also shows the interval.

    `headings` are those that differ from the metric's name.
    """

    intervals: Mapping[str, bool]
    headings: Mapping[str, str]

    @property
    def header(self) -> list[str]:
        """The headings."""
        header = []
        for metric, has_interval in self.intervals.items():
            header += [self.headings.get(metric, metric)] + [INTERVAL] * has_interval
        return header

    def cells(self, evaluation: Evaluation, question: str, answer: str | None = None) -> list[str]:
        """The cells of a row; what the evaluation does not have is "-"."""
        cells = []
        for metric, has_interval in self.intervals.items():
            found = evaluation.by_name.get((question, answer, metric))
            cells.append(number(found.value if found else None, DIGITS))
            if has_interval:
                cells.append(interval(found) or ABSENT)
        return cells


def interval(metric: Metric | None) -> str:
    """The 95 % interval; empty where there is none."""
    if metric is None or metric.low is None or metric.high is None:
        return ""
    return f"{number(metric.low, DIGITS)} to {number(metric.high, DIGITS)}"
