"""How to predict: what the head's file says and what the user says, brought together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoocli.errors import DataError, UsageError, some
from zoocli.heads.activations import ACTIVATIONS
from zoocli.heads.files import TrainedHead
from zoocli.runs.options.predict import PredictOptions
from zoocli.schema import Schema, load_schema


@dataclass(frozen=True)
class Settings:
    """How to predict, after the head's file and the options were brought together."""

    activation: str
    outputs: tuple[str, ...]
    dropout: float
    schema: Schema | None

    def to_dict(self, head: TrainedHead, options: PredictOptions) -> dict[str, Any]:
        """All that changes the numbers; the weights by their hash."""
        sampled = options.samples is not None
        return {
            "head": head.name,
            "head_hash": head.content_hash,
            "activation": self.activation,
            "schema": head.metadata.schema if self.schema is None else self.schema.name,
            "samples": options.samples,
            "dropout": self.dropout if sampled else None,
            "seed": options.seed if sampled else None,
        }


def choose_settings(head: TrainedHead, options: PredictOptions) -> Settings:
    """The options, else what the head's file says; UsageError where they disagree, or both lack."""
    written = head.metadata
    schema = None if options.schema is None else load_schema(options.schema)
    if schema is not None and written.schema_hash not in (None, schema.content_hash):
        raise UsageError(
            f"The head '{head.name}' was trained for the schema '{written.schema}' "
            f"({written.schema_hash}), not for '{schema.name}' ({schema.content_hash}). Leave "
            "«schema» out, or choose another head."
        )
    activation = _agreed(head, "«activation»", options.activation, written.activation)
    if activation is None:
        raise UsageError(
            f"The head '{head.name}' does not say what follows its linear layer. Say «activation» "
            f"{', '.join(ACTIVATIONS)}."
        )
    dropout = _agreed(head, "«dropout»", options.dropout, written.dropout)
    if options.samples is not None and not dropout:
        raise UsageError(
            f"The head '{head.name}' does not say at which rate to drop features, or was trained "
            "without dropout. Say «dropout», or leave «samples» out."
        )
    return Settings(activation, _outputs(head, schema, options), dropout or 0.0, schema)


def _agreed(head: TrainedHead, option: str, given: Any, written: Any) -> Any:
    if given is not None and written is not None and given != written:
        raise UsageError(
            f"The head '{head.name}' was trained with {option} {written}, and {given} contradicts "
            "that. Leave the option out."
        )
    return written if given is None else given


def _outputs(head: TrainedHead, schema: Schema | None, options: PredictOptions) -> tuple[str, ...]:
    given = tuple(schema.label_cols if schema else options.classes)
    names: tuple[str, ...] = given or head.metadata.outputs or ()
    count = len(head.weight)
    if not names:
        raise UsageError(
            f"The head '{head.name}' does not say what its {count} outputs are. Name them with "
            "«schema» or «classes»."
        )
    if len(names) != count:
        raise DataError(
            f"The head '{head.name}' has {count} outputs, but {len(names)} are named: "
            f"{some(names)}. Give the «schema» or the «classes» that it was trained for."
        )
    trained = head.metadata.outputs or names
    if names != trained:
        raise UsageError(
            f"The head '{head.name}' was trained for the outputs {some(trained)}, and "
            f"{some(names)} contradict that. Leave «schema» and «classes» out."
        )
    return names
