"""The summary of a scoring: every statistic, its N, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoocli.errors import DataError
from zoocli.foundation.notebook import Displayed
from zoocli.foundation.strict_json import MALFORMED
from zoocli.runs.provenance import Made, Provenance
from zoocli.schema.levels import Levels, by_name, sections
from zoocli.scoring.sums import Statistics, Sums

if TYPE_CHECKING:
    import pandas as pd

    from zoocli.scoring.result import ScoreResult


@dataclass(frozen=True, repr=False)
class Summary(Displayed, Made):
    """Statistics overall, per campaign and per question, with the settings that made them.

    What the input did not carry is None (a CSV has no loss, schema, matching or signature), and
    `notes` says so. `campaigns` is None when the schema is not known, empty for a loss without a
    tree. `file` is the name of the input, where there were
    several.
    """

    overall: Statistics
    campaigns: dict[str, Statistics] | None
    questions: dict[str, Statistics]
    provenance: Provenance = field(default_factory=Provenance)
    file: str | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def headline(self) -> str:
        """The loss, the tree, the galaxies and the mean."""
        of_tree = "" if self.schema is None else f" of {self.schema}"
        mean = "" if self.overall.mean is None else f", mean loss {self.overall.mean:.4g}"
        return f"{self.loss or 'loss'}{of_tree}, {self.overall.galaxies_all:,} galaxies{mean}"

    @property
    def signature(self) -> str | None:
        """The line for a paper; None where the settings are not known."""
        return self.provenance.signature(self.overall.galaxies_all)

    @property
    def schema(self) -> str | None:
        """The name of the decision tree."""
        return self.provenance.schema

    @classmethod
    def from_sums(cls, levels: Levels, sums: Sums, count_votes: bool, **made: Any) -> Summary:
        """Names the sums' levels; `made` gives the other fields."""
        return cls(*levels.split(list(sums.statistics(count_votes))), **made)

    @classmethod
    def of_scoring(cls, scoring: ScoreResult) -> Summary:
        """The summary of a scoring that has just been made."""
        return cls.from_sums(
            scoring.levels,
            scoring.sums,
            scoring.counts_votes,
            provenance=scoring.provenance,
            notes=scoring.notes,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON summary, key for key."""
        made = self.provenance.to_dict(self.overall.galaxies_all)
        account = {name: made.pop(name) for name in ("matching", "coverage") if name in made}
        return (
            ({} if self.file is None else {"file": self.file})
            | made
            | {
                "overall": self.overall.to_dict(),
                "campaigns": None if self.campaigns is None else _to_dicts(self.campaigns),
                "questions": _to_dicts(self.questions),
            }
            | account
        )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], file: str | None = None) -> Summary:
        """Reads what `to_dict` wrote; raises DataError for anything else."""
        try:
            campaigns = content["campaigns"]
            return cls(
                overall=Statistics.from_dict(content["overall"]),
                campaigns=None if campaigns is None else _from_dicts(campaigns),
                questions=_from_dicts(content["questions"]),
                provenance=Provenance.from_dict(content),
                file=file,
            )
        except MALFORMED as error:
            raise DataError(
                f"{file or 'The input'} is JSON but not a zoocli summary ({error!r}). Give a file "
                "that `zoocli score --summary` or `zoocli merge` wrote."
            ) from error

    def to_pandas(self) -> pd.DataFrame:
        """One row per group: `level` (overall, campaign, question), `name`, then the statistics."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """The groups as flat rows, in the order overall, campaigns, questions."""
        return [
            {"level": level, "name": name} | statistics.to_dict()
            for (level, name), statistics in self.groups().items()
        ]

    def groups(self) -> dict[tuple[str, str], Statistics]:
        """The statistics by level (overall, campaign, question) and name, in this order."""
        return by_name(self.overall, self.campaigns, self.questions)

    def sections(self) -> list[dict[str, Statistics]]:
        """What tables show: everything, the campaigns where there are several, the questions."""
        return sections(self.overall, self.campaigns, self.questions)


def _to_dicts(groups: Mapping[str, Statistics]) -> dict[str, Any]:
    return {name: statistics.to_dict() for name, statistics in groups.items()}


def _from_dicts(content: Mapping[str, Any]) -> dict[str, Statistics]:
    return {name: Statistics.from_dict(statistics) for name, statistics in content.items()}
