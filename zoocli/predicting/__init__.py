"""Features through a trained linear head: a table of predictions."""

from __future__ import annotations

import warnings
from typing import Any

import pyarrow as pa

from zoocli.conversion import Converted, Progress, convert_into
from zoocli.errors import UsageError, ZoocliWarning
from zoocli.predicting.options import PredictOptions
from zoocli.predicting.predictor import Predictor
from zoocli.resources import Resources
from zoocli.tables.sinks import MemorySink, Sink
from zoocli.tables.slices import Shard

__all__ = ["PredictOptions", "predict", "predict_into"]


def predict(features: Any, head: Any, schema: Any = None, **options: Any) -> pa.Table:
    """What a trained linear head predicts: activation(W x + b), as `zoocli predict` writes it.

    `features` (or a list of its parts) is a path, a pandas DataFrame or an Arrow table, with an id
    and columns `feat_0`, `feat_1` and so on, or one column of lists. `head` is a file as
    `zoocli.fit` writes, a state dict or a Lightning checkpoint (weights only: nothing in it is
    run). `schema` names the outputs, as `classes` does for others. `options` are those of the
    command line with underscores; what the head's file says is the default, and contradicting it
    a UsageError.

    The table has the id, kept columns, and one float64 column an output, a row a galaxy in the
    order of the features. `activation` is "none", "sigmoid", "softmax" or "dirichlet" (100 x
    sigmoid + 1: concentrations). With `samples` N each cell is a list of N passes with dropout on
    (Gal and Ghahramani 2016, arXiv:1506.02142), which follow from `seed` and the id alone.

    Raises DataError for features that are missing, NaN, infinite or not as many as the head takes,
    and for a head that cannot be read; UsageError and MachineError as the command exits with 2, 4.

    >>> import tempfile, pathlib, torch
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = pathlib.Path(folder.name) / "head.pt"
    >>> torch.save({"linear.weight": torch.ones(2, 1), "linear.bias": torch.zeros(2)}, file)
    >>> table = pa.table({"id": ["a"], "feat_0": [0.0]})
    >>> predict(table, file, schema="gz-rings", activation="dirichlet").to_pylist()
    [{'id': 'a', 'ring_yes': 51.0, 'ring_no': 51.0}]
    >>> folder.cleanup()
    """
    unknown = sorted(set(options) - set(PredictOptions.__dataclass_fields__))
    if unknown:
        known = ", ".join(PredictOptions.__dataclass_fields__)
        raise UsageError(f"predict() has no option '{unknown[0]}'. Its options are {known}.")
    sink = MemorySink()
    done = predict_into(sink, features, head, PredictOptions(schema=schema, **options))
    sink.commit(done.metadata())
    for note in done.notes:
        warnings.warn(note, ZoocliWarning, stacklevel=2)
    return sink.table


def predict_into(
    sink: Sink,
    features: Any,
    head: Any,
    options: PredictOptions,
    progress: Progress = lambda rows, of: None,
    shard: Shard | None = None,
) -> Converted:
    """Writes the predictions to the sink, uncommitted; the caller commits it with `metadata()`.

    With `shard`, only that part of the features is predicted from.
    """
    resources = Resources.available(options.threads, options.memory_limit)
    with resources.applied():
        predictor = Predictor(features, head, options, resources)
        return convert_into(sink, predictor, progress, shard)
