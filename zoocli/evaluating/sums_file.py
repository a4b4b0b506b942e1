"""`sums.parquet`: an evaluation's additive arrays, with how they were made in its metadata.

One row an array: `name`, `shape`, and its values in C order, as `floats` or as `integers`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoocli.errors import DataError, SchemaError, UsageError
from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.buckets import PREFIX
from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.tree.worst import ScoredGalaxy
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.foundation.columns import from_numpy
from zoocli.foundation.strict_json import MALFORMED, parse_json, text_of
from zoocli.losses import FRACTIONS, find_loss
from zoocli.runs.provenance import Provenance
from zoocli.schema import Schema
from zoocli.tables.table import METADATA_KEY

FILE = "sums.parquet"
COLUMNS = pa.schema(
    [
        ("name", pa.string()),
        ("shape", pa.list_(pa.int64())),
        ("floats", pa.large_list(pa.float64())),
        ("integers", pa.large_list(pa.int64())),
    ]
)

# The bytes of equal weight side by side: those of signs and exponents hardly vary.
ENCODINGS = {
    "name": "PLAIN",
    "shape.list.element": "PLAIN",
    "floats.list.element": "BYTE_STREAM_SPLIT",
    "integers.list.element": "BYTE_STREAM_SPLIT",
}


def write_sums(path: Path, evaluation: Evaluation) -> None:
    """Writes the file, plainly: the caller sees to it that it appears whole or not at all."""
    import pyarrow.parquet as pq

    content = (
        evaluation.about()
        | evaluation.provenance.to_dict(evaluation.galaxies)
        | {"arrays": len(evaluation.sums)}
    )
    if isinstance(evaluation, TreeEvaluation):
        content["schema_content"] = evaluation.schema.to_dict()
    table = _to_table(evaluation.sums)
    table = table.replace_schema_metadata({METADATA_KEY: json.dumps(content)})
    pq.write_table(table, path, compression="zstd", use_dictionary=False, column_encoding=ENCODINGS)


def read_sums(folder: Path) -> Evaluation:
    """The evaluation whose sums a directory holds; raises DataError for anything else."""
    import pyarrow.parquet as pq

    path = folder / FILE
    if not path.is_file():
        raise DataError(
            f"'{folder}' has no {FILE}. Give directories that `zoocli evaluate -o DIR` wrote."
        )
    try:
        table = pq.read_table(path)
        content = parse_json((table.schema.metadata or {})[METADATA_KEY].decode())
        if content["arrays"] != len(table):  # some, such as pages of residuals, may well be absent
            raise ValueError(f"{len(table)} of {content['arrays']} arrays")
        evaluation = _evaluation(folder, content, _from_table(table))
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            _require_numbers(evaluation)
            _require_groups(evaluation)
            json.dumps(evaluation.to_dict(), allow_nan=False)  # needs what figures are made of
        return evaluation
    except (pa.ArrowException, *MALFORMED, SchemaError, UsageError) as error:
        raise DataError(
            f"'{path}' is not the sums of an evaluation, or is damaged ({error!r}). Evaluate that "
            "part again."
        ) from error


def _evaluation(folder: Path, content: Any, sums: AdditiveArrays) -> Evaluation:
    common: dict[str, Any] = {
        "provenance": Provenance.from_dict(content),
        "sums": sums,
        "file": str(folder),
    }
    loss = content["loss"]
    kind = "tree" if loss == FRACTIONS else find_loss(loss).scores
    if kind == "classes":
        return ClassEvaluation(**common)
    if kind == "values":
        return ValueEvaluation(**common)
    schema = Schema.from_dict(content["schema_content"], content["schema"])
    return TreeEvaluation(
        **common,
        schema=schema,
        worst=[_scored(galaxy, schema) for galaxy in content["worst"]],
    )


def _require_numbers(evaluation: Evaluation) -> None:
    """Raises an error of Python's where an array is missing, or no evaluation has such sums."""
    for metric in evaluation.metrics:
        known = [one for one in (metric.value, metric.low, metric.high) if one is not None]
        if (metric.N or 0) < 0 or not all(map(math.isfinite, known)):
            raise ValueError(f"the {metric.metric} of {metric.question} is beyond all bounds")


def _require_groups(evaluation: Evaluation) -> None:
    """Raises ValueError for a group whose sums are not like those of all galaxies."""
    whole = {name: sums.shape for name, sums in evaluation.sums.items()}
    needed = {name for name in whole if name.startswith(PREFIX)}
    for group in evaluation.groups:
        shapes = {name: sums.shape for name, sums in group.evaluation.sums.items()}
        if needed - {*shapes} or any(whole.get(name) != shape for name, shape in shapes.items()):
            raise ValueError(f"the group {group.bin.label!r} has other sums")
        _require_numbers(group.evaluation)


def _scored(content: Any, schema: Schema) -> ScoredGalaxy:
    galaxy = ScoredGalaxy.from_dict(content)
    sizes = len(galaxy.losses), len(galaxy.votes), len(galaxy.predicted)
    if sizes != (len(schema.questions), *[len(schema.label_cols)] * 2):
        raise ValueError(f"galaxy {galaxy.id!r} is not of the schema")
    return galaxy


def _to_table(sums: AdditiveArrays) -> pa.Table:
    whole = [np.issubdtype(values.dtype, np.integer) for values in sums.values()]
    floats = [None if is_whole else v for v, is_whole in zip(sums.values(), whole, strict=True)]
    integers = [v if is_whole else None for v, is_whole in zip(sums.values(), whole, strict=True)]
    shapes = [list(values.shape) for values in sums.values()]
    arrays = [
        pa.array(list(sums), pa.string()),
        pa.array(shapes, pa.list_(pa.int64())),
        _lists(floats, np.dtype(np.float64)),
        _lists(integers, np.dtype(np.int64)),
    ]
    return pa.Table.from_arrays(arrays, schema=COLUMNS)


def _lists(arrays: list[npt.NDArray[Any] | None], kind: np.dtype[Any]) -> pa.Array:
    """A list a row; null for None."""
    flat = [np.zeros(0, kind) if array is None else array.ravel() for array in arrays]
    offsets = np.concatenate([[0], np.cumsum([len(values) for values in flat])]).astype(np.int64)
    return pa.LargeListArray.from_arrays(
        from_numpy(offsets),
        from_numpy(np.concatenate(flat).astype(kind)),
        mask=pa.array([array is None for array in arrays]),
    )


def _from_table(table: pa.Table) -> AdditiveArrays:
    sums: AdditiveArrays = {}
    for name, shape, floats, integers in zip(*map(table.column, COLUMNS.names), strict=True):
        array = text_of(name.as_py())
        if floats.is_valid == integers.is_valid:
            raise ValueError(f"the array {array!r} has no values, or two kinds of them")
        cell = floats if floats.is_valid else integers
        if cell.values.null_count:
            raise ValueError(f"the array {array!r} has no value in places")
        values = cell.values.to_numpy().reshape(shape.as_py()).copy()
        if not np.isfinite(values).all() or (integers.is_valid and values.min(initial=0) < 0):
            raise ValueError(f"the array {array!r} holds what is no sum")
        sums[array] = values
    return sums
