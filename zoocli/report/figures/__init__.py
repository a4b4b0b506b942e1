"""Figures of evaluations and summaries: PDF, PNG and SVG, the same bytes for the same numbers.

matplotlib is imported when the first figure is drawn; `require` checks that it is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zoocli.foundation.optional import import_optional

if TYPE_CHECKING:
    from zoocli.evaluating.evaluation import Evaluation
    from zoocli.report.figures.picture import Picture

EXTRA = "report"
FORMATS = ("pdf", "png", "svg")
MOST_SERIES = 7  # distinct colours
# Figures of evaluations of any kind; there is a confusion matrix for each question.
NAMES = (
    *("loss", "deviance_explained", "volunteers", "fractions", "purity"),
    *("reliability", "reliability-classes", "coverage", "pit", "residuals", "redshifts"),
    *("by-*", "confusion-*"),
)
OF_MODELS = ("models", "differences", "explained", "accuracy")


def require(what: str) -> None:
    """Raises MachineError, which says how to install it, if matplotlib is missing."""
    import_optional("matplotlib", what, EXTRA)


def draw_evaluation(evaluation: Evaluation, formats: tuple[str, ...]) -> Iterator[Picture]:
    """All figures of an evaluation, in the order of the report."""
    from zoocli.evaluating.classes.result import ClassEvaluation
    from zoocli.evaluating.tree.result import TreeEvaluation
    from zoocli.evaluating.values.result import ValueEvaluation
    from zoocli.report.figures import (
        calibration,
        confusion,
        fractions,
        groups,
        losses,
        purity,
        redshifts,
        residuals,
    )

    yield from groups.pictures(evaluation, formats)
    if isinstance(evaluation, TreeEvaluation):
        for draw in (losses, fractions, purity, calibration, confusion):
            yield from draw.pictures(evaluation, formats)
    elif isinstance(evaluation, ClassEvaluation):
        yield calibration.of_classes(evaluation, formats)
        yield calibration.of_each_class(evaluation, formats)
        yield purity.of_classes(evaluation, formats)
        yield confusion.of_classes(evaluation, formats)
    else:
        assert isinstance(evaluation, ValueEvaluation)
        yield residuals.of_values(evaluation, formats)
        if evaluation.density(0) is not None:
            yield redshifts.of_values(evaluation, formats)
