"""Scoring one number per class against a label."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zoocli.errors import DataError, UsageError, some
from zoocli.foundation.columns import from_numpy, to_floats
from zoocli.losses.loss import Loss
from zoocli.matching.findings import (
    NOT_FINITE,
    NOT_PROBABILITIES,
    UNKNOWN_LABEL,
    Findings,
    NamesOfRows,
)
from zoocli.matching.held import HeldBlock
from zoocli.matching.matched import Matched
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema import Levels
from zoocli.scoring.scorers.labels import LabelScorer
from zoocli.scoring.scorers.scorer import Losses, default_predictions
from zoocli.tables import Table
from zoocli.tables.numbers import is_text

NO_LABEL = -1
UNKNOWN = -2
PROBABILITIES, LOGITS = "probabilities", "logits"  # kinds of rows of predictions
NAMES = "names"  # a kind of label
SUM_TOLERANCE = 0.02  # of probabilities, which may have been written with two digits
WHOLE_NUMBER = r"^([0-9]+)\.0*$"
# The keyword arguments of losses, and the options that set them.
OPTIONS = {"label_smoothing": "label_smoothing", "weight": "class_weights"}


class ClassScorer(LabelScorer):
    """A label is a class's name (its prediction column) or its number from 0; null is no label.

    Where a class's name is itself a number, labels are names only. The scores table has names where
    any label in VOTES is a name, else numbers.
    """

    def __init__(
        self, loss: Loss, options: ScoreOptions, predictions: Table, votes: Table, id_column: str
    ) -> None:
        if len(options.label) > 1:
            raise UsageError(f"The loss '{loss.name}' takes one «label», not {len(options.label)}.")
        _refuse_unused(loss, options)
        self.classes = list(options.prediction) or default_predictions(
            predictions, id_column, options.keep
        )
        self.label = options.label[0] if options.label else "label"
        super().__init__(loss, options, (predictions, votes), self.classes, [self.label])
        self.vote_types = {}
        self.levels = Levels({}, ())
        self._texts_of_classes = _without_zeros(pa.array(self.classes))
        self._require_classes()
        self._numbers = [str(number) for number in range(len(self.classes))]
        # A class called "1" may be the first: then labels are names only.
        self._numbers_are_names = any(
            name.isdecimal() for name in self._texts_of_classes.to_pylist()
        )
        self._labels_are_names = False  # `start` says

    def _require_classes(self) -> None:
        """Raises an error for too few classes, for weights of others, and for equal names."""
        if len(self.classes) < 2:
            raise DataError(
                f"{self._predictions_name} has {len(self.classes)} columns of predictions; "
                f"{self.loss_name} needs one per class. Name them with «prediction»."
            )
        weights = self.options.class_weights
        if weights is not None and len(weights) != len(self.classes):
            raise UsageError(
                f"«class_weights» has {len(weights)} numbers for {len(self.classes)} classes."
            )
        alike: dict[str, list[str]] = {}
        for text, name in zip(self._texts_of_classes.to_pylist(), self.classes, strict=True):
            alike.setdefault(text, []).append(name)
        for names in alike.values():
            if len(names) > 1:
                raise UsageError(
                    f"The classes {some(names)} are indistinguishable as labels. Rename a column "
                    "of the predictions, or choose others with «prediction»."
                )

    def hold(self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows) -> HeldBlock:
        """The number of each galaxy's class, -1 for none; whether any label is a name is seen."""
        text = self._texts(batch.column(self.label))
        names = pc.index_in(text, self._texts_of_classes)
        codes = self._codes(text, names)
        findings.add(UNKNOWN_LABEL, self.label, codes == UNKNOWN, ids)
        seen = frozenset([NAMES]) if names.null_count < len(names) else frozenset()
        return HeldBlock(codes.reshape(-1, 1), seen)

    def start(self, seen: frozenset[str]) -> None:
        """Decides between names and numbers for the columns `label` and `prediction`."""
        self._labels_are_names = NAMES in seen

    def _texts(self, labels: pa.Array) -> pa.StringArray:
        """Labels of any type as text, so that they mean the same in every format."""
        if pa.types.is_boolean(labels.type):
            labels = labels.cast(pa.int8())
        if not is_text(labels.type):
            numbers = to_floats(labels, self.label, self._labels_name)
            labels = from_numpy(np.ascontiguousarray(numbers), nulls=True)
        text = _without_zeros(labels.cast(pa.string()))
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)

    def _codes(self, text: pa.StringArray, codes: pa.Int32Array) -> npt.NDArray[np.int32]:
        """The numbers of the classes; `codes` are those of the labels that are names."""
        if not self._numbers_are_names:
            codes = pc.coalesce(codes, pc.index_in(text, pa.array(self._numbers)))
        codes = pc.if_else(text.is_valid(), codes.fill_null(UNKNOWN), NO_LABEL)
        return np.array(codes.to_numpy(zero_copy_only=False), np.int32)

    def losses(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """The cross-entropy of each galaxy; NaN where the label or the loss does not exist."""
        read = self._predicted(matched)
        predictions = np.stack(read.chosen(), axis=1)
        labels = values[matched.held_rows, 0]
        labelled = labels != NO_LABEL
        seen = self._check_scale(predictions, matched)
        loss = self._compute(predictions, np.maximum(labels, 0))
        if self.options.on_invalid == "error":
            broken = labelled & ~(np.isfinite(loss) & np.isfinite(predictions).all(axis=1))
            matched.findings.add(NOT_FINITE, "the predictions", broken, matched.ids)
        loss[~(labelled & np.isfinite(loss))] = np.nan
        best = np.where(np.isnan(predictions).any(axis=1), NO_LABEL, predictions.argmax(axis=1))
        columns = self._names(labels), self._names(best)
        return Losses(loss, np.empty((0, len(loss))), columns=columns, seen=seen, read=[read])

    def probabilities(self, predictions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(galaxies, classes): probabilities with sum 1, by softmax of logits; NaN if not finite.

        Neither class weights nor label smoothing change them.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if self.options.scale == "probabilities":
                weights = predictions
            else:
                weights = np.exp(predictions - predictions.max(axis=1, keepdims=True))
            probabilities: npt.NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
        return probabilities

    def _compute(
        self, predictions: npt.NDArray[np.float64], labels: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float64]:
        import torch

        with np.errstate(divide="ignore", invalid="ignore"):
            logits = np.log(predictions) if self.options.scale == "probabilities" else predictions
        loss = self._loss.function(
            torch.from_numpy(logits).to(self._device),
            torch.from_numpy(labels).to(self._device),
            **{keyword: getattr(self.options, OPTIONS[keyword]) for keyword in self._loss.options},
        )
        return np.array(loss.cpu().numpy())

    def _check_scale(
        self, predictions: npt.NDArray[np.float64], matched: Matched
    ) -> frozenset[str]:
        """The kinds of rows that occur; rows that contradict --scale are findings."""
        if self.options.scale == "logits":
            return frozenset()
        with np.errstate(invalid="ignore"):
            inside = ((predictions >= 0) & (predictions <= 1)).all(axis=1)
            proper = inside & (np.abs(predictions.sum(axis=1) - 1) <= SUM_TOLERANCE)
        other = np.isfinite(predictions).all(axis=1) & ~proper
        if self.options.scale == "probabilities":
            matched.findings.add(NOT_PROBABILITIES, "the predictions", other, matched.ids)
        kinds = {PROBABILITIES: proper, LOGITS: other}
        return frozenset(kind for kind, rows in kinds.items() if rows.any())

    def finish(self, seen: frozenset[str]) -> None:
        """Raises DataError where every finite row could be logits or probabilities."""
        if self.options.scale is None and seen == {PROBABILITIES}:
            raise DataError(
                f"Every finite row of predictions in {self._predictions_name} lies in [0, 1] and "
                "sums to 1: they look like probabilities, but this loss takes logits. Use "
                "«scale=probabilities» or «scale=logits»."
            )

    def _names(self, codes: npt.NDArray[Any]) -> pa.Array:
        numbers = pa.array(codes.astype(np.int32), mask=codes < 0)
        return pa.array(self.classes).take(numbers) if self._labels_are_names else numbers

    def output_fields(self) -> list[pa.Field]:
        """`loss`, `label` and `prediction` (the class with the highest logit or probability)."""
        kind = pa.string() if self._labels_are_names else pa.int32()
        return [
            pa.field("loss", pa.float64()),
            pa.field("label", kind),
            pa.field("prediction", kind),
        ]

    def output_arrays(self, losses: Losses) -> list[pa.Array]:
        """The arrays for `output_fields`; NaN becomes null."""
        return [from_numpy(losses.loss, nulls=True), *losses.columns]

    def settings(self) -> dict[str, Any]:
        """The columns and what changes the loss."""
        weights = self.options.class_weights
        return {
            "label": self.label,
            "classes": self.classes,
            "scale": self.options.scale or "logits",
            "label_smoothing": self.options.label_smoothing,
            "class_weights": None if weights is None else list(weights),
        }


def _refuse_unused(loss: Loss, options: ScoreOptions) -> None:
    """Raises UsageError for an option that the loss does not take."""
    for keyword, option in OPTIONS.items():
        if getattr(options, option) and keyword not in loss.options:
            name = option.replace("_", "-")
            raise UsageError(f"The loss '{loss.name}' does not use --{name}. Leave it out.")


def _without_zeros(texts: pa.StringArray) -> pa.StringArray:
    """Whole numbers written as floats, such as 1.0, as 1; other texts unchanged."""
    return pc.replace_substring_regex(texts, WHOLE_NUMBER, r"\1")
