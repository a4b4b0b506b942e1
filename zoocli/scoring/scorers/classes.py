"""Scoring one number per class against a label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zoocli.errors import DataError, UsageError, some
from zoocli.foundation.columns import from_numpy, to_floats
from zoocli.foundation.missing import Missing
from zoocli.losses.loss import Loss
from zoocli.matching.concentrations import Pass
from zoocli.matching.findings import (
    NOT_FINITE,
    NOT_ONE_HOT,
    NOT_PROBABILITIES,
    UNKNOWN_LABEL,
    Findings,
    NamesOfRows,
    Problem,
)
from zoocli.matching.held import HeldBlock
from zoocli.matching.matched import Matched
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema import Levels
from zoocli.scoring.scorers.class_columns import find_classes
from zoocli.scoring.scorers.labels import LabelScorer
from zoocli.scoring.scorers.scorer import Losses
from zoocli.tables import Table
from zoocli.tables.numbers import is_text

NO_LABEL = -1
UNKNOWN = -2
PROBABILITIES, PERCENT, LOGITS = "probabilities", "percent", "logits"  # kinds of rows
NAMES, NUMBERS = "names", "numbers"  # kinds of labels
SUM_TOLERANCE = 0.02  # of probabilities, which may have been written with two digits
WHOLE_NUMBER = r"^(-?[0-9]+)\.0*$"
# The keyword arguments of losses, and the options that set them.
OPTIONS = {"label_smoothing": "label_smoothing", "weight": "class_weights"}


class ClassScorer(LabelScorer):
    """A label is a class's name (its prediction column) or its number; null is no label.

    `class_columns` says which columns are classes, and their names and numbers. Where a class's
    name is itself a number, labels are names only. VOTES with a column for each class in place of
    one of labels are one-hot. The scores table has names where any label in VOTES is a name, else
    numbers.
    """

    def __init__(
        self, loss: Loss, options: ScoreOptions, predictions: Table, votes: Table, id_column: str
    ) -> None:
        if len(options.label) > 1:
            raise UsageError(f"The loss '{loss.name}' takes one «label», not {len(options.label)}.")
        _refuse_unused(loss, options)
        self._found = find_classes(predictions, options, id_column)
        self.classes = list(self._found.names)
        self.label = options.label[0] if options.label else "label"
        one_hot = self.label not in votes.column_names and self._are_columns_of(votes)
        labels = self.classes if one_hot else [self.label]
        super().__init__(loss, options, (predictions, votes), self._found.columns, labels)
        self.vote_types = dict.fromkeys(labels, pa.float64()) if one_hot else {}
        self.notes = tuple(filter(None, (*self.notes, self._found.note)))
        self.levels = Levels({}, ())
        self._texts_of_classes = _without_zeros(pa.array(self.classes))
        self._require_classes()
        self._numbers = [str(number) for number in self._found.numbers]
        # A class called "1" may be the first: then labels are names only.
        self._numbers_are_names = any(
            name.isdecimal() for name in self._texts_of_classes.to_pylist()
        )
        self._one_hot = one_hot
        self._missing = _missing_labels(votes.missing.more(options.null_value), self.classes)
        self._unknown = Problem(
            f"{UNKNOWN_LABEL.what} {some(self.classes)}", f"{UNKNOWN_LABEL.advice}"
        )
        self._labels_are_names = False  # `start` says

    def _are_columns_of(self, votes: Table) -> bool:
        """Whether VOTES have a column for each class, which is 1 for the galaxies of that class."""
        return len(self.classes) > 1 and {*self.classes} <= {*votes.column_names}

    def _require_classes(self) -> None:
        """Raises an error for too few classes, for weights of others, and for equal names."""
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
        if self._one_hot:
            return self._hold_one_hot(batch, findings, ids)
        text = self._texts(batch.column(self.label))
        names = pc.index_in(text, self._texts_of_classes)
        columns = pc.index_in(text, pa.array(self.prediction_columns))
        if not self._found.single:
            names = pc.coalesce(names, columns)
        codes = self._codes(text, names)

        def with_labels(rows: Iterable[int]) -> list[str]:
            chosen = list(rows)
            return [
                f"{one} ({text[int(row)]})" for one, row in zip(ids(chosen), chosen, strict=True)
            ]

        findings.add(self._unknown, self.label, codes == UNKNOWN, with_labels)
        kinds = {NAMES: names.is_valid().to_numpy(zero_copy_only=False), NUMBERS: codes >= 0}
        return HeldBlock(
            codes.reshape(-1, 1), frozenset(kind for kind, rows in kinds.items() if rows.any())
        )

    def _hold_one_hot(
        self, batch: pa.RecordBatch, findings: Findings, ids: NamesOfRows
    ) -> HeldBlock:
        columns = [to_floats(batch.column(name), name, self._labels_name) for name in self.classes]
        values = np.stack(columns, axis=1)
        ones = values == 1.0
        proper = (ones | (values == 0.0)).all(axis=1) & (ones.sum(axis=1) == 1)
        absent = np.isnan(values).all(axis=1)
        codes = np.where(proper, ones.argmax(axis=1), np.where(absent, NO_LABEL, UNKNOWN))
        findings.add(NOT_ONE_HOT, self.classes[0], codes == UNKNOWN, ids)
        return HeldBlock(codes.astype(np.int32).reshape(-1, 1), frozenset([NAMES]))

    def start(self, seen: frozenset[str]) -> None:
        """Decides between names and numbers for the columns `label` and `prediction`."""
        self._labels_are_names = NAMES in seen
        if len(self.classes) == 2 and seen == {NUMBERS} and not self._found.numbered:
            meant = zip(self._numbers, self.classes, strict=True)
            said = ", ".join(f"{number} is '{name}'" for number, name in meant)
            self.notes = (*self.notes, f"Labels are numbers: {said}.")

    def _texts(self, labels: pa.Array) -> pa.StringArray:
        """Labels of any type as text, so that they mean the same in every format."""
        if pa.types.is_boolean(labels.type):
            labels = labels.cast(pa.int8())
        if not is_text(labels.type):
            numbers = to_floats(labels, self.label, self._labels_name)
            labels = from_numpy(np.ascontiguousarray(numbers), nulls=True)
        text = pc.utf8_trim_whitespace(_without_zeros(labels.cast(pa.string())))
        if len(self.classes) == 2:
            text = _truths_as_numbers(text, self._texts_of_classes)
        gone = pc.is_in(pc.utf8_lower(text), self._missing)
        return pc.if_else(gone, pa.scalar(None, pa.string()), text)

    def _codes(self, text: pa.StringArray, codes: pa.Int32Array) -> npt.NDArray[np.int32]:
        """The numbers of the classes; `codes` are those of the labels that are names."""
        if not self._numbers_are_names:
            codes = pc.coalesce(codes, pc.index_in(text, pa.array(self._numbers)))
        codes = pc.if_else(text.is_valid(), codes.fill_null(UNKNOWN), NO_LABEL)
        return np.array(codes.to_numpy(zero_copy_only=False), np.int32)

    def losses(self, matched: Matched, values: npt.NDArray[Any]) -> Losses:
        """The cross-entropy of each galaxy; NaN where the label or the loss does not exist."""
        read = self._predicted(matched)
        predictions = self.predictions(read)
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

    def predictions(self, read: Pass) -> npt.NDArray[np.float64]:
        """(galaxies, classes): as they were read, those of a single column as those of both."""
        predictions = np.stack(read.chosen(), axis=1)
        if not self._found.single:
            return predictions
        second = predictions[:, 0]
        first = np.zeros(len(second)) if self.options.scale == "logits" else 1.0 - second
        return np.stack([first, second], axis=1)

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
            total = predictions.sum(axis=1)
            proper = inside & (np.abs(total - 1) <= SUM_TOLERANCE)
            percent = ((predictions >= 0) & (predictions <= 100)).all(axis=1)
            percent &= ~proper & (np.abs(total - 100) <= 100 * SUM_TOLERANCE)
        other = np.isfinite(predictions).all(axis=1) & ~proper
        if self.options.scale == "probabilities":
            matched.findings.add(NOT_PROBABILITIES, "the predictions", other, matched.ids)
        kinds = {PROBABILITIES: proper, PERCENT: percent, LOGITS: other & ~percent}
        return frozenset(kind for kind, rows in kinds.items() if rows.any())

    def finish(self, seen: frozenset[str]) -> None:
        """Raises DataError where every finite row could be logits or probabilities."""
        if self.options.scale is None and seen == {PROBABILITIES}:
            raise DataError(
                f"Every finite row of predictions in {self._predictions_name} lies in [0, 1] and "
                "sums to 1: they look like probabilities, but this loss takes logits. Use "
                "«scale=probabilities» or «scale=logits»."
            )
        if self.options.scale is None and seen == {PERCENT}:
            raise DataError(
                f"Every finite row of predictions in {self._predictions_name} lies in [0, 100] and "
                "sums to 100: they look like percentages, but this loss takes logits. Divide them "
                "by 100 and use «scale=probabilities», or use «scale=logits»."
            )
        if self.options.scale is None and self._found.single and LOGITS in seen:
            raise DataError(
                f"{self._predictions_name} has one column for two classes. Say with "
                "«scale=probabilities» or «scale=logits» what it holds."
            )

    def _names(self, codes: npt.NDArray[Any]) -> pa.Array:
        places = pa.array(codes.astype(np.int32), mask=codes < 0)
        numbers = pa.array(self._found.numbers, pa.int32())
        return (pa.array(self.classes) if self._labels_are_names else numbers).take(places)

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


def _missing_labels(missing: Missing, classes: Sequence[str]) -> pa.StringArray:
    """The texts, in lower case, that are no label; a class may well be called "none"."""
    numbers = (f"{number:g}" for number in missing.numbers)
    names = {name.lower() for name in classes}
    return pa.array(sorted({"", *missing.words, *numbers} - names), pa.string())


def _truths_as_numbers(texts: pa.StringArray, classes: pa.StringArray) -> pa.StringArray:
    """True and false as 1 and 0, where no class is called so."""
    for truth, number in (("true", "1"), ("false", "0")):
        written = pc.and_kleene(
            pc.equal(pc.utf8_lower(texts), truth), pc.invert(pc.is_in(texts, classes))
        )
        texts = pc.if_else(pc.fill_null(written, False), number, texts)
    return texts


def _without_zeros(texts: pa.StringArray) -> pa.StringArray:
    """Whole numbers written as floats, such as 1.0, as 1; other texts unchanged."""
    return pc.replace_substring_regex(texts, WHOLE_NUMBER, r"\1")
