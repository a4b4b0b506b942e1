"""The types of what the public functions take: tables, and each function's keyword options.

What the options mean is said where they are checked: `ScoreOptions` and so on, which have the same
names, and types that differ only where a single value is also taken (tests/test_arguments.py).
Nothing here is heavy, and nothing checks anything at run time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypedDict


class DataFrame(Protocol):
    """A pandas DataFrame.

    The tables are protocols since pandas, pyarrow and astropy come without types: to a type checker
    their own classes are Any, which would let any argument through.
    """

    @property
    def iloc(self) -> Any:
        """The rows by position."""

    @property
    def columns(self) -> Any:
        """The names of the columns."""


class ArrowTable(Protocol):
    """A pyarrow Table or RecordBatch."""

    @property
    def num_rows(self) -> int:
        """The number of rows."""

    @property
    def schema(self) -> Any:
        """The names and types of the columns."""


class AstropyTable(Protocol):
    """An astropy Table or QTable."""

    @property
    def colnames(self) -> Any:
        """The names of the columns."""


FilePath: TypeAlias = str | os.PathLike[str]
TableLike: TypeAlias = FilePath | DataFrame | ArrowTable | AstropyTable
TablesLike: TypeAlias = TableLike | Sequence[TableLike]  # one table, or its parts

OnInvalid: TypeAlias = Literal["error", "null"]
OnFractional: TypeAlias = Literal["error", "round"]
OnDuplicate: TypeAlias = Literal["error", "drop"]
MissingVotes: TypeAlias = Literal["error", "zero"]
Scale: TypeAlias = Literal["logits", "probabilities"]
Backend: TypeAlias = Literal["auto", "torch", "numba"]
Intervals: TypeAlias = Literal["mixture", "zoobot"]
Activation: TypeAlias = Literal["none", "sigmoid", "softmax", "dirichlet"]


class RunKeywords(TypedDict, total=False):
    """How a run uses the machine."""

    batch_size: int
    threads: int | None
    memory_limit: str | int | None


class ScoreKeywords(RunKeywords, total=False):
    """The options of `score` and `check`, besides the schema: see `ScoreOptions`."""

    loss: str
    id: str | None
    predictions_id: str | None
    votes_id: str | None
    id_from: str | None
    predictions_column: str | None
    votes_column: str | None
    ensemble: TablesLike
    null_value: float | Sequence[float]
    only: TableLike | None
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


class EvaluateKeywords(ScoreKeywords, total=False):
    """The options of `evaluate`: those of `score`, and `EvaluateOptions`."""

    profile: str | None
    min_votes: int | None
    min_root_votes: int | None
    min_share_asked: float | None
    min_path_fraction: float | None
    confident: float | None
    bootstrap: int
    seed: int
    link: str | None


class CatalogKeywords(RunKeywords, total=False):
    """The options of `catalog`, besides the schema: see `CatalogOptions`."""

    id: str | None
    predictions_column: str | None
    keep: str | Sequence[str]
    advanced: bool
    level: float
    asked_threshold: float
    intervals: Intervals
    on_invalid: OnInvalid


class PredictKeywords(RunKeywords, total=False):
    """The options of `predict`, besides the schema: see `PredictOptions`."""

    classes: str | Sequence[str]
    activation: Activation | None
    feature: str | Sequence[str]
    id: str | None
    keep: str | Sequence[str]
    samples: int | None
    dropout: float | None
    seed: int
    device: str


class FitKeywords(RunKeywords, total=False):
    """The options of `fit`, besides the schema: see `FitOptions`."""

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
    dropout: float
    hold_out: float
    patience: int
    seed: int
    device: str
