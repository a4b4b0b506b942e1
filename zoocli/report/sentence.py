"""What an evaluation or a ranking found, as a sentence for a paper."""

from __future__ import annotations

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.comparing.ranked import Ranking
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.metric import Metric
from zoocli.evaluating.tree.result import DIRICHLET, TreeEvaluation
from zoocli.losses import FRACTIONS, unit_of
from zoocli.report.text import NO_LIMIT, count, decimals, number
from zoocli.schema.levels import OVERALL

INTERVALS = "95 % intervals"


def sentence_of(evaluation: Evaluation) -> str:
    """The overall numbers, each with its interval, of which two digits are shown."""
    parts = [f"a mean {_loss_name(evaluation)} loss of {_loss(evaluation)}"]
    if evaluation.loss == FRACTIONS:
        parts = _told(evaluation, "rmse", "an RMSE of {} from those of the votes")
    if isinstance(evaluation, TreeEvaluation):
        explained, ceiling = (
            _metric(evaluation, name) for name in ("deviance_explained", "ceiling")
        )
        if explained is not None and explained.value is not None:
            parts.append(
                f"explain {_percent(explained)} of what the votes allow"
                + ("" if ceiling is None or ceiling.value is None else
                   f" ({100 * ceiling.value:.1f} % if they were true)")
            )  # fmt: skip
        parts += _told(evaluation, "volunteers", "are worth {} volunteers")
        parts += _told(evaluation, "accuracy", "name the most voted answer in {} of cases", True)
    elif isinstance(evaluation, ClassEvaluation):
        parts += _told(evaluation, "accuracy", "an accuracy of {}", True)
        parts += _told(evaluation, "balanced_accuracy", "a balanced accuracy of {}", True)
        parts += _told(evaluation, "roc_auc", "a mean ROC AUC of {}")
    else:
        parts += _told(evaluation, "rmse", "an RMSE of {}")
        parts += _told(evaluation, "bias", "a bias of {}")
        parts += _told(evaluation, "sigma_nmad", "a sigma_NMAD of {}")
        parts += _told(evaluation, "outliers", "{} of outliers", True)
    subject = "predicted fractions" if evaluation.loss == FRACTIONS else "predictions"
    parts = [f"have {parts[0]}", *parts[1:]] if parts else ["have no numbers"]
    *before, last = parts
    said = f"{', '.join(before)} and {last}" if before else last
    return f"Over {count(evaluation.galaxies)} galaxies the {subject} {said} ({INTERVALS})."


def ranking_sentence(ranking: Ranking) -> str:
    """Who is best, then what the best model's predictions are worth."""
    return " ".join([*ranking.verdicts, sentence_of(ranking.best.evaluation)])


def with_interval(metric: Metric | None, scale: float = 1.0) -> str:
    """A number and its interval, with as many digits as make two of half its width.

    >>> with_interval(Metric("overall", None, "loss", 23.1941, 23.016, 23.374, 10))
    '23.19 (23.02 to 23.37)'
    >>> with_interval(Metric("overall", None, "volunteers", 36.9, 34.1, None, 10))
    '36.9 (34.1 or more)'
    """
    if metric is None or metric.value is None:
        return "-"
    low, high = metric.low, metric.high
    digits = 3
    if low is not None and high is not None and high > low:
        digits = decimals([scale * (high - low) / 2], fewest=0, most=NO_LIMIT)
    elif low is not None and high is None:
        digits = 1
    shown = number(scale * metric.value, digits)
    if low is None:
        return shown
    if high is None:
        return f"{shown} ({number(scale * low, digits)} or more)"
    return f"{shown} ({number(scale * low, digits)} to {number(scale * high, digits)})"


def _metric(evaluation: Evaluation, name: str) -> Metric | None:
    return evaluation.by_name.get((OVERALL, None, name))


def _told(evaluation: Evaluation, name: str, text: str, percent: bool = False) -> list[str]:
    """The text with the number; nothing where that is absent."""
    found = _metric(evaluation, name)
    if found is None or found.value is None:
        return []
    return [text.format(_percent(found) if percent else with_interval(found))]


def _percent(metric: Metric) -> str:
    return f"{with_interval(metric, 100)} %"


def _loss_name(evaluation: Evaluation) -> str:
    return "Dirichlet-multinomial" if evaluation.loss == DIRICHLET else str(evaluation.loss)


def _loss(evaluation: Evaluation) -> str:
    unit = unit_of(evaluation.loss)
    per_galaxy = f" {unit} per galaxy" if unit else ""
    return f"{with_interval(_metric(evaluation, 'loss'))}{per_galaxy}"
