"""Decision trees: load, validate, detect, hash."""

from __future__ import annotations

from zoocli.schema.detection import detect_schema, nearest_schema
from zoocli.schema.levels import Levels
from zoocli.schema.loading import built_in_names, load_schema, read_schema
from zoocli.schema.tree import Answer, Question, Schema

__all__ = [
    "Answer",
    "Levels",
    "Question",
    "Schema",
    "built_in_names",
    "detect_schema",
    "load_schema",
    "nearest_schema",
    "read_schema",
]
