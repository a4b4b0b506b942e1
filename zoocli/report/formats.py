"""The formats of results as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, get_args

from zoocli.errors import UsageError

Format = Literal["table", "json", "csv", "markdown", "latex"]
FORMATS: tuple[str, ...] = get_args(Format)
EvaluationFormat = Literal["table", "json", "csv", "markdown", "latex", "sentence"]
GalaxyFormat = Literal["table", "json", "markdown", "latex"]
EVALUATION_FORMATS: tuple[str, ...] = get_args(EvaluationFormat)


def check_format(format: str, formats: Sequence[str] = FORMATS) -> None:
    """Raises UsageError unless it is one of the formats."""
    if format not in formats:
        raise UsageError(f"There is no format {format!r}. Choose one of {', '.join(formats)}.")


def render_json(content: Any) -> str:
    """Strict JSON: no NaN, floats that read back exactly, control characters escaped."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
