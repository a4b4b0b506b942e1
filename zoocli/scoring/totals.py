"""The totals of a run, and the checks that need them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, some
from zoocli.foundation.columns import from_numpy
from zoocli.matching.account import Matching
from zoocli.matching.findings import Findings
from zoocli.matching.ids import ids_at
from zoocli.matching.index import FIRST_IDS, MatchAccount, refuse_repeated
from zoocli.matching.matched import Matched
from zoocli.matching.unlike_ids import advice_for
from zoocli.runs.provenance import FINGERPRINTS
from zoocli.scoring.inputs import Inputs
from zoocli.scoring.scorers.scorer import Losses
from zoocli.scoring.sums import Sums
from zoocli.tables.parts.joined import Parts

OTHER_MODELS = (
    ". If the files are different models of the same galaxies, score each of them and use `zoocli "
    "compare`, or give all but the first with «ensemble»"
)
OR_DROP = ", or drop all of them with «on_duplicate=drop»"


@dataclass
class ScoreTotals:
    """Additive: batches, parts and machines each have their totals, and `+` combines them.

    `rows` of PREDICTIONS were read, `matched` of them scored; `listed` marks the ids of `--only`
    that are in either table, `seen` is for `Scorer.finish`, `fingerprint` is that of the
    predictions.
    """

    sums: Sums
    account: MatchAccount
    findings: Findings
    listed: npt.NDArray[np.bool_]
    unmatched_ids: list[str]
    rows: int = 0
    matched: int = 0
    excluded: int = 0
    invalid: int = 0
    seen: frozenset[str] = frozenset()
    fingerprint: int = 0

    @classmethod
    def nothing(cls, inputs: Inputs) -> ScoreTotals:
        """The totals of no predictions; only the votes were read."""
        return cls(
            Sums.zeros(len(inputs.scorer.levels)),
            MatchAccount(inputs.held.index),
            Findings(inputs.predictions.name),
            inputs.held.listed.copy(),
            [],
        )

    def take(self, inputs: Inputs, matched: Matched) -> None:
        """Adds the account of a batch: the matched and unmatched ids."""
        found, text = matched.found, matched.text
        if inputs.only is not None:
            on_list = inputs.only.index.find(text)
            listed = on_list >= 0
            self.listed[on_list[listed]] = True
            found, text = found[listed], text.filter(from_numpy(listed))
        self.account.add(found)
        self.rows += len(matched.text)
        self.matched += len(matched.rows)
        self.excluded += matched.excluded
        self.findings.merge(matched.findings)
        if len(self.unmatched_ids) < FIRST_IDS and self.account.predictions_only:
            missing = np.flatnonzero(found < 0)[: FIRST_IDS - len(self.unmatched_ids)]
            self.unmatched_ids += ids_at(text, missing)

    def add_losses(self, inputs: Inputs, losses: Losses) -> None:
        """Adds the losses of a batch."""
        self.seen |= losses.seen
        self.fingerprint = (self.fingerprint + losses.fingerprint) % FINGERPRINTS
        self.invalid += int(np.count_nonzero(np.isnan(losses.loss)))
        self.sums.add_batch(inputs.scorer.levels, losses.loss, losses.parts, losses.votes)

    def __add__(self, other: ScoreTotals) -> ScoreTotals:
        return ScoreTotals(
            self.sums + other.sums,
            self.account + other.account,
            self.findings + other.findings,
            self.listed | other.listed,
            (self.unmatched_ids + other.unmatched_ids)[:FIRST_IDS],
            self.rows + other.rows,
            self.matched + other.matched,
            self.excluded + other.excluded,
            self.invalid + other.invalid,
            self.seen | other.seen,
            (self.fingerprint + other.fingerprint) % FINGERPRINTS,
        )

    def matching(self, inputs: Inputs) -> Matching:
        """The account of every galaxy."""
        return Matching(
            matched=self.matched,
            predictions_only=self.account.predictions_only,
            votes_only=self.account.votes_only,
            duplicated=len(self.account.duplicated()),
            invalid=self.invalid,
            excluded=None if inputs.condition is None else self.excluded,
        )

    def check(self, inputs: Inputs, whole: bool = True) -> None:
        """Raises DataError for invalid values, repeated ids, and where nothing matched.

        A shard may match nothing.
        """
        self.findings.raise_if_any()
        duplicated = self.account.duplicated()
        if inputs.options.on_duplicate == "error":
            where = f"{inputs.predictions.name} or in the votes"
            several = isinstance(inputs.predictions, Parts)
            advice = OR_DROP + (OTHER_MODELS if several else "")
            refuse_repeated(inputs.held.index, duplicated, where, advice)
        if not self.matched and whole:
            raise DataError(self._why_nothing(inputs, len(duplicated)))

    def _why_nothing(self, inputs: Inputs, dropped: int) -> str:
        predictions, index = inputs.predictions.name, inputs.held.index
        if not self.rows:
            return f"{predictions} has no rows. Give predictions to score."
        if self.excluded:
            return (
                f"No galaxy is left: «where» holds for none of the {self.excluded:,} that match. "
                "Check it, and that its columns have values."
            )
        if dropped:
            return (
                f"No galaxy is left: all {dropped:,} ids that match occur more than once and were "
                "dropped. Keep one row of each."
            )
        listed = "" if inputs.only is None else f" and in {inputs.only.name}"
        votes = index.text(range(min(3, len(index))))
        advice = None if inputs.only is not None else _advice(inputs)
        return (
            f"No galaxy is in both files{listed}. The ids of {predictions} look like "
            f"{some(self.unmatched_ids[:3]) or '(none)'}, those of the votes like {some(votes)}. "
            f"{advice or 'Name the id columns with «predictions_id» and «votes_id».'}"
        )


def _advice(inputs: Inputs) -> str | None:
    """What would make the first ids match."""
    for batch in inputs.predictions.batches([inputs.ids.column]):
        first = inputs.ids.text(batch.column(0))
        return advice_for(first, inputs.held.index.texts().cast(pa.string()))
    return None
