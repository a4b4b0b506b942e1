"""The groups of an evaluation, as tables: one for each column that they are by."""

from __future__ import annotations

from collections.abc import Iterator

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Place
from zoocli.evaluating.group import Group
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.report.grid import Grid
from zoocli.report.metric_cells import MetricColumns, dispensable_columns
from zoocli.report.text import count
from zoocli.schema.levels import OVERALL

EDGES = "Bins include their lower edge and exclude their upper one."


def groups_by(evaluation: Evaluation) -> Iterator[tuple[str, list[Group]]]:
    """Each column that groups were asked for, with those of its groups that have galaxies."""
    for number, column in enumerate(evaluation.grouped_by):
        yield column, [group for group in evaluation.groups if group.number == number]


def all_and(evaluation: Evaluation, groups: list[Group]) -> list[tuple[str, Evaluation]]:
    """The evaluation of all galaxies and those of some groups, under what tables call them."""
    return [("all", evaluation), *((one.bin.label, one.evaluation) for one in groups)]


def whole_rows(evaluation: Evaluation) -> list[str]:
    """What the rows about all of a group are of: everything, and each of several targets."""
    return evaluation.rows if isinstance(evaluation, ValueEvaluation) else [OVERALL]


def group_grids(evaluation: Evaluation) -> list[Grid]:
    """A row for all galaxies, then one for each group."""
    columns = MetricColumns(evaluation.shown(Place.PAPER))
    header = ["", *columns.header, "N"]
    dispensable = dispensable_columns(header, len(header) - 1)
    grids = []
    for column, groups in groups_by(evaluation):
        named = all_and(evaluation, groups)
        sections = [
            [[name, *columns.cells(one, row), count(one.galaxies)] for name, one in named]
            for row in whole_rows(evaluation)
        ]
        names = whole_rows(evaluation)
        title = f"By {column}" + (f": {', '.join(names)}" if len(names) > 1 else "")
        grids.append(Grid(title, header, sections, footer_of(groups), dispensable))
    return grids


def footer_of(groups: list[Group]) -> list[str]:
    """What the bins are, and where the other numbers of the groups are."""
    footer = ["The questions and answers of each group are in --format csv and json."]
    if any(one.bin.low is not None for one in groups):
        footer.insert(0, EDGES)
    return footer
