"""Zoobot's older predictions: HDF5 with the datasets `predictions`, `id_str` and `label_cols`."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zoocli.errors import DataError, first_line, some
from zoocli.foundation.optional import import_optional
from zoocli.foundation.resources import Resources
from zoocli.tables.formats.arrays import ArraysTable, arrow_type, to_arrow
from zoocli.tables.numbers import Types
from zoocli.tables.table import unreadable

MOST_ANSWERS = 100_000
PREDICTIONS, IDS, LABELS = DATASETS = ("predictions", "id_str", "label_cols")
SLICE_BYTES = 1 << 24
LAYOUT = (
    "zoocli reads HDF5 as Zoobot wrote it: datasets 'predictions' (galaxy, answer), (galaxy, "
    "answer, pass) or (galaxy, answer, model, pass), 'id_str' (galaxy) and 'label_cols' (answer)."
)


class Hdf5Table(ArraysTable):
    """A column `id_str`, and one for each of `label_cols`; of lists, where there are passes.

    The passes of several models are all passes of one mixture.
    """

    format = "HDF5"

    def __init__(self, path: Path, resources: Resources, name: str | None = None) -> None:
        del resources  # read in one thread, slice by slice
        self.name = name or str(path)
        self._path = path
        self._h5py = import_optional("h5py", f"Reading {self.name}")
        with self._open() as file:
            for one in DATASETS:
                self._refuse_elsewhere(file, one)
            missing = [one for one in DATASETS if not isinstance(file.get(one), self._h5py.Dataset)]
            if missing:
                raise DataError(f"{self.name} has no dataset {some(missing)}. {LAYOUT}")
            self._read_layout(*(file[one] for one in DATASETS))

    def _refuse_elsewhere(self, file: Any, name: str) -> None:
        """Raises DataError, before anything is read, where the values lie in another file.

        A virtual dataset gives fill values where its source is missing, and they would be scored.
        """
        link = file.get(name, getlink=True)
        elsewhere = isinstance(link, self._h5py.ExternalLink)
        if not elsewhere and isinstance(found := file.get(name), self._h5py.Dataset):
            elsewhere = (
                bool(found.external) or found.is_virtual or found.file.filename != file.filename
            )
        if elsewhere:
            raise DataError(
                f"{self.name}: the values of '{name}' lie in another file, which is not read. "
                "Write them into one file."
            )

    def _read_layout(self, predictions: Any, ids: Any, labels: Any) -> None:
        # A small file may claim to hold billions of labels.
        if (
            predictions.ndim not in (2, 3, 4)
            or ids.ndim != 1
            or labels.ndim > 1
            or predictions.shape[:2] != (len(ids), labels.size)
            or labels.size > MOST_ANSWERS
            or predictions.dtype.kind not in "fiu"
        ):
            raise self._misshapen(predictions, ids, labels)
        answers = to_arrow(np.atleast_1d(labels[()])).to_pylist()
        if not all(isinstance(answer, str) for answer in answers):
            raise self._misshapen(predictions, ids, labels)
        self.rows, _, *passes = predictions.shape
        count = math.prod(passes)
        self._several = count > 1
        cell = arrow_type(predictions.dtype, (count,) if self._several else ())
        kind = arrow_type(ids.dtype)
        if cell is None or kind is None:
            raise self._misshapen(predictions, ids, labels)
        self._answers = {answer: number for number, answer in enumerate(answers)}
        self.schema = pa.schema([(IDS, kind), *((answer, cell) for answer in answers)])
        self.refused = {}

    def _misshapen(self, *datasets: Any) -> DataError:
        shapes = ", ".join(
            f"'{name}' {dataset.shape} of {dataset.dtype}"
            for name, dataset in zip(DATASETS, datasets, strict=True)
        )
        return DataError(f"{self.name} has {shapes}, which do not fit together. {LAYOUT}")

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            with self._h5py.File(self._path, "r") as file:
                yield file
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise unreadable(self.name, self.format, first_line(error)) from error

    def _batches(
        self, columns: list[str], types: Types, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        assert self.rows is not None
        schema = pa.schema([self.schema.field(name) for name in columns])
        with self._open() as file:
            predictions, ids = file[PREDICTIONS], file[IDS]
            row_bytes = predictions.dtype.itemsize * int(np.prod(predictions.shape[1:]))
            step = max(1, min(batch_rows, SLICE_BYTES // max(1, row_bytes)))
            for start in range(0, self.rows, step):
                rows = slice(start, min(start + step, self.rows))
                values = predictions[rows] if columns != [IDS] else None
                arrays = [
                    to_arrow(ids[rows] if name == IDS else self._column(values, name))
                    for name in columns
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _column(self, values: Any, name: str) -> Any:
        column = values[:, self._answers[name]]
        return column.reshape(len(column), -1) if self._several else column.reshape(len(column))
