"""Tables of numbers in the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Place, Shown
from zoocli.evaluating.metric import Metric
from zoocli.report.metric_cells import interval
from zoocli.report.text import ABSENT, count, number
from zoocli.schema.levels import OVERALL

UNDER = "Below each number: its 95 % interval. metrics.csv has all numbers."


@dataclass(frozen=True)
class Cell:
    """A number as text, its interval, and the number itself, for sorting."""

    text: str
    interval: str = ""
    value: float | None = None

    @classmethod
    def of(cls, metric: Metric | None, digits: int) -> Cell:
        """A metric with its interval; "-" if the evaluation does not have it."""
        if metric is None:
            return cls(ABSENT)
        return cls(number(metric.value, digits), interval(metric, digits), metric.value)

    @classmethod
    def of_count(cls, value: int | None) -> Cell:
        """A number of galaxies."""
        return cls(count(value), value=value)


@dataclass(frozen=True)
class Row:
    """A name and the numbers about it."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class HtmlTable:
    """A table; the `fixed` rows stay on top when the others are sorted."""

    id: str
    title: str
    note: str
    header: Sequence[str]
    fixed: Sequence[Row]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Headline:
    """A number at the top of the report."""

    label: str
    cell: Cell
    galaxies: str


def headlines(evaluation: Evaluation) -> list[Headline]:
    """Overall numbers under their labels."""
    found = []
    for shown in evaluation.shown(Place.HEADLINE):
        one = evaluation.by_name[OVERALL, None, shown.metric]
        cell = Cell.of(one, shown.digits)
        galaxies = count(None if one.value is None else one.N)
        found.append(Headline(shown.headline or shown.heading, cell, galaxies))
    return found


def metric_row(
    evaluation: Evaluation,
    name: str,
    about: tuple[str, str | None],
    metrics: Iterable[Shown],
    sizes: Iterable[int | None],
) -> Row:
    """The numbers of galaxies, then the metrics about a question and answer."""
    cells = [Cell.of(evaluation.by_name.get((*about, one.metric)), one.digits) for one in metrics]
    return Row(name, [*map(Cell.of_count, sizes), *cells])
