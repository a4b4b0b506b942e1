"""Features through a trained linear head: a table of predictions."""

from __future__ import annotations

from zoocli.foundation.resources import Resources
from zoocli.products.conversion import Converted, Progress, convert_into
from zoocli.products.prediction.predictor import Predictor
from zoocli.runs.options.keywords import FilePath, TablesLike
from zoocli.runs.options.predict import PredictOptions
from zoocli.tables.sinks import Sink
from zoocli.tables.slices import Shard

__all__ = ["PredictOptions", "predict_into"]


def predict_into(
    sink: Sink,
    features: TablesLike,
    head: FilePath,
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
