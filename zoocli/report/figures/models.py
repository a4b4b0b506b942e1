"""Several models in one figure: their losses, and how they differ by question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from zoocli.evaluating.comparing.comparison import Comparison
from zoocli.evaluating.comparing.ranked import Ranking
from zoocli.evaluating.metric import Metric
from zoocli.losses import unit_of
from zoocli.report.figures import MOST_SERIES
from zoocli.report.figures.intervals import ABSENT, Interval, Series, interval_rows
from zoocli.report.figures.picture import Picture, picture
from zoocli.schema.levels import OVERALL

LOSSES = (
    "Each model's mean loss; bars are 95 % intervals. Lower is better. They say how losses vary "
    "over galaxies; models are compared on the same ones, so look at the differences."
)
DIFFERENCES = (
    "How much higher each model's mean loss is than that of {}, on the same galaxies; bars are "
    "95 % intervals. Left of 0 the model is better."
)
# Numbers by question of the best models: file, title, metric.
BY_QUESTION = (
    ("explained", "Deviance explained", "deviance_explained"),
    ("accuracy", "Accuracy", "accuracy"),
)


def of_ranking(ranking: Ranking, formats: Sequence[str]) -> Iterator[Picture]:
    """The figures `models`, `differences`, `explained` and `accuracy`, where there are such."""
    best, *others = ranking.models
    losses = [_interval(model.metric("loss")) for model in ranking.models]
    yield picture(
        "models",
        "Models",
        LOSSES,
        partial(
            interval_rows,
            [model.name for model in ranking.models],
            [("", losses)],
            f"mean loss{_per_galaxy(best.evaluation.loss)}",
        ),
        formats,
    )
    questions = best.questions
    names = [OVERALL, *questions]
    differences: Series = []
    for model in others[:MOST_SERIES]:
        found = [model.difference, *(model.differences.get(question) for question in questions)]
        intervals = [
            ABSENT if one is None else Interval(one.value, one.low, one.high, ranking.galaxies)
            for one in found
        ]
        differences.append((model.name, intervals))
    yield _differences(best.name, names, differences, best.evaluation.loss, formats)
    if not questions:
        return
    for file, title, metric in BY_QUESTION:
        series: Series = [
            (model.name, [_interval(model.metric(metric, question)) for question in names])
            for model in ranking.models[:MOST_SERIES]
        ]
        if any(one.value is not None for _, intervals in series for one in intervals):
            caption = f"{title} of the best {len(series)} models; bars are 95 % intervals."
            yield picture(
                file, title, caption, partial(interval_rows, names, series, title.lower()), formats
            )


def of_comparison(comparison: Comparison, formats: Sequence[str]) -> Iterator[Picture]:
    """The figure `differences`."""
    series: Series = []
    names: list[str] = []
    for system in comparison.systems[:MOST_SERIES]:
        found = {name: one for groups in system.sections() for name, one in groups.items()}
        names = [*found]
        intervals = [
            Interval(one.difference, one.low, one.high, one.galaxies) for one in found.values()
        ]
        series.append((system.file, intervals))
    yield _differences(comparison.baseline.file, names, series, comparison.loss, formats)


def _differences(
    best: str, names: Sequence[str], series: Series, loss: str | None, formats: Sequence[str]
) -> Picture:
    """How much higher the losses of models are than those of one of them."""
    return picture(
        "differences",
        "Differences",
        DIFFERENCES.format(best),
        partial(
            interval_rows,
            names,
            series,
            f"difference of mean losses{_per_galaxy(loss)}",
            zero=True,
        ),
        formats,
    )


def _per_galaxy(loss: str | None) -> str:
    """The unit of a mean loss, where it has one, as an axis has it behind its name."""
    unit = unit_of(loss)
    return f" ({unit} per galaxy)" if unit else ""


def _interval(found: Metric | None) -> Interval:
    if found is None:
        return ABSENT
    return Interval(found.value, found.low, found.high, found.N)
