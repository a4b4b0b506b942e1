"""Features stream past a trained head, and become predictions."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from zoocli.errors import DataError, some
from zoocli.foundation.columns import from_numpy
from zoocli.foundation.hashing import hash_ids
from zoocli.foundation.resources import PROGRAM_BYTES, TORCH_BYTES, Resources, use_one_torch_thread
from zoocli.heads.dropout import scaled_mask
from zoocli.heads.features import FeatureColumns
from zoocli.heads.files import read_head
from zoocli.matching.findings import Findings
from zoocli.products.conversion import Batch, Conversion
from zoocli.products.prediction.settings import choose_settings
from zoocli.runs.options.predict import PredictOptions
from zoocli.scoring.scorers.backends import torch_device
from zoocli.tables import open_tables
from zoocli.tables.numbers import Types
from zoocli.tables.sources import FilePath, TablesLike


class Predictor(Conversion):
    """Applies a head to a table of features.

    Rows are multiplied in whole blocks: how a product is rounded depends on the shape of its
    factors, and these are the same whatever the batches and the parts.
    """

    block: ClassVar[int] = 1024
    output: ClassVar[str] = "The predictions"

    def __init__(
        self, features: TablesLike, head: FilePath, options: PredictOptions, resources: Resources
    ) -> None:
        trained = read_head(head)
        self._how = choose_settings(trained, options)
        table = open_tables(features, resources, "the features")
        super().__init__(table, options.id, options.keep, resources)
        self._options = options
        self._features = FeatureColumns(table, options.feature, (self.ids.column, *options.keep))
        self._head = trained
        self._count = trained.weight.shape[1]
        self._require_count()
        use_one_torch_thread()
        self._device = torch_device(options.device)
        self._means = trained.feature_means.to(self._device)
        self._module = trained.module(self._how.activation).to(self._device)

    def _require_count(self) -> None:
        found = self._features.count
        if found not in (None, self._count):
            raise DataError(
                f"The head '{self._head.name}' takes {self._count:,} features, but "
                f"{self.table.name} has {found:,}, in {some(self._features.names, limit=3)}. "
                "Choose the columns with «feature», or the head that belongs to them."
            )

    def input_columns(self) -> Types:
        """The features."""
        return self._features.types

    def output_fields(self) -> list[pa.Field]:
        """A column an output, of numbers or of lists of passes."""
        passes = self._options.samples
        kind = pa.float64() if passes is None else pa.list_(pa.float64(), passes)
        return [pa.field(name, kind) for name in self._how.outputs]

    def about(self) -> dict[str, Any]:
        """The settings, all that the numbers follow from."""
        return {"settings": self._how.to_dict(self._head, self._options)}

    def batch_rows(self) -> int:
        """Whole blocks."""
        passes = self._options.samples or 1
        row_bytes = 64 + 24 * self._count + 16 * passes * len(self._how.outputs)
        taken = {"the program": PROGRAM_BYTES + TORCH_BYTES}
        fitting = self.resources.rows_at_once(row_bytes, self.block, taken)
        blocks = min(-(-self._options.batch_size // self.block), fitting // self.block)
        return blocks * self.block

    def values(self, batch: Batch, findings: Findings) -> tuple[list[pa.Array], int]:
        """The predictions of the rows inside; none is ever null."""
        features = self._features.array(batch.rows, self._count, findings, batch.ids)
        outputs = self._outputs(features, batch.text)[:, batch.inside]
        own = batch.own()
        if findings and own.rows.num_rows < batch.rows.num_rows:  # others' are not its own
            findings.clear()
            self._features.array(own.rows, self._count, findings, own.ids)
        return [self._array(column) for column in outputs], 0

    def _outputs(self, features: npt.NDArray[Any], text: pa.StringArray) -> npt.NDArray[np.float64]:
        """(outputs, galaxies, passes), one block of galaxies after the other."""
        passes = self._options.samples
        outputs = np.empty((len(self._how.outputs), len(features), passes or 1))
        hashes = None if passes is None else hash_ids(text)
        for start in range(0, len(features), self.block):
            block = slice(start, start + self.block)
            x = torch.from_numpy(features[block]).to(self._device, torch.float64, copy=True)
            x = x.contiguous()  # ten times as fast as a product with columns
            for number in range(passes or 1):
                masked = x
                if hashes is not None:
                    mask = scaled_mask(
                        hashes[block], self._options.seed, number, self._count, self._how.dropout
                    )
                    masked = self._means + (x - self._means) * torch.from_numpy(mask).to(
                        self._device
                    )
                y = self._module(masked).reshape(len(x), -1)
                outputs[:, block, number] = y.T.cpu().numpy()
        return outputs

    def _array(self, column: npt.NDArray[np.float64]) -> pa.Array:
        values = from_numpy(column.reshape(-1))
        passes = self._options.samples
        return values if passes is None else pa.FixedSizeListArray.from_arrays(values, passes)
