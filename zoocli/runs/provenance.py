"""How a result was made, and of what: one record, in every result and in every file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from zoocli.errors import DataError, shortened, some
from zoocli.foundation.strict_json import MALFORMED, text_of
from zoocli.foundation.version import SCHEMA_VERSION, __version__
from zoocli.matching.account import Coverage, Matching
from zoocli.runs.settings import read_settings
from zoocli.runs.signature import signature

FINGERPRINTS = 1 << 64  # as many as there are


@dataclass(frozen=True)
class Predictions:
    """The predictions that a result is of: the names of their files, and a fingerprint.

    The fingerprint is the sum, modulo 2^64, of a hash of each row that was used: its id and its
    values. It does not depend on the order of the rows, and adds up over parts.
    """

    names: tuple[str, ...]
    fingerprint: int

    @classmethod
    def sum(cls, parts: Iterable[Predictions]) -> Predictions:
        """All the parts together.

        >>> Predictions.sum([Predictions(("a.csv",), 2), Predictions(("b.csv",), 2**64 - 1)])
        Predictions(names=('a.csv', 'b.csv'), fingerprint=1)
        """
        parts = list(parts)
        names = dict.fromkeys(name for part in parts for name in part.names)
        return cls(tuple(names), sum(part.fingerprint for part in parts) % FINGERPRINTS)

    @property
    def digits(self) -> str:
        """The fingerprint in hexadecimal."""
        return f"{self.fingerprint:016x}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"names": list(self.names), "fingerprint": self.digits}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote; raises KeyError, TypeError or ValueError for all else."""
        names = tuple(_text(name) or "" for name in content["names"])
        fingerprint = int(content["fingerprint"], 16)
        if not 0 <= fingerprint < FINGERPRINTS:
            raise ValueError(f"{content['fingerprint']!r} is not a fingerprint")
        return cls(names, fingerprint)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a result was made; what is not known is None.

    `settings` is everything that changes the numbers, `matching` the account of every galaxy. Of a
    shard, `coverage` has the rows of VOTES that it scored. `version` is that of the zoocli which
    computed the losses.
    """

    loss: str | None = None
    schema: str | None = None
    settings: dict[str, Any] | None = None
    predictions: Predictions | None = None
    shard: str | None = None
    matching: Matching | None = None
    coverage: Coverage | None = None
    version: str | None = __version__

    def signature(self, galaxies: int) -> str | None:
        """The line for a paper, of N galaxies; None where the settings are not known."""
        if self.settings is None:
            return None
        fingerprint = None if self.predictions is None else self.predictions.digits
        return signature(self.loss, self.schema, self.settings, galaxies, self.version, fingerprint)

    def to_dict(self, galaxies: int) -> dict[str, Any]:
        """As JSON and the metadata of tables have it, with the signature of N galaxies."""
        predictions = None if self.predictions is None else self.predictions.to_dict()
        return {
            "schema_version": SCHEMA_VERSION,
            "signature": self.signature(galaxies),
            "version": self.version,
            "loss": self.loss,
            "schema": self.schema,
            "settings": self.settings,
            "predictions": predictions,
            "shard": self.shard,
            "matching": None if self.matching is None else self.matching.to_dict(),
            **({} if self.coverage is None else {"coverage": self.coverage.to_dict()}),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote; results of 0.1.0 have no predictions.

        Raises KeyError, TypeError, AttributeError or ValueError for anything else.
        """
        settings, matching = content["settings"], content["matching"]
        coverage, predictions = content.get("coverage"), content.get("predictions")
        return cls(
            loss=_text(content["loss"]),
            schema=_text(content["schema"]),
            settings=None if settings is None else read_settings(settings),
            predictions=None if predictions is None else Predictions.from_dict(predictions),
            shard=_text(content["shard"]),
            matching=None if matching is None else Matching.from_dict(matching),
            coverage=None if coverage is None else Coverage.from_dict(coverage),
            version=_text(content["version"]),
        )

    @classmethod
    def of_table(cls, name: str, metadata: Mapping[str, Any]) -> Self:
        """What the metadata of a scores table say; raises DataError where they are damaged."""
        try:
            return cls.from_dict(metadata)
        except MALFORMED as error:
            raise DataError(
                f"{name} carries metadata of zoocli that are damaged ({error!r}). Score again, or "
                "write the table without its metadata."
            ) from error

    def setting(self, name: str) -> Any:
        """One of the settings; None where it is not known."""
        return (self.settings or {}).get(name)

    def differences(self, other: Provenance) -> Iterator[str]:
        """What keeps two results from being parts of one, each with both values."""
        yield from difference("loss", self.loss, other.loss)
        yield from difference("schema", self.schema, other.schema)
        here, there = self.settings or {}, other.settings or {}
        for name in dict.fromkeys([*here, *there]):
            yield from difference(name, here.get(name), there.get(name))


def with_settings(provenance: Provenance, settings: Mapping[str, Any]) -> Provenance:
    """The same with more settings."""
    return replace(provenance, settings={**(provenance.settings or {}), **settings})


class Made:
    """What has a `provenance`, and shows its parts under their names."""

    provenance: Provenance

    @property
    def loss(self) -> str | None:
        """The name of the loss."""
        return self.provenance.loss

    @property
    def settings(self) -> dict[str, Any] | None:
        """Everything that changes the numbers."""
        return self.provenance.settings

    @property
    def matching(self) -> Matching | None:
        """The account of every galaxy."""
        return self.provenance.matching

    @property
    def shard(self) -> str | None:
        """I/N, of a shard."""
        return self.provenance.shard

    @property
    def coverage(self) -> Coverage | None:
        """The rows of VOTES that a shard scored."""
        return self.provenance.coverage

    @property
    def version(self) -> str | None:
        """The version of zoocli that computed the losses."""
        return self.provenance.version


def difference(name: str, ours: Any, theirs: Any) -> Iterator[str]:
    """The name with both values, where they differ."""
    if ours != theirs:
        yield f"{name} ({_shown(ours)} and {_shown(theirs)})"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return some(value) if isinstance(value, list) else shortened(repr(value))


def _text(value: Any) -> str | None:
    return None if value is None else text_of(value)
