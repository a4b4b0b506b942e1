"""What ranking models found: each model's numbers, and its differences from the best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zoocli.errors import some
from zoocli.evaluating.comparing.comparison import CONFIDENCE, LEVEL, shown_p
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.family import Place
from zoocli.evaluating.metric import Metric
from zoocli.foundation.notebook import Displayed
from zoocli.foundation.version import SCHEMA_VERSION, __version__
from zoocli.schema.levels import OVERALL

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DifferenceFromBest:
    """A model's mean loss minus that of the best model, over the same galaxies.

    `low` and `high` bound its 95 % interval; `p` is that of the paired randomisation test, and
    `p_holm` the same adjusted for all models (of questions: for all models and questions). None
    where there are too few galaxies.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None

    @property
    def is_one(self) -> bool:
        """Whether there is a difference, at 0.05."""
        return self.p_holm is not None and self.p_holm < LEVEL


@dataclass(frozen=True)
class RankedModel:
    """One of the models; `rank` is 1 for the one with the lowest overall mean loss.

    Models whose `group` has a letter in common are not distinguishable. `difference` and, by
    question or target, `differences` are from the best model; None and empty for that one itself.
    `left_out`: its galaxies with votes that another model lacks.
    """

    name: str
    rank: int
    group: str
    evaluation: Evaluation
    difference: DifferenceFromBest | None
    differences: dict[str, DifferenceFromBest]
    left_out: int

    def metric(self, name: str, question: str = OVERALL) -> Metric | None:
        """One of its numbers, overall or of a question; None where there is none."""
        return self.evaluation.by_name.get((question, None, name))

    def to_dict(self) -> dict[str, Any]:
        """As in the JSON."""
        headlines = self.evaluation.shown(Place.HEADLINE)
        names = [one.metric for one in headlines]
        return {
            "name": self.name,
            "rank": self.rank,
            "group": self.group,
            "signature": self.evaluation.signature,
            **{name.removeprefix("deviance_"): _cell(self.metric(name)) for name in names},
            "difference": None if self.difference is None else asdict(self.difference),
            "questions": {
                question: {
                    **{
                        name.removeprefix("deviance_"): _cell(self.metric(name, question))
                        for name in names
                    },
                    "difference": asdict(self.differences[question])
                    if question in self.differences
                    else None,
                }
                for question in self.questions
            },
        }

    @property
    def questions(self) -> list[str]:
        """The questions of a tree, or the targets where there are several."""
        losses = [one for one in self.evaluation.metrics if one.metric == "loss"]
        campaigns = self.evaluation.campaigns
        return [one.question for one in losses if one.question not in (OVERALL, *campaigns)]


@dataclass(frozen=True, repr=False)
class Ranking(Displayed):
    """All models, the best first, over the galaxies that every model and VOTES have.

    `galaxies` are those; `seed` is that of the buckets. `notes` are what the user should be warned
    of.
    """

    models: tuple[RankedModel, ...]
    galaxies: int
    seed: int
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def headline(self) -> str:
        """The models, the best first, and the galaxies."""
        return f"{some([one.name for one in self.models])}, {self.galaxies:,} galaxies"

    @property
    def best(self) -> RankedModel:
        """The model with the lowest overall mean loss."""
        return self.models[0]

    @property
    def signature(self) -> str:
        """How the numbers were made, in one line."""
        made = self.best.evaluation.provenance
        parts = [f"rank:{len(self.models)} models", f"loss:{made.loss}"]
        if made.setting("where") is not None:
            parts.append(f"where:{made.setting('where')}")
        if made.schema is not None:
            parts.append(f"schema:{made.schema}@{made.setting('schema_hash')}")
        parts.append(f"votes:{made.setting('votes_fingerprint')}")
        parts += [f"N:{self.galaxies}", f"intervals:{made.setting('intervals')}@seed={self.seed}"]
        return "|".join([*parts, f"zoocli:{__version__}"])

    @cached_property
    def verdicts(self) -> tuple[str, ...]:
        """Who is best, in words, and on which questions another model is better."""
        return tuple(self._verdicts())

    def _verdicts(self) -> Iterator[str]:
        best, others = self.best, self.models[1:]
        alike = [one.name for one in others if set(one.group) & set(best.group)]
        if alike:
            yield (
                f"{best.name} has the lowest loss, but is not distinguishable from {some(alike)} "
                f"at {LEVEL}."
            )
        else:
            second = others[0].difference
            p = "" if second is None or second.p_holm is None else f" (p {shown_p(second.p_holm)})"
            yield f"{best.name} is better than all others{p}."
        for one in others:
            won = [
                question
                for question, found in one.differences.items()
                if found.is_one and (found.value or 0.0) < 0.0
            ]
            if won:
                yield f"{one.name} is better than {best.name} on {some(won)}."

    def to_dict(self) -> dict[str, Any]:
        """The JSON, key for key."""
        made = self.best.evaluation.provenance
        return {
            "schema_version": SCHEMA_VERSION,
            "signature": self.signature,
            "version": __version__,
            "loss": made.loss,
            "schema": made.schema,
            "settings": (made.settings or {}) | {"confidence": CONFIDENCE},
            "galaxies": self.galaxies,
            "models": [model.to_dict() for model in self.models],
            "verdicts": list(self.verdicts),
            "left_out": {model.name: model.left_out for model in self.models},
        }

    def rows(self) -> list[dict[str, Any]]:
        """Flat rows, one for each metric of each model that has a place in the table."""
        return [
            {"name": model.name, "rank": model.rank, "group": model.group, "question": question}
            | {"metric": metric, **cell}
            for model in self.models
            for question, cells in _levels(model)
            for metric, cell in cells.items()
            if cell is not None
        ]

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows())


def _levels(model: RankedModel) -> Iterator[tuple[str, dict[str, Any]]]:
    content = model.to_dict()
    questions = content.pop("questions")
    for name in ("name", "rank", "group", "signature"):
        del content[name]
    yield OVERALL, content
    yield from questions.items()


def _cell(metric: Metric | None) -> dict[str, Any] | None:
    if metric is None:
        return None
    return {"value": metric.value, "low": metric.low, "high": metric.high, "N": metric.N}
