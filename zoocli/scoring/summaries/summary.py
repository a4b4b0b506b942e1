"""The summary of a scoring: every statistic, its N, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from zoocli.errors import DataError
from zoocli.foundation.version import __version__
from zoocli.runs.signature import signature
from zoocli.scoring.sums import Coverage, Groups, Matching, Statistics, Sums

if TYPE_CHECKING:
    import pandas as pd

    from zoocli.scoring.result import Scoring


@dataclass(frozen=True)
class Summary:
    """Statistics overall, per campaign and per question, with the settings that made them.

    What the input did not carry is None (a CSV has no loss, schema, matching or signature), and
    `notes` says so. `campaigns` is None when the schema is not known, empty for a loss without a
    tree. `coverage` is a shard's, for merging. `file` is the name of the input, where there were
    several.
    """

    overall: Statistics
    campaigns: dict[str, Statistics] | None
    questions: dict[str, Statistics]
    loss: str | None = None
    schema: str | None = None
    settings: dict[str, Any] | None = None
    shard: str | None = None
    matching: Matching | None = None
    coverage: Coverage | None = None
    version: str | None = __version__
    file: str | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def signature(self) -> str | None:
        """The line for a paper; None where the settings are not known."""
        if self.settings is None:
            return None
        return signature(
            self.loss, self.schema, self.settings, self.overall.galaxies_all, self.version
        )

    @classmethod
    def from_sums(cls, groups: Groups, sums: Sums, count_votes: bool, **made: Any) -> Summary:
        """Names the sums' groups; `made` gives the other fields."""
        statistics = list(sums.statistics(count_votes))
        first = 1 + len(groups.campaigns)
        return cls(
            overall=statistics[0],
            campaigns=dict(zip(groups.campaigns, statistics[1:first], strict=True)),
            questions=dict(zip(groups.questions, statistics[first:], strict=True)),
            **made,
        )

    @classmethod
    def of_scoring(cls, scoring: Scoring) -> Summary:
        """The summary of a scoring that has just been made."""
        return cls.from_sums(
            scoring.groups,
            scoring.sums,
            scoring.counts_votes,
            loss=scoring.loss,
            schema=scoring.schema,
            settings=scoring.settings,
            matching=scoring.matching,
            shard=scoring.shard,
            coverage=scoring.coverage,
            notes=scoring.notes,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON summary, key for key."""
        made: dict[str, Any] = {} if self.file is None else {"file": self.file}
        return made | {
            "signature": self.signature,
            "version": self.version,
            "loss": self.loss,
            "schema": self.schema,
            "settings": self.settings,
            "shard": self.shard,
            "overall": self.overall.to_dict(),
            "campaigns": None if self.campaigns is None else _to_dicts(self.campaigns),
            "questions": _to_dicts(self.questions),
            "matching": None if self.matching is None else asdict(self.matching),
            **({} if self.coverage is None else {"coverage": self.coverage.to_dict()}),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], file: str | None = None) -> Summary:
        """Reads what `to_dict` wrote; raises DataError for anything else."""
        try:
            campaigns = content["campaigns"]
            return cls(
                overall=Statistics.from_dict(content["overall"]),
                campaigns=None if campaigns is None else _from_dicts(campaigns),
                questions=_from_dicts(content["questions"]),
                **read_made(content),
                file=file,
            )
        except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
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
        levels = {
            "overall": {"overall": self.overall},
            "campaign": self.campaigns or {},
            "question": self.questions,
        }
        return {
            (level, name): statistics
            for level, groups in levels.items()
            for name, statistics in groups.items()
        }


def read_made(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Summary that say how it was made, from JSON.

    Raises KeyError, TypeError, AttributeError or ValueError for anything else.
    """
    settings, matching, coverage = content["settings"], content["matching"], content.get("coverage")
    return {
        "loss": _text(content["loss"]),
        "schema": _text(content["schema"]),
        "settings": None if settings is None else {**settings},
        "shard": _text(content["shard"]),
        "matching": None if matching is None else Matching.from_dict(matching),
        "coverage": None if coverage is None else Coverage.from_dict(coverage),
        "version": _text(content["version"]),
    }


def _to_dicts(groups: Mapping[str, Statistics]) -> dict[str, Any]:
    return {name: statistics.to_dict() for name, statistics in groups.items()}


def _from_dicts(content: Mapping[str, Any]) -> dict[str, Statistics]:
    return {name: Statistics.from_dict(statistics) for name, statistics in content.items()}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{value!r} is not text")
