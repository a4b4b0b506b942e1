"""The groups of an evaluation in the report."""

from __future__ import annotations

from collections.abc import Iterator

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Place
from zoocli.report.groups import all_and, groups_by, whole_rows
from zoocli.report.html.tables import UNDER, HtmlTable, metric_row


def group_tables(evaluation: Evaluation) -> Iterator[HtmlTable]:
    """A table for each column, and for each of several targets; all galaxies stay on top."""
    shown = evaluation.shown(Place.HEADLINE)
    names = whole_rows(evaluation)
    for number, (column, groups) in enumerate(groups_by(evaluation), start=1):
        named = all_and(evaluation, groups)
        for place, name in enumerate(names, start=1):
            whole, *rows = (
                metric_row(one, label, (name, None), shown, [one.galaxies]) for label, one in named
            )
            yield HtmlTable(
                f"by-{number}" if len(names) == 1 else f"by-{number}-{place}",
                f"By {column}" if len(names) == 1 else f"{name} by {column}",
                UNDER,
                [column, "N", *(one.heading for one in shown)],
                [whole],
                rows,
            )
