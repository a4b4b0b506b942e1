"""What a comparison of scores tables found: every difference, how sure it is, and its N."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from zoocli.errors import some
from zoocli.foundation.notebook import Displayed
from zoocli.foundation.version import SCHEMA_VERSION, __version__
from zoocli.schema.levels import by_name, sections

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
CONFIDENCE = 0.95
LEAST_SHOWN = 1e-10  # p-values


@dataclass(frozen=True)
class Difference:
    """A system against the baseline in one group (a question, a campaign, or everything).

    `difference` = mean_system - mean_baseline over the same `galaxies`: negative where the system
    is better. `low` and `high` bound its 95 % interval, `p` is that of the paired test, `p_holm`
    the same adjusted for all systems and questions (None except for questions). `better` and `tied`
    are the shares of galaxies whose loss the system lowers, and leaves unchanged. Losses in nats;
    None where there are too few galaxies.
    """

    mean_baseline: float | None
    mean_system: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    better: float | None
    tied: float | None
    galaxies: int

    def to_dict(self) -> dict[str, Any]:
        """The fields under their names."""
        return asdict(self)


def shown_p(p: float) -> str:
    """A p-value after "p": what is smaller than any doubt has no digits.

    >>> shown_p(0.0123456), shown_p(1e-40)
    ('= 0.01235', '< 1e-10')
    """
    return f"= {p:.4g}" if p >= LEAST_SHOWN else f"< {LEAST_SHOWN:.0e}"


@dataclass(frozen=True)
class System:
    """One system's differences from the baseline.

    `rank` is 1 for the system with the lowest overall mean. `left_out`: galaxies of the
    table that are not in all the others. `campaigns` is None where the schema is not known.
    """

    file: str
    signature: str | None
    rank: int
    left_out: int
    overall: Difference
    campaigns: dict[str, Difference] | None
    questions: dict[str, Difference]

    @property
    def verdict(self) -> str:
        """What the overall p says, in words: a difference is one where p is below 0.05."""
        overall = self.overall
        if overall.p is None or overall.difference is None:
            return "not compared: no galaxy has votes in all tables"
        if overall.p >= LEVEL:
            return f"not distinguishable from the baseline at {LEVEL} (p = {overall.p:.4g})"
        side = "better" if overall.difference < 0.0 else "worse"
        return f"{side} than the baseline (p {shown_p(overall.p)})"

    def groups(self) -> dict[tuple[str, str], Difference]:
        """The differences by level (overall, campaign, question) and name, in this order."""
        return by_name(self.overall, self.campaigns, self.questions)

    def sections(self) -> list[dict[str, Difference]]:
        """What tables show: everything, the campaigns where there are several, the questions."""
        return sections(self.overall, self.campaigns, self.questions)

    def to_dict(self) -> dict[str, Any]:
        """As in the JSON: the fields, with the verdict after the rank."""
        fields = asdict(self)
        first = {name: fields.pop(name) for name in ("file", "signature", "rank")}
        return first | {"verdict": self.verdict} | fields


@dataclass(frozen=True)
class Baseline:
    """The table that the systems are compared with; `left_out` as for a system."""

    file: str
    signature: str | None
    left_out: int


@dataclass(frozen=True, repr=False)
class Comparison(Displayed):
    """All systems against one baseline, over the galaxies that every table has.

    `systems` are in the order of their ranks. `compared` counts the galaxies, and `invalid`
    those among them that have a null loss in some table. `settings` are how the `intervals` are
    made and the `seed`. What the tables do not carry is None, and `notes` say so.
    """

    baseline: Baseline
    systems: tuple[System, ...]
    loss: str | None
    schema: str | None
    schema_hash: str | None
    votes_fingerprint: str | None
    compared: int
    invalid: int
    settings: dict[str, Any]
    version: str = __version__
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def headline(self) -> str:
        """The tables and the galaxies."""
        systems = some([one.file for one in self.systems])
        return f"{systems} against {self.baseline.file}, {self.compared:,} galaxies"

    @property
    def signature(self) -> str:
        """How the numbers were made, in one line."""
        made = [f"compare|loss:{self.loss}"]
        if self.schema is not None:
            made.append(f"schema:{self.schema}@{self.schema_hash}")
        if "where" in self.settings:
            made.append(f"where:{self.settings['where']}")
        made.append(f"votes:{self.votes_fingerprint}")
        made.append(f"N:{self.compared}")
        made.append(f"intervals:{self.settings['intervals']}@seed={self.settings['seed']}")
        return "|".join([*made, f"zoocli:{self.version}"])

    def to_dict(self) -> dict[str, Any]:
        """The JSON, key for key."""
        return {
            "schema_version": SCHEMA_VERSION,
            "signature": self.signature,
            "version": self.version,
            "loss": self.loss,
            "schema": self.schema,
            "settings": self.settings | {"confidence": CONFIDENCE},
            "compared": self.compared,
            "invalid": self.invalid,
            "baseline": asdict(self.baseline),
            "systems": [system.to_dict() for system in self.systems],
        }

    def rows(self) -> list[dict[str, Any]]:
        """Flat rows: `file`, `level`, `name`, then the fields of `Difference`."""
        return [
            {"file": system.file, "level": level, "name": name} | difference.to_dict()
            for system in self.systems
            for (level, name), difference in system.groups().items()
        ]

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows())
