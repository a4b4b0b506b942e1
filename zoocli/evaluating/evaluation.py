"""An evaluation of any loss: its sums, the numbers that follow from them, how they were made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from zoocli.errors import DataError, UsageError
from zoocli.evaluating.additive import AdditiveArrays, added
from zoocli.evaluating.buckets import leave_one_out, totals_of
from zoocli.evaluating.family import Family, Place, Shown, shown_in
from zoocli.evaluating.group import SETTING, Group, groups_in
from zoocli.evaluating.intervals import with_intervals
from zoocli.evaluating.metric import Key, Metric
from zoocli.foundation.notebook import Displayed
from zoocli.runs.merging import merge_provenances, require_coverage
from zoocli.runs.provenance import Made, Provenance
from zoocli.schema.levels import OVERALL

if TYPE_CHECKING:
    import pandas as pd

Found = TypeVar("Found", bound="Evaluation")
GROUP_COLUMNS = ("by", "group", "group_low", "group_high")


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Evaluation(Displayed, Made, ABC):
    """What an evaluation found.

    `provenance` says how it was made, `sums` are additive (`zoocli.evaluating`), `notes` what the
    user should be warned of. Everything else follows from them. There is one subclass for each kind
    of prediction: `TreeEvaluation`, `ClassEvaluation`, `ValueEvaluation`.
    """

    provenance: Provenance
    sums: AdditiveArrays
    notes: tuple[str, ...] = ()
    file: str | None = None

    @property
    def headline(self) -> str:
        """The loss, the tree, the galaxies and the mean."""
        loss = self.by_name[OVERALL, None, "loss"]
        of_tree = "" if self.schema_name is None else f" of {self.schema_name}"
        mean = "" if loss.value is None else f", mean loss {loss.value:.4g}"
        return f"{self.loss}{of_tree}, {self.galaxies:,} galaxies{mean}"

    @property
    def schema_name(self) -> str | None:
        """The decision tree, where the loss has one."""
        return self.provenance.schema

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that changes the numbers: an evaluation always knows it."""
        return self.provenance.settings or {}

    @property
    def signature(self) -> str:
        """The line for a paper."""
        return self.provenance.signature(self.galaxies) or ""

    @property
    @abstractmethod
    def galaxies(self) -> int:
        """The galaxies that have a loss."""

    @property
    def campaigns(self) -> Sequence[str]:
        """Those of a decision tree, as its metrics name them."""
        return ()

    @cached_property
    def metrics(self) -> list[Metric]:
        """Every number, with its 95 % interval and its N."""
        without = leave_one_out(self.sums)
        found: list[Metric] = []
        for family in self.families:
            found += with_intervals(family.estimates(without), family.shares(self.totals))
        for family in self.families:
            found += family.others(self.sums)
        return found

    @cached_property
    def totals(self) -> AdditiveArrays:
        """The sums of features over all galaxies."""
        return totals_of(self.sums)

    @property
    @abstractmethod
    def families(self) -> Sequence[Family]:
        """The metrics that there are, in the order that they are told in."""

    def lacks(self, metric: str) -> bool:
        """Whether predictions of this kind have no such number at all."""
        del metric
        return False

    def shown(self, place: Place) -> list[Shown]:
        """What is shown at a place, family by family."""
        return [one for one in shown_in(self.families, place) if not self.lacks(one.metric)]

    @property
    def glossary(self) -> dict[str, str]:
        """What its numbers are, in words, family by family; nothing of those that it all lacks."""
        return {
            name: text
            for family in self.families
            if not family.shown or any(not self.lacks(one.metric) for one in family.shown)
            for name, text in family.glossary.items()
        }

    @property
    def doubts(self) -> tuple[str, ...]:
        """What the numbers themselves give reason to doubt."""
        return ()

    @cached_property
    def by_name(self) -> dict[Key, Metric]:
        """The metrics by question, answer and metric."""
        return {one.key: one for one in self.metrics}

    @cached_property
    def groups(self) -> list[Group]:
        """The same for each group of galaxies, where `by` asked for groups, if it has any."""
        return [
            Group(number, column, one, self.of_group(sums))
            for number, column, one, sums in groups_in(self.settings, self.sums)
        ]

    @property
    def grouped_by(self) -> list[str]:
        """The columns that `by` asked for groups of."""
        return [by["column"] for by in self.settings.get(SETTING) or ()]

    def of_group(self: Found, sums: AdditiveArrays) -> Found:
        """The evaluation of some of its galaxies, whose sums these are."""
        settings = {name: value for name, value in self.settings.items() if name != SETTING}
        provenance = replace(self.provenance, settings=settings, matching=None, coverage=None)
        return replace(self, provenance=provenance, sums=sums, notes=())

    def about(self) -> dict[str, Any]:
        """How it was made, and of what: all but the numbers."""
        made = self.provenance.to_dict(self.galaxies)
        made.pop("coverage", None)
        return made

    def to_pandas(self) -> pd.DataFrame:
        """One row per metric, as in `long_rows`."""
        import pandas as pd

        return pd.DataFrame(self.long_rows())

    def long_rows(self) -> list[dict[str, Any]]:
        """One row per metric: question, answer, metric, value, low, high, N.

        With groups also `by` (the column), `group`, `group_low` and `group_high`, which are None in
        the rows of all galaxies; those come first.
        """
        rows = [metric.to_dict() for metric in self.metrics]
        if SETTING not in self.settings:
            return rows
        rows = [row | dict.fromkeys(GROUP_COLUMNS) for row in rows]
        for group in self.groups:
            about = dict(zip(GROUP_COLUMNS, group.about().values(), strict=False))
            rows += [metric.to_dict() | about for metric in group.evaluation.metrics]
        return rows

    def to_dict(self) -> dict[str, Any]:
        """The JSON evaluation, key for key."""
        content = self.about() | {"metrics": [metric.to_dict() for metric in self.metrics]}
        if SETTING in self.settings:
            content["groups"] = [
                group.about()
                | {"galaxies": group.evaluation.galaxies}
                | {"metrics": [metric.to_dict() for metric in group.evaluation.metrics]}
                for group in self.groups
            ]
        return content

    def merged(self: Found, parts: Sequence[Found]) -> Found:
        """Itself, with what the parts (itself among them) found together."""
        return replace(
            self,
            sums=added(part.sums for part in parts),
            notes=tuple(note for part in parts for note in part.notes),
            file=None,
        )


