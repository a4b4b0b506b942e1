"""Results as HTML, for notebooks: the tables that a terminal shows."""

from __future__ import annotations

from zoocli.evaluating.comparing.comparison import Comparison
from zoocli.evaluating.comparing.ranked import Ranking
from zoocli.evaluating.evaluation import Evaluation
from zoocli.products.galaxy import ShownGalaxy
from zoocli.report.binned_summary import binned_grid
from zoocli.report.comparison import comparison_grids
from zoocli.report.evaluation import evaluation_grids
from zoocli.report.galaxy import galaxy_grid
from zoocli.report.grid import Grid, render_grids
from zoocli.report.ranking import ranking_grid
from zoocli.report.summary import summary_grid
from zoocli.scoring.summaries.summarize_by import BinnedSummary
from zoocli.scoring.summaries.summary import Summary

Result = Summary | BinnedSummary | Comparison | Evaluation | Ranking | ShownGalaxy


def to_html(result: Result) -> str:
    """The tables of a result."""
    return render_grids(_grids(result), "html", None)


def _grids(result: Result) -> list[Grid]:
    match result:
        case Summary():
            return [summary_grid(result)]
        case BinnedSummary():
            return [binned_grid(result)]
        case Comparison():
            return comparison_grids(result)
        case Evaluation():
            return evaluation_grids(result)
        case Ranking():
            return [ranking_grid(result)]
        case ShownGalaxy():
            return [galaxy_grid(result)]
