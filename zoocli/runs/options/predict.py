"""The options of a prediction, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from zoocli.errors import UsageError
from zoocli.foundation.option_checks import check_choice, check_range, hold_names
from zoocli.foundation.resampling import MOST_SEED
from zoocli.runs.options.keywords import Activation

if TYPE_CHECKING:
    from zoocli.schema import Schema

BATCH_ROWS = 8192
MOST_PASSES = 10_000


@dataclass(frozen=True)
class PredictOptions:
    """How to predict; the defaults are those of `zoocli predict`.

    - `schema`: the decision tree whose answers are the outputs, as a built-in name, a YAML file or
      a Schema. `classes`: the names of the outputs, instead. `activation`: what follows the linear
      layer: none, sigmoid, softmax or dirichlet. By default, all as the head's file says.
    - `feature`: the feature columns or patterns such as "x_*", or one column of lists; by default
      feat_0, feat_1 and so on, or the only column of lists.
    - `id`: the id column, by default the first usual name. `keep`: columns to carry into the
      output.
    - `samples`: the number of passes with dropout, from 1 to 10,000; None for one without.
      `dropout`: their rate, above 0 and below 1; by default as the head's file says. `seed`: of
      the passes.
    - `device`: where torch computes: auto, cpu, cuda or cuda:N.
    - `batch_size`: rows at a time, taken up to the next 1,024. `threads`, `memory_limit` (bytes, or
      a text such as "4GB"): by default those of SLURM, the container or the machine.
    """

    schema: str | Path | Schema | None = None
    classes: Sequence[str] = ()
    activation: Activation | None = None
    feature: Sequence[str] = ()
    id: str | None = None
    keep: Sequence[str] = ()
    samples: int | None = None
    dropout: float | None = None
    seed: int = 0
    device: str = "auto"
    batch_size: int = BATCH_ROWS
    threads: int | None = None
    memory_limit: str | int | None = None

    def __post_init__(self) -> None:
        hold_names(self, "classes", "feature", "keep")
        if self.schema is not None and self.classes:
            raise UsageError("--schema and --classes both name the outputs. Give one of them.")
        if self.activation is not None:
            check_choice("activation", self.activation, get_args(Activation))
        if self.samples is not None:
            check_range("samples", self.samples, least=1, most=MOST_PASSES)
        if self.dropout is not None:
            check_range("dropout", self.dropout, above=0, below=1)
        if self.dropout is not None and self.samples is None:
            raise UsageError("--dropout needs --samples. Add that, or leave --dropout out.")
        check_range("seed", self.seed, least=0, most=MOST_SEED)
        check_range("batch_size", self.batch_size, least=1)
