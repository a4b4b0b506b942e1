"""Scoring one number a class against a label: cross-entropy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zoocli import checks
from zoocli.checks import Findings, NamesOfRows
from zoocli.columns import from_numpy, to_floats
from zoocli.errors import DataError, UsageError, some
from zoocli.losses.loss import Loss
from zoocli.resources import PROGRAM_BYTES, TORCH_BYTES
from zoocli.scoring.backends import choose_backend, torch_device
from zoocli.scoring.matched import Matched
from zoocli.scoring.options import ScoreOptions
from zoocli.scoring.task import Losses, Task, default_predictions, row_bytes
from zoocli.sums import Groups
from zoocli.tables import Table
from zoocli.tables.numbers import is_text

NO_LABEL = -1
UNKNOWN = -2
PROBABILITIES, LOGITS = "probabilities", "logits"
SUM_TOLERANCE = 0.02  # of probabilities, which may have been written with two digits
WHOLE_NUMBER = r"^([0-9]+)\.0*$"


class ClassTask(Task):
    """A label is a class's name (its prediction column) or its number from 0; null is no label.

    Where a class's name is itself a number, labels are names only.
    """

    counts_votes = False
    program_bytes = PROGRAM_BYTES + TORCH_BYTES

    def __init__(
        self,
        loss: Loss,
        options: ScoreOptions,
        predictions: Table,
        votes: Table,
        ids: tuple[str, str],
    ) -> None:
        if len(options.label) > 1:
            raise UsageError(f"The loss '{loss.name}' takes one --label, not {len(options.label)}.")
        choose_backend(loss, options)
        self.loss_name = loss.name
        self.options = options
        self._loss = loss
        self._device = torch_device(options.device)
        self._tables = predictions.name, votes.name
        self.label = options.label[0] if options.label else "label"
        self.classes = list(options.prediction) or default_predictions(
            predictions, ids[0], options.keep
        )
        if len(self.classes) < 2:
            raise DataError(
                f"{predictions.name} has {len(self.classes)} columns of predictions; cross-entropy "
                "needs one a class. Name them with --prediction."
            )
        weights = options.class_weights
        if weights is not None and len(weights) != len(self.classes):
            raise UsageError(
                f"--class-weights has {len(weights)} numbers for {len(self.classes)} classes."
            )
        self.prediction_columns = self.classes
        self.prediction_types = dict.fromkeys(self.classes, pa.float64())
        self.row_bytes = row_bytes(len(self.classes))
        self.vote_columns = [self.label]
        self.vote_types = {}
        self.groups = Groups({}, ())
        self._named = False
        self._texts_of_classes = _without_zeros(pa.array(self.classes))
        self._refuse_like_names()
        self._numbers = [str(number) for number in range(len(self.classes))]
        # A class called "1" may be the first: then labels are names only.
        self._numbers_are_names = any(
            name.isdecimal() for name in self._texts_of_classes.to_pylist()
        )

    def _refuse_like_names(self) -> None:
        alike: dict[str, list[str]] = {}
        for text, name in zip(self._texts_of_classes.to_pylist(), self.classes, strict=True):
            alike.setdefault(text, []).append(name)
        for names in alike.values():
            if len(names) > 1:
                raise UsageError(
                    f"The classes {some(names)} are one and the same to a label. Rename a column "
                    "of the predictions, or choose others with --prediction."
                )

    def hold(self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows) -> npt.NDArray[Any]:
        """The number of each galaxy's class, -1 for none."""
        codes = self._codes(self._texts(batch.column(self.label)))
        findings.add(checks.UNKNOWN_LABEL, self.label, codes == UNKNOWN, ids)
        return codes.reshape(-1, 1)

    def _texts(self, labels: pa.Array) -> pa.StringArray:
        """Labels of any type as text, so that they mean the same in every format."""
        if pa.types.is_boolean(labels.type):
            labels = labels.cast(pa.int8())
        if not is_text(labels.type):
            numbers = to_floats(labels, self.label, self._tables[1])
            labels = from_numpy(np.ascontiguousarray(numbers), nulls=True)
        text = _without_zeros(labels.cast(pa.string()))
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)

    def _codes(self, text: pa.StringArray) -> npt.NDArray[np.int32]:
        codes = pc.index_in(text, self._texts_of_classes)
        self._named |= codes.null_count < len(codes)
        if not self._numbers_are_names:
            codes = pc.coalesce(codes, pc.index_in(text, pa.array(self._numbers)))
        codes = pc.if_else(text.is_valid(), codes.fill_null(UNKNOWN), NO_LABEL)
        return np.array(codes.to_numpy(zero_copy_only=False), np.int32)

    def score(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """The cross-entropy of each galaxy; NaN where the label or the loss does not exist."""
        predictions = self.predictions(matched)
        labels = values[matched.held_rows, 0]
        labelled = labels != NO_LABEL
        seen = self._check_scale(predictions, matched)
        loss = self._compute(predictions, np.maximum(labels, 0))
        if self.options.on_invalid == "error":
            broken = labelled & ~(np.isfinite(loss) & np.isfinite(predictions).all(axis=1))
            matched.findings.add(checks.NOT_FINITE, "the predictions", broken, matched.ids)
        loss[~(labelled & np.isfinite(loss))] = np.nan
        best = np.where(np.isnan(predictions).any(axis=1), NO_LABEL, predictions.argmax(axis=1))
        columns = self._names(labels), self._names(best)
        return Losses(loss, np.empty((0, len(loss))), columns=columns, seen=seen)

    def predictions(self, matched: Matched) -> npt.NDArray[np.float64]:
        """(galaxies, classes): what was predicted for the matched galaxies, NaN for null."""
        return np.stack(
            [
                to_floats(matched.batch.column(name), name, self._tables[0])[matched.rows]
                for name in self.classes
            ],
            axis=1,
        )

    def probabilities(self, predictions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(galaxies, classes): adding up to 1, by softmax of logits; NaN where that is not finite.

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
        options: dict[str, Any] = {"label_smoothing": self.options.label_smoothing}
        if self.options.class_weights is not None:
            options["weight"] = torch.tensor(self.options.class_weights, dtype=torch.float64)
        loss = self._loss.function(
            torch.from_numpy(logits).to(self._device),
            torch.from_numpy(labels).to(self._device),
            **options,
        )
        return np.array(loss.cpu().numpy())

    def _check_scale(
        self, predictions: npt.NDArray[np.float64], matched: Matched
    ) -> frozenset[str]:
        """Which kinds of rows there are; those that --scale contradicts are findings."""
        if self.options.scale == "logits":
            return frozenset()
        with np.errstate(invalid="ignore"):
            inside = ((predictions >= 0) & (predictions <= 1)).all(axis=1)
            proper = inside & (np.abs(predictions.sum(axis=1) - 1) <= SUM_TOLERANCE)
        other = np.isfinite(predictions).all(axis=1) & ~proper
        if self.options.scale == "probabilities":
            matched.findings.add(checks.NOT_PROBABILITIES, "the predictions", other, matched.ids)
        kinds = {PROBABILITIES: proper, LOGITS: other}
        return frozenset(kind for kind, rows in kinds.items() if rows.any())

    def finish(self, seen: frozenset[str]) -> None:
        """Refuses to guess, when every row without NaN could be probabilities, and some are."""
        if self.options.scale is None and seen == {PROBABILITIES}:
            raise DataError(
                f"Every finite row of predictions in {self._tables[0]} lies in [0, 1] and sums to "
                "1: they look like probabilities, but this loss takes logits. Say --scale "
                "probabilities or --scale logits."
            )

    def _names(self, codes: npt.NDArray[Any]) -> pa.Array:
        numbers = pa.array(codes.astype(np.int32), mask=codes < 0)
        return pa.array(self.classes).take(numbers) if self._named else numbers

    def output_fields(self) -> list[pa.Field]:
        """`loss`, `label` and `prediction` (the class with the highest number)."""
        kind = pa.string() if self._named else pa.int32()
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


def _without_zeros(texts: pa.StringArray) -> pa.StringArray:
    """Whole numbers that are written as floats, such as 1.0, as 1; other texts as they are."""
    return pc.replace_substring_regex(texts, WHOLE_NUMBER, r"\1")
