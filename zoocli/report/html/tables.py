"""Tables of numbers in the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.metric import Metric
from zoocli.report.metric_cells import DIGITS, interval
from zoocli.report.text import ABSENT, count, number
from zoocli.schema.levels import OVERALL

Names = dict[str, str]  # metric: heading


@dataclass(frozen=True)
class Cell:
    """A number as text, its interval, and the number itself, for sorting."""

    text: str
    interval: str = ""
    value: float | None = None

    @classmethod
    def of(cls, metric: Metric | None) -> Cell:
        """A metric with its interval; "-" if the evaluation does not have it."""
        if metric is None:
            return cls(ABSENT)
        return cls(number(metric.value, DIGITS), interval(metric), metric.value)

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


def headlines(evaluation: Evaluation, names: Names) -> list[Headline]:
    """Overall numbers under their labels."""
    found = []
    for metric, label in names.items():
        one = evaluation.by_name[OVERALL, None, metric]
        found.append(Headline(label, Cell.of(one), count(None if one.value is None else one.N)))
    return found


def metric_row(
    evaluation: Evaluation,
    shown: str,
    about: tuple[str, str | None],
    names: Iterable[str],
    sizes: Iterable[int | None],
) -> Row:
    """The numbers of galaxies, then the metrics about a question and answer."""
    cells = [Cell.of(evaluation.by_name.get((*about, metric))) for metric in names]
    return Row(shown, [*map(Cell.of_count, sizes), *cells])
