"""The keyword options of the public functions, for type checkers.

Generated from the options by `python -m zoocli.runs.options.generate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from zoocli.runs.options.choices import (
    Activation,
    Backend,
    Intervals,
    MissingVotes,
    OnDuplicate,
    OnFractional,
    OnInvalid,
    Residual,
    Scale,
)
from zoocli.tables.sources import TableLike, TablesLike


class ScoreKeywords(TypedDict, total=False):
    """Those of `ScoreOptions`, besides the schema."""

    loss: str
    id: str | None
    predictions_id: str | None
    votes_id: str | None
    id_from: str | None
    predictions_column: str | None
    votes_column: str | None
    questions: str | Sequence[str]
    ensemble: TablesLike
    null_value: float | str | Sequence[float | str]
    only: TableLike | Sequence[str] | None
    with_: TablesLike
    where: str | None
    keep: str | Sequence[str]
    label: str | Sequence[str]
    prediction: str | Sequence[str]
    class_weights: Sequence[float] | None
    label_smoothing: float
    scale: Scale | None
    on_invalid: OnInvalid
    on_fractional: OnFractional
    on_duplicate: OnDuplicate
    missing_votes: MissingVotes
    require_all: bool
    device: str
    backend: Backend
    batch_size: int
    threads: int | None
    memory_limit: str | int | None


class EvaluateKeywords(ScoreKeywords, total=False):
    """Those of `EvaluateOptions`, besides the schema."""

    profile: str | None
    min_votes: int | None
    min_root_votes: int | None
    min_share_asked: float | None
    min_path_fraction: float | None
    confident: float | None
    fractions: bool
    residual: Residual
    outlier: float | None
    sigma: str | Sequence[str]
    by: str | Sequence[str]
    seed: int
    link: str | None


class CatalogKeywords(TypedDict, total=False):
    """Those of `CatalogOptions`, besides the schema."""

    id: str | None
    predictions_column: str | None
    keep: str | Sequence[str]
    where: str | None
    advanced: bool
    level: float
    asked_threshold: float
    intervals: Intervals
    on_invalid: OnInvalid
    batch_size: int
    threads: int | None
    memory_limit: str | int | None


class PredictKeywords(TypedDict, total=False):
    """Those of `PredictOptions`, besides the schema."""

    classes: str | Sequence[str]
    activation: Activation | None
    feature: str | Sequence[str]
    id: str | None
    keep: str | Sequence[str]
    samples: int | None
    dropout: float | None
    seed: int
    device: str
    batch_size: int
    threads: int | None
    memory_limit: str | int | None


class FitKeywords(TypedDict, total=False):
    """Those of `FitOptions`, besides the schema."""

    loss: str
    label: str | Sequence[str]
    classes: str | Sequence[str]
    feature: str | Sequence[str]
    id: str | None
    features_id: str | None
    votes_id: str | None
    votes_column: str | None
    on_fractional: OnFractional
    missing_votes: MissingVotes
    epochs: int
    learning_rate: float
    weight_decay: float
    batch_size: int
    dropout: float
    hold_out: float
    patience: int
    seed: int
    device: str
    threads: int | None
    memory_limit: str | int | None