def merge_evaluations(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The evaluation of the whole, from those of disjoint parts of PREDICTIONS.

    Sums are added and every number is computed from them anew, so all numbers, intervals too, are
    those of the whole. Raises DataError, which names the file, where loss, schema or settings
    differ, or more rows of VOTES were matched than there are; UsageError where there is nothing to
    merge.
    """
    if not evaluations:
        raise UsageError("There is nothing to merge: give the directories of the parts.")
    first = evaluations[0]
    names = [part.file or f"part {number}" for number, part in enumerate(evaluations, start=1)]
    for name, part in zip(names, evaluations, strict=True):
        differing = list(first.provenance.differences(part.provenance))
        if differing:
            raise DataError(
                f"{name} cannot be merged with {names[0]}: they differ in {'; '.join(differing)}. "
                "Parts must be evaluated with the same settings against the same votes."
            )
        _require_shapes(name, part.sums, names[0], first.sums)
    provenances = [part.provenance for part in evaluations]
    merged = merge_provenances(names, provenances)
    require_coverage(names, provenances)
    return replace(first.merged(evaluations), provenance=merged)


def _require_shapes(name: str, sums: AdditiveArrays, first: str, others: AdditiveArrays) -> None:
    """Raises DataError for sums that cannot be added up, or only by repeating them."""
    for array in sums.keys() & others.keys():
        if sums[array].shape != others[array].shape:
            raise DataError(
                f"{name} cannot be merged with {first}: their sums '{array}' have the shapes "
                f"{sums[array].shape} and {others[array].shape}, so one of them is damaged. "
                "Evaluate that part again."
            )
