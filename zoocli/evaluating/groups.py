"""The same evaluation for groups of galaxies: those with values of a column in the same bin.

The sums of a group stand beside those of all galaxies, under `by/COLUMN/BIN/NAME` with the numbers
of the column and of its bin, so that they add up over batches and parts as all others do. The
settings say which columns and bins these are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.evaluator import Collected, Evaluator, Sums
from zoocli.evaluating.group import SETTING, prefix_of
from zoocli.evaluating.tree.worst import ScoredGalaxy
from zoocli.foundation.columns import from_numpy
from zoocli.foundation.missing import Missing
from zoocli.matching.findings import Findings
from zoocli.matching.matched import Matched
from zoocli.runs.options.by import By
from zoocli.runs.provenance import with_settings
from zoocli.scoring.inputs import Inputs
from zoocli.scoring.result import ScoreResult
from zoocli.scoring.scorers.scorer import Losses
from zoocli.scoring.summaries.bins import NO_VALUE, NOWHERE, Bins, Positions, find_bins
from zoocli.tables.numbers import TextParser

WHOLE = ""  # the prefix of the sums of all galaxies


@dataclass(frozen=True)
class Grouping:
    """A column and its bins; `held`: the bin of each row of VOTES, if it is a column of theirs.

    `in_both`: the other table has it as well, and is not asked.
    """

    column: str
    bins: Bins
    held: Positions | None
    in_both: bool = False

    @classmethod
    def of(cls, inputs: Inputs, by: By) -> Grouping:
        """Finds the bins; raises DataError where the column has none."""
        if by.column in inputs.predictions.column_names:
            in_both = by.column in inputs.votes.column_names and by.column != inputs.ids.column
            return cls(by.column, find_bins(inputs.predictions, by), None, in_both)
        bins, table = find_bins(inputs.votes, by), inputs.votes.name
        parser = TextParser(bins.types, table, Missing().more(inputs.options.null_value))
        held = [
            bins.positions(parser.parse(batch).column(0), table)
            for batch in inputs.held.kept.select([by.column]).to_batches()
        ]
        return cls(by.column, bins, np.concatenate([np.zeros(0, np.intp), *held]))

    def places(self, matched: Matched) -> Positions:
        """The bin of each matched galaxy; galaxies without a value have the last one."""
        if self.held is not None:
            found = self.held[matched.held_rows]
        else:
            column = matched.batch.column(self.column).take(from_numpy(matched.rows))
            found = self.bins.positions(column, matched.findings.name)
        places: Positions = np.where(found == NOWHERE, len(self.bins.bins), found)
        return places

    def to_dict(self) -> dict[str, Any]:
        """As the settings have it; the last bin is of the galaxies without a value."""
        bins = [one.to_dict() for one in (*self.bins.bins, NO_VALUE)]
        return {"column": self.column, "bins": bins}


@dataclass
class GroupedSums:
    """The sums of all galaxies and of each group, which begin when it has a galaxy."""

    _new: Callable[[], Sums]
    _groups: int
    _sums: dict[str, Sums] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """What they take where every group has galaxies."""
        return (1 + self._groups) * self._sums[WHOLE].nbytes

    def add(self, addends: Mapping[str, Any]) -> None:
        """Adds what a batch has for each of them."""
        for prefix, addend in addends.items():
            if prefix not in self._sums:
                self._sums[prefix] = self._new()
            self._sums[prefix].add(addend)

    def arrays(self) -> AdditiveArrays:
        """The sums under their names, groups in their order."""
        return {
            f"{prefix}{name}": values
            for prefix, sums in sorted(self._sums.items())
            for name, values in sums.arrays().items()
        }


class GroupedEvaluator(Evaluator):
    """Collects what another evaluator does, of all galaxies and of each group."""

    def __init__(self, inner: Evaluator, inputs: Inputs, groupings: Sequence[Grouping]) -> None:
        self._inner, self._groupings = inner, groupings
        self._scorer, self._votes = inputs.scorer, inputs.held.values
        self.copies = 2 * inner.copies
        ours = [one for one in groupings if one.held is None]
        self.numbers = [*inner.numbers, *(name for one in ours for name in one.bins.types)]

    def sums(self, threads: int) -> GroupedSums:
        """Nothing yet."""
        groups = sum(len(one.bins.bins) + 1 for one in self._groupings)
        return GroupedSums(partial(self._inner.sums, threads), groups)

    def collect(self, matched: Matched, losses: Losses) -> Collected:
        """What a batch adds, by group."""
        whole = self._inner.collect(matched, losses)
        addends = {WHOLE: whole.addend}
        for prefix, part in self._parts(matched):
            addends[prefix] = self._inner.collect(
                part, self._scorer.score(part, self._votes)
            ).addend
        return replace(whole, addend=addends)

    def _parts(self, matched: Matched) -> Iterator[tuple[str, Matched]]:
        """The galaxies of each group that has some; their findings are those of the whole."""
        for number, grouping in enumerate(self._groupings):
            places = grouping.places(matched)
            for place in np.unique(places).tolist():
                part = replace(
                    matched.where(places == place), findings=Findings(matched.findings.name)
                )
                yield prefix_of(number, place), part

    def evaluation(
        self, scoring: ScoreResult, sums: AdditiveArrays, worst: list[ScoredGalaxy]
    ) -> Evaluation:
        """The evaluation, which knows its groups by the settings."""
        found = self._inner.evaluation(scoring, sums, worst)
        settings = {SETTING: [one.to_dict() for one in self._groupings]}
        notes = [
            f"Both tables have a column '{one.column}': groups are by that of the predictions."
            for one in self._groupings
            if one.in_both
        ]
        provenance = with_settings(found.provenance, settings)
        return replace(found, provenance=provenance, notes=(*found.notes, *notes))
