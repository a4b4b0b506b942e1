"""Column names for tools that read a hyphen as a minus sign, such as STILTS and TOPCAT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from zoocli.errors import UsageError, some
from zoocli.tables.writing.sinks import Sink


def underscored(name: str) -> str:
    """The name with an underscore for each hyphen.

    >>> underscored("smooth-or-featured-dr5_total-votes")
    'smooth_or_featured_dr5_total_votes'
    """
    return name.replace("-", "_")


class UnderscoringSink(Sink):
    """Passes everything on to another sink, with underscores for hyphens in column names.

    The metadata keep the original names of the questions.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def open(self, schema: pa.Schema) -> None:
        """Raises UsageError where two columns would have the same name."""
        self._names = [underscored(name) for name in schema.names]
        _refuse_collisions(schema.names, self._names)
        fields = [field.with_name(name) for field, name in zip(schema, self._names, strict=True)]
        self._sink.open(pa.schema(fields, metadata=schema.metadata))

    def write(self, batch: pa.RecordBatch) -> None:
        """Passes on the batch."""
        self._sink.write(batch.rename_columns(self._names))

    def commit(self, metadata: Mapping[str, Any]) -> None:
        """Publishes the table."""
        self._sink.commit(metadata)

    def discard(self) -> None:
        """Removes every trace."""
        self._sink.discard()


def _refuse_collisions(before: Sequence[str], after: Sequence[str]) -> None:
    repeated = {name for name in after if after.count(name) > 1}
    if repeated:
        colliding = [old for old, new in zip(before, after, strict=True) if new in repeated]
        raise UsageError(
            f"With «fix_colnames» the columns {some(colliding)} would have the same names. Rename "
            "one in the input, leave it out of «keep», or leave out «fix_colnames»."
        )
