"""Columns of metrics for the tables of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Place, Shown
from zoocli.evaluating.metric import Metric
from zoocli.report.grid import INTERVAL
from zoocli.report.text import ABSENT, number

DIGITS = 3


@dataclass(frozen=True)
class MetricColumns:
    """The columns of what a table shows, each with its interval beside it if it has that place."""

    shown: Sequence[Shown]

    @property
    def header(self) -> list[str]:
        """The headings."""
        header = []
        for one in self.shown:
            header += [one.heading] + [INTERVAL] * (Place.INTERVAL in one.places)
        return header

    def cells(self, evaluation: Evaluation, question: str, answer: str | None = None) -> list[str]:
        """The cells of a row; what the evaluation does not have is "-"."""
        cells = []
        for one in self.shown:
            found = evaluation.by_name.get((question, answer, one.metric))
            cells.append(number(found.value if found else None, one.digits))
            if Place.INTERVAL in one.places:
                cells.append(interval(found, one.digits) or ABSENT)
        return cells


def dispensable_columns(header: Sequence[str], galaxies: int) -> list[int]:
    """The columns to leave out where a table is too wide, the most dispensable first.

    Intervals, then from the right; the row's name, its first number and interval, and N, which is
    the column `galaxies`, stay.

    >>> dispensable_columns(["", "loss", "95 %", "bias", "95 %", "MAE", "N", "counted"], 6)
    [4, 7, 5, 3]
    """
    places = [place for place in range(len(header) - 1, 2, -1) if place != galaxies]
    return sorted(places, key=lambda place: header[place] != INTERVAL)


def interval(metric: Metric | None, digits: int = DIGITS) -> str:
    """The 95 % interval; empty where there is none."""
    return "" if metric is None else interval_text(metric.low, metric.high, digits)


def interval_text(low: float | None, high: float | None, digits: int) -> str:
    """An interval, which may have no upper end; empty where there is none.

    >>> interval_text(1.0, 2.0, 1), interval_text(1.0, None, 1), interval_text(None, None, 1)
    ('1.0 to 2.0', 'from 1.0', '')
    """
    if low is None:
        return ""
    shown = number(low, digits)
    return f"from {shown}" if high is None else f"{shown} to {number(high, digits)}"
