"""A ranking of models as tables, JSON or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from zoocli.evaluating.comparing.ranked import DifferenceFromBest, RankedModel, Ranking
from zoocli.evaluating.family import Place, Shown
from zoocli.evaluating.metric import Metric
from zoocli.report.comparison import half_width, shown_p_cell
from zoocli.report.formats import EVALUATION_FORMATS, check_format, render_json
from zoocli.report.grid import Grid, render_grids
from zoocli.report.sentence import ranking_sentence
from zoocli.report.summary import losses_title
from zoocli.report.text import ABSENT, NO_LIMIT, csv_text, decimals, number

CSV_COLUMNS = (
    *("name", "rank", "group", "question", "metric"),
    *("value", "low", "high", "N", "p", "p_holm"),
)
# Beside the loss and its difference, the most important first.
COLUMNS = (
    *("deviance_explained", "accuracy", "volunteers", "calibration_error"),
    *("rmse", "r2", "mae", "bias"),
)
MOST_COLUMNS = 4


def render_ranking(ranking: Ranking, format: str = "table", stream: TextIO | None = None) -> str:
    """A ranking as text that ends in a newline, the best model first.

    `format` is one of `EVALUATION_FORMATS`. JSON and CSV have all numbers with all digits. A
    sentence says who is best and what that model is worth. The tables are rounded to two digits of
    the interval. Absent values are null, empty or "-". `stream` is where a table will be written: a
    terminal gets colour.

    Raises UsageError for another format.
    """
    check_format(format, EVALUATION_FORMATS)
    if format == "sentence":
        return f"{ranking_sentence(ranking)}\n"
    if format == "json":
        return render_json(ranking.to_dict())
    if format == "csv":
        rows = ({name: row.get(name) for name in CSV_COLUMNS} for row in ranking.rows())
        return csv_text(CSV_COLUMNS, rows)
    return render_grids([ranking_grid(ranking)], format, stream)


def ranking_grid(ranking: Ranking) -> Grid:
    """One row a model."""
    made = ranking.best.evaluation
    shown = {one.metric: one for one in made.shown(Place.HEADLINE)}
    metrics = [shown[name] for name in COLUMNS if name in shown][:MOST_COLUMNS]
    columns = [
        ["", *(model.name for model in ranking.models)],
        ["loss", *_with_halves([model.metric("loss") for model in ranking.models])],
        *([one.heading, *(_cell(model, one) for model in ranking.models)] for one in metrics),
        ["difference", *_with_halves([model.difference for model in ranking.models])],
        ["p", *(_p(model) for model in ranking.models)],
        ["group", *(model.group for model in ranking.models)],
    ]
    header, *rows = zip(*columns, strict=True)
    optional = range(1 + len(metrics), 1, -1)
    title = losses_title(made.loss, made.schema_name)
    return Grid(title, header, [rows], _footer(ranking), optional)


def _footer(ranking: Ranking) -> list[str]:
    return [
        *ranking.verdicts,
        f"{ranking.galaxies:,} galaxies; ±: half the 95 % interval; difference: from the best "
        "model; p: paired randomisation test (Holm); a group's letter in common: not "
        "distinguishable.",
        ranking.signature,
    ]


def _cell(model: RankedModel, shown: Shown) -> str:
    found = model.metric(shown.metric)
    return number(None if found is None else found.value, shown.digits)


def _with_halves(several: Sequence[Metric | DifferenceFromBest | None]) -> list[str]:
    """Each with half its interval, of which the narrowest has two digits."""
    halves = [None if one is None else half_width(one) for one in several]
    digits = decimals(halves, fewest=0, most=NO_LIMIT)
    return [
        ABSENT
        if one is None or one.value is None
        else f"{number(one.value, digits)} ± {number(half, digits)}"
        for one, half in zip(several, halves, strict=True)
    ]


def _p(model: RankedModel) -> str:
    return ABSENT if model.difference is None else shown_p_cell(model.difference.p_holm)
