"""An evaluation: its sums, the numbers that follow from them, and how they were made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zoocli.errors import DataError, UsageError
from zoocli.schema import Schema
from zoocli.signature import signature
from zoocli.statistics.evaluation import calibration, classification, climatology, fractions, losses
from zoocli.statistics.evaluation.additive import AdditiveArrays, added
from zoocli.statistics.evaluation.bootstrap import point_sums, replicate_sums
from zoocli.statistics.evaluation.calibration_sums import Calibration
from zoocli.statistics.evaluation.metric import Estimate, Metric, with_intervals
from zoocli.statistics.evaluation.worst import ScoredGalaxy, worst
from zoocli.statistics.merge import add_matching, setting_differences
from zoocli.sums import Matching
from zoocli.version import __version__

if TYPE_CHECKING:
    import pandas as pd

LOSS = "dirichlet"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    `sums` are additive (`zoocli.statistics.evaluation`), `worst` the galaxies with the highest
    loss, `settings` what changes the numbers, `notes` what the user should be warned of. All else
    follows from them.
    """

    schema: Schema
    settings: dict[str, Any]
    matching: Matching | None
    sums: AdditiveArrays
    worst: list[ScoredGalaxy]
    notes: tuple[str, ...] = field(default=())
    version: str = __version__
    file: str | None = None

    @property
    def signature(self) -> str:
        """The line for a paper."""
        galaxies = int(self.sums["loss/galaxies_all"][0])
        return signature(LOSS, self.schema.name, self.settings, galaxies, self.version)

    @cached_property
    def metrics(self) -> list[Metric]:
        """Every number, with its 95 % interval and its N."""
        fits = climatology.fit(self.sums, self.schema)
        replicates = replicate_sums(self.sums)

        def estimates(sums: AdditiveArrays) -> Iterator[Estimate]:
            yield from losses.estimates(sums, self.schema, fits, self.sums)
            yield from fractions.estimates(sums, self.schema)
            yield from classification.estimates(sums, self.schema)
            yield from calibration.estimates(sums, self.schema)

        whole = point_sums(self.sums)
        return [
            *with_intervals(estimates(whole), None if not replicates else estimates(replicates)),
            *with_intervals(fractions.binned_estimates(self.sums, self.schema), None),
            *losses.metrics(self.sums, self.schema),
            *classification.metrics(self.sums, self.schema),
            *calibration.metrics(self.sums, self.schema),
        ]

    @cached_property
    def by_name(self) -> dict[tuple[str, str | None, str], Metric]:
        """The metrics by question, answer and metric."""
        return {(one.question, one.answer, one.metric): one for one in self.metrics}

    def confusion_matrices(self, confident: bool = False) -> dict[str, npt.NDArray[np.int64]]:
        """Each question's galaxies by (answer voted most, answer predicted most)."""
        part = "confident" if confident else "counted"
        counts = self.sums[f"classification/{part}/confusion"].astype(np.int64)
        places = classification.cells(self.schema)
        return {
            question.name: counts[place].reshape(len(question.answers), -1)
            for question, place in zip(self.schema.questions, places, strict=True)
        }

    def densities(self) -> dict[str, npt.NDArray[np.int64]]:
        """Each answer's galaxies by (predicted, observed) fraction, in 50 x 50 bins from 0 to 1."""
        return dict(zip(self.schema.label_cols, self.sums["fractions/density"], strict=True))

    def calibration(self, answers: slice, part: str = "") -> Calibration:
        """The calibration of the answers of some columns, as of a question, pooled.

        `part`: "" for all galaxies that count, or one of the other `calibration.PARTS`.
        """
        places = range(len(self.schema.label_cols))[answers]
        return Calibration.of(self.sums, places, calibration.PARTS[part])

    def made(self) -> dict[str, Any]:
        """How it was made, and of what: all but the numbers."""
        return {
            "signature": self.signature,
            "version": self.version,
            "loss": LOSS,
            "schema": self.schema.name,
            "settings": self.settings,
            "matching": None if self.matching is None else asdict(self.matching),
            "worst": [galaxy.to_dict() for galaxy in self.worst],
        }

    def to_pandas(self) -> pd.DataFrame:
        """One row a metric: question, answer, metric, value, low, high, N."""
        import pandas as pd

        return pd.DataFrame([metric.to_dict() for metric in self.metrics])

    def to_dict(self) -> dict[str, Any]:
        """The JSON evaluation, key for key."""
        return self.made() | {"metrics": [metric.to_dict() for metric in self.metrics]}


def merge_evaluations(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The evaluation of the whole, from those of disjoint parts of PREDICTIONS.

    Sums are added and every number is computed from them anew, so all numbers, intervals too, are
    those of the whole. Raises DataError, which names the file, where schema or settings differ, or
    more rows of VOTES were matched than there are; UsageError where there is nothing to merge.
    """
    if not evaluations:
        raise UsageError("There is nothing to merge: give the directories of the parts.")
    first = evaluations[0]
    names = [part.file or f"part {number}" for number, part in enumerate(evaluations, start=1)]
    for name, part in zip(names, evaluations, strict=True):
        differing = list(setting_differences(_compared(first), _compared(part)))
        if differing:
            raise DataError(
                f"{name} cannot be merged with {names[0]}: they differ in {'; '.join(differing)}. "
                "Parts must be evaluated with the same settings against the same votes."
            )
    accounts = [part.matching for part in evaluations]
    return replace(
        first,
        matching=add_matching(names, accounts, first.settings.get("votes_rows")),
        sums=added(part.sums for part in evaluations),
        worst=worst(galaxy for part in evaluations for galaxy in part.worst),
        notes=tuple(note for part in evaluations for note in part.notes),
        version=",".join(sorted({part.version for part in evaluations})),
        file=None,
    )


def _compared(evaluation: Evaluation) -> dict[str, Any]:
    return {"schema": evaluation.schema.name} | evaluation.settings
